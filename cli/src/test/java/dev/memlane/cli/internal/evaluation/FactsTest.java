package dev.memlane.cli.internal.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.embedding.local.LocalEmbedder;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.testing.TestServer;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Facts in the third person that nobody said ("Ada is allergic to peanuts"), alone and between what the same people say of
 * themselves. That search looks at who is speaking must not harm them.
 */
@Tag("programs")
class FactsTest {

  @TempDir
  Path directory;

  @ParameterizedTest
  @CsvSource({"facts, 94, 0.60, 0.95", "facts-beside-talk, 159, 0.56, 0.94"})
  void facts_areFound(String name, int memories, double first, double firstTen) throws URISyntaxException {
    EvalSet set = Beir.read(Path.of(Objects.requireNonNull(FactsTest.class.getResource(name)).toURI()));
    assertThat(set.memories()).isEqualTo(memories);
    assertThat(set.questions()).isEqualTo(96);
    assertThat(set.leftOut()).isZero();

    Recall found = measure(set).overall();

    assertThat(found.at(1)).as("recall@1").isGreaterThanOrEqualTo(first);
    assertThat(found.at(10)).as("recall@10").isGreaterThanOrEqualTo(firstTen);
  }

  private EvalResult measure(EvalSet set) {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    Console console = new Console(InputStream.nullInputStream(), nowhere, nowhere, false);
    try (MemoryOrchestrator memory = MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(), null, null)
        .indexDirectory(directory).embedder(new LocalEmbedder()).followEvery(Duration.ZERO).open();
        ProgressBar bar = ProgressBar.start(console, "", "", ProgressBar.PENDING)) {
      Evaluator evaluator = new Evaluator(memory, set, null, () -> false);
      evaluator.store(bar);
      return evaluator.ask(Variant.of(EvalMode.HYBRID), bar);
    }
  }
}
