package dev.memlane.archive.parquet;

import dev.memlane.testing.Sample;
import dev.memlane.testing.fuzz.MutationFuzzer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random input for the reader of Parquet archives; see {@link MutationFuzzer} for how to repeat a failure. */
@Tag("slow")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ParquetFuzzTest {

  @Test
  void anyFile_isReadBackOrRefusedPlainly() {
    MutationFuzzer.run(new ParquetFileFuzzTarget(), 1_000);
  }

  @Test
  void anyPage_isReadBackOrRefusedPlainly() {
    MutationFuzzer.run(new ParquetPageFuzzTarget(), Sample.of(700, 3_000));
  }
}
