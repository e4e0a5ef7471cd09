package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.model.IndexSummary;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MemoryStatus;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;

/** Adds Memlane's version, the embedding model and the number of documents to the application's info. */
final class MemlaneInfoContributor implements InfoContributor {

  private static final int SECONDS = 5;

  private final MemoryOrchestrator memory;

  MemlaneInfoContributor(MemoryOrchestrator memory) {
    this.memory = memory;
  }

  @Override
  public void contribute(Info.Builder builder) {
    Map<String, Object> details = new LinkedHashMap<>();
    String version = MemoryOrchestrator.class.getPackage().getImplementationVersion();
    if (version != null) {
      details.put("version", version);
    }
    IndexSummary index = index();
    if (index != null) {
      details.put("model", index.model());
      details.put("dimension", index.dimension());
      details.put("vectors", index.vectors().toString());
      details.put("documents", index.documents());
    }
    builder.withDetail("memlane", details);
  }

  private @Nullable IndexSummary index() {
    try {
      MemoryStatus status = memory.status().orTimeout(SECONDS, TimeUnit.SECONDS).join();
      return status.index();
    } catch (CompletionException e) {
      // The health says what is wrong; the info goes without.
      return null;
    }
  }
}
