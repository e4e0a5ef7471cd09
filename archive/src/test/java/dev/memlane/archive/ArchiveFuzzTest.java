package dev.memlane.archive;

import dev.memlane.testing.fuzz.MutationFuzzer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random input for the reader of archives; see {@link MutationFuzzer} for how to repeat a failure. */
@Tag("slow")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ArchiveFuzzTest {

  @Test
  void anyArchive_isReadBackOrRefusedPlainly() {
    MutationFuzzer.run(new ArchiveFuzzTarget(), 3_000);
  }
}
