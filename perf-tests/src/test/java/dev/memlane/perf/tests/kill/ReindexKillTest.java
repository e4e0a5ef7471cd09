package dev.memlane.perf.tests.kill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedded.Memlane;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.JavaProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A directory of an older version is moved over by a process that is killed on the way, twice. */
@Tag("slow")
class ReindexKillTest {

  private static final int MEMORIES = 450;
  private static final int EACH = 150;
  private static final Scope ADA = Scope.user("ada");
  private static final List<String> OPTIONS = List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  @TempDir
  Path directory;

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void reindex_killed_isResumedWhereItWas() throws Exception {
    Path data = directory.resolve("data");
    fill(data);

    killWhileReindexing(data);
    killWhileReindexing(data);

    HaltingEmbedder rest = new HaltingEmbedder(Integer.MAX_VALUE, () -> {});
    try (Memlane memlane = Memlane.builder(data).embedder(rest).open()) {
      BlockingMemory memory = memlane.blocking();
      assertThat(memory.verify(false).isClean()).as("opened without a word of it").isTrue();
      assertThat(Objects.requireNonNull(memory.status().index()).outdated()).isNull();
      assertThat(rest.texts()).as("what neither of them had stored").isBetween(MEMORIES - 2 * EACH, MEMORIES - EACH);
      for (int i = 0; i < MEMORIES; i += 50) {
        assertThat(memory.search(SearchRequest.builder(content(i)).scope(ADA).mode(SearchRequest.Mode.SEMANTIC).limit(1)
            .build())).as("found by its content alone").singleElement().satisfies(hit -> {
              assertThat(hit.score()).isGreaterThan(0.999);
            });
      }
    }
  }

  private static String content(int number) {
    return "oboe" + number + " and flute" + number;
  }

  private static void fill(Path data) {
    try (Memlane memlane = Memlane.builder(data).embedder(new HaltingEmbedder(Integer.MAX_VALUE, () -> {}))
        .settings(settings -> settings.embeddedText(EmbeddedText.ACTOR_AND_CONTENT)).open()) {
      List<NewMemory> memories = IntStream.range(0, MEMORIES)
          .mapToObj(i -> NewMemory.builder(content(i), ADA).actor("Ada").build()).toList();
      assertThat(memlane.blocking().addMemories(memories)).allMatch(WriteOutcome::succeeded);
    }
  }

  /** Begins to rebuild the index in a process, which is killed once it has embedded a third of the memories. */
  private void killWhileReindexing(Path data) throws IOException, InterruptedException {
    Path errors = directory.resolve("errors");
    Process process = JavaProcess.prepare(OPTIONS, ReindexVictim.class.getName(), data.toString(), String.valueOf(EACH))
        .redirectError(errors.toFile()).start();
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      assertThat(output.readLine()).as(() -> "it said: " + read(errors)).isEqualTo(ReindexVictim.HALTED);
    } finally {
      process.toHandle().destroyForcibly();
    }
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "nothing that can be read: " + e.getMessage();
    }
  }
}
