package dev.memlane.cli.internal.ingestion;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DerivedKeysTest {

  @Test
  void next_sameFileAgain_givesTheSameKeys() {
    assertThat(keys("chat.jsonl", "a", "b", "a")).isEqualTo(keys("chat.jsonl", "a", "b", "a"));
  }

  @Test
  void next_equalLines_haveKeysOfTheirOwn() {
    assertThat(keys("chat.jsonl", "a", "b", "a", "a")).doesNotHaveDuplicates();
  }

  @Test
  void next_otherLineInBetween_keepsTheKeys() {
    assertThat(keys("chat.jsonl", "a", "new", "b", "a")).containsAll(keys("chat.jsonl", "a", "b", "a"));
  }

  @Test
  void next_otherFile_hasOtherKeys() {
    assertThat(keys("a.jsonl", "a")).doesNotContainAnyElementsOf(keys("b.jsonl", "a"));
  }

  private static List<String> keys(String file, String... lines) {
    DerivedKeys keys = new DerivedKeys(file);
    return Stream.of(lines).map(keys::next).toList();
  }
}
