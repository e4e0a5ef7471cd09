package dev.memlane.extraction;

import dev.memlane.testing.fuzz.MutationFuzzer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random answers of a chat model; see {@link MutationFuzzer} for how to repeat a failure. */
@Tag("slow")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AnswerFuzzTest {

  @Test
  void anyAnswer_isReadOrRefusedPlainly() {
    MutationFuzzer.run(new AnswerFuzzTarget(), 5_000);
  }
}
