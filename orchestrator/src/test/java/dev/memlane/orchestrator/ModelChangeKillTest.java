package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.ModelChange.Stage;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.JavaCommand;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A process that is killed while it changes its model, at each stage. */
@Tag("programs")
class ModelChangeKillTest {

  private static final Scope ADA = Scope.user("ada");
  private static final int MEMORIES = 1_200;
  private static final int OLD = 64;
  private static final int NEW = 48;
  private static final int LOOKED_FOR = 50;
  private static final String ACKNOWLEDGED = "acknowledged ";

  @TempDir
  private Path folder;

  @ParameterizedTest
  @EnumSource(value = Stage.class, names = "ENDED", mode = EnumSource.Mode.EXCLUDE)
  void nothingAcknowledgedIsLost_andTheChangeGoesOn(Stage stage) throws Exception {
    String jdbcUrl = TestMemory.freshDatabase();
    try (MemoryOrchestrator memory = open(jdbcUrl, folder, OLD)) {
      memory.addMemories(IntStream.range(0, MEMORIES).mapToObj(i -> NewMemory.of("fact " + i, ADA)).toList()).join();
    }

    List<String> acknowledged = runUntilKilled(jdbcUrl, stage);

    assertThat(acknowledged).isNotEmpty();
    // Which index the process has left does not matter.
    for (int dimension : new int[]{OLD, NEW}) {
      try (MemoryOrchestrator memory = open(jdbcUrl, folder, dimension)) {
        assertThat(LuceneVectorIndex.model(folder.resolve("vectors")).isPresent())
            .isNotEqualTo(LuceneVectorIndex.model(folder.resolve("vectors-other-model")).isPresent());
        assertThat(memory.verify(false).join().isClean()).isTrue();
        assertThat(acknowledged.reversed().subList(0, Math.min(LOOKED_FOR, acknowledged.size())))
            .allSatisfy(content -> assertThat(contents(memory, content)).contains(content));
        assertThat(memory.count(ADA, null).join()).isGreaterThanOrEqualTo(MEMORIES + acknowledged.size());
        if (dimension == OLD) {
          memory.changeModel(ModelChangeRequest.to(new HashEmbedder(NEW))).completion().join();
          assertThat(memory.verify(false).join().isClean()).isTrue();
        }
      }
    }
  }

  private static List<String> contents(MemoryOrchestrator memory, String question) {
    return memory.blocking().search(SearchRequest.builder(question).scope(ADA).limit(10).build()).stream()
        .map(SearchHit::memory).map(Memory::content).toList();
  }

  private static MemoryOrchestrator open(String jdbcUrl, Path folder, int dimension) {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).poolSize(4)
        .indexDirectory(folder.resolve("vectors")).followEvery(Duration.ZERO).embedder(new HashEmbedder(dimension))
        .open();
  }

  private List<String> runUntilKilled(String jdbcUrl, Stage stage) throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    Process process = new ProcessBuilder(JavaCommand.with("-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Victim.class.getName(),
        jdbcUrl, folder.toString(), stage.name())).redirectOutput(output.toFile())
        .redirectError(ProcessBuilder.Redirect.DISCARD).start();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).isEqualTo(Victim.KILLED);
    return Files.readAllLines(output, StandardCharsets.UTF_8).stream()
        .filter(line -> line.startsWith(ACKNOWLEDGED)).map(line -> line.substring(ACKNOWLEDGED.length())).toList();
  }

  /** Changes the model while it adds memories, and ends itself at a stage as if it were killed. */
  static final class Victim {

    static final int KILLED = 137;

    private Victim() {}

    /** {@code JDBC_URL DIRECTORY STAGE}. */
    public static void main(String[] arguments) {
      Stage last = Stage.valueOf(arguments[2]);
      MemoryOrchestrator memory = open(arguments[0], Path.of(arguments[1]), OLD);
      ModelChange change = memory.changeModel(ModelChangeRequest.to(new HashEmbedder(NEW)).textsPerSecond(500)
          .progress((done, total) -> {
            if (last == Stage.EMBEDDING && done >= MEMORIES / 2) {
              Runtime.getRuntime().halt(KILLED);
            }
          }));
      Thread.ofPlatform().daemon().start(() -> {
        for (int i = 0;; i++) {
          String content = "written meanwhile " + i;
          memory.blocking().addMemory(NewMemory.of(content, ADA));
          System.out.println(ACKNOWLEDGED + content);
          System.out.flush();
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
      });
      while (last == Stage.EMBEDDING || change.status().stage().compareTo(last) < 0) {
        Thread.onSpinWait();
      }
      Runtime.getRuntime().halt(KILLED);
    }
  }
}
