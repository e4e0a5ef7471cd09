package dev.memlane.cli.internal.conversation;

import dev.memlane.testing.fuzz.MutationFuzzer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random input for {@code remember}; see {@link MutationFuzzer} for how to repeat a failure. */
@Tag("slow")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChatExportFuzzTest {

  @Test
  void anyExport_isReadTheSameOrRefusedPlainly() {
    MutationFuzzer.run(new ChatExportFuzzTarget(), 1_000);
  }
}
