package dev.memlane.cli.internal.command;

import dev.memlane.testing.fuzz.MutationFuzzer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random input for the parsers of the command line; see {@link MutationFuzzer} for how to repeat a failure. */
@Tag("slow")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ParsersFuzzTest {

  @Test
  void anyCondition_isReadBackOrRefusedPlainly() {
    MutationFuzzer.run(new FilterFuzzTarget(), 10_000);
  }

  @Test
  void anyConfiguration_isReadOrRefusedPlainly() {
    MutationFuzzer.run(new ConfigurationFuzzTarget(), 1_500);
  }
}
