package dev.memlane.langchain4j;

import dev.memlane.model.MemlaneException;
import dev.memlane.model.WriteOutcome;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A call of {@link MemlaneEmbeddingStore} did not succeed for some of its embeddings. The others are written. The
 * message names the ids and says what happened to each, and the outcomes say it to programs: one that is
 * {@link WriteOutcome.Unsettled} can be asked for later, by {@code MemoryOrchestrator.hasLanded}.
 */
public final class EmbeddingWriteException extends MemlaneException {

  private static final int MOST_NAMED = 10;

  private final transient Map<String, WriteOutcome> failures;

  EmbeddingWriteException(String done, int all, Map<String, WriteOutcome> failures) {
    this(message(done, all, failures), failures, null);
  }

  private EmbeddingWriteException(String message, Map<String, WriteOutcome> failures,
      @Nullable Throwable cause) {
    super(message, cause);
    this.failures = failures;
  }

  private static String message(String done, int all, Map<String, WriteOutcome> failures) {
    List<String> named = failures.entrySet().stream().limit(MOST_NAMED)
        .map(failure -> "\"" + failure.getKey() + "\": " + failure.getValue().describe()).toList();
    return failures.size() + " of " + all + " embeddings are not known to be " + done + ". "
        + named.stream().collect(Collectors.joining("; "))
        + (failures.size() > MOST_NAMED ? "; and " + (failures.size() - MOST_NAMED) + " more" : "");
  }

  /** The outcomes that are no success, by the embedding's id, in the order of the call. */
  public Map<String, WriteOutcome> failures() {
    return failures;
  }

  @Override
  public EmbeddingWriteException copy() {
    return new EmbeddingWriteException(String.valueOf(getMessage()), failures, this);
  }
}
