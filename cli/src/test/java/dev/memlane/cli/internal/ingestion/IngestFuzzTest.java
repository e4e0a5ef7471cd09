package dev.memlane.cli.internal.ingestion;

import dev.memlane.testing.fuzz.MutationFuzzer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random input for {@code ingest}; see {@link MutationFuzzer} for how to repeat a failure. */
@Tag("slow")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class IngestFuzzTest {

  @Test
  void anyFile_isReadBackOrRefusedPlainly() {
    MutationFuzzer.run(new IngestFuzzTarget(), 2_000);
  }
}
