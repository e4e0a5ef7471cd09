package dev.memlane.perf.tests.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server with durable tasks is killed, and each acknowledged task ends, none twice that may not. */
@Tag("slow")
class LaneKillTest {

  @TempDir
  Path directory;

  @Test
  void kills_loseNoTask_andRunNoneTwiceThatIsNotIdempotent() throws Exception {
    long seed = Long.getLong("memlane.seed", 1);

    assertThat(new LaneKillLoad(System.out, directory, seed).run(3)).as("seed %d", seed).isEmpty();
  }
}
