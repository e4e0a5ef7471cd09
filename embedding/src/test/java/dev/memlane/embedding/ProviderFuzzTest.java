package dev.memlane.embedding;

import dev.memlane.testing.fuzz.MutationFuzzer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random answers of a provider; see {@link MutationFuzzer} for how to repeat a failure. */
@Tag("slow")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProviderFuzzTest {

  @Test
  void anyAnswer_isReadOrFailsPlainly() {
    MutationFuzzer.run(new ProviderFuzzTarget(), 1_000);
  }
}
