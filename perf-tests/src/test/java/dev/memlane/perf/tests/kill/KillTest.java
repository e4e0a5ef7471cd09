package dev.memlane.perf.tests.kill;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A memory under load is killed in every way there is, and everything that it had acknowledged is there afterwards. */
@Tag("slow")
class KillTest {

  @TempDir
  Path directory;

  @Test
  void everyKindOfKill_losesNothing() throws Exception {
    long seed = Long.getLong("memlane.seed", 1);
    KillLoad load = new KillLoad(System.out, directory, seed, 1_500);

    load.run(Duration.ofMinutes(10), KillKind.values().length);

    assertThat(load.problems()).as("seed %d", seed).isEmpty();
  }
}
