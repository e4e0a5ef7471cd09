package dev.memlane.perf.tests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of the load test, with a real second process. */
@Tag("slow")
class FoundTest {

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  @Test
  void search_whileTheMemoryIsUpdated_findsItEachTime_inOneProcessAndFromAnother()
      throws IOException, InterruptedException {
    ByteArrayOutputStream output = new ByteArrayOutputStream();

    boolean found = new FoundLoad(new PrintStream(output, true, StandardCharsets.UTF_8), directory.resolve("found"))
        .run(Duration.ofSeconds(2));

    assertThat(output.toString(StandardCharsets.UTF_8).lines()).hasSize(2).first()
        .matches(line -> line.contains(" updates, 0 of "));
    assertThat(found).isTrue();
  }
}
