package dev.memlane.perf.tests.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is overridden is answered so, and all else as if nothing stood between. */
class OverriddenStoreTest {

  @Test
  void of_someAnswers_passesOtherCallsToTheStore() {
    CharSequence word = OverriddenStore.of(CharSequence.class, "memory",
        Map.of("charAt", arguments -> arguments[0].equals(0) ? 'M' : null));
    assertThat(word.charAt(0)).isEqualTo('M');
    assertThat(word.charAt(1)).isEqualTo('e');
    assertThat(word.length()).isEqualTo(6);
  }

  @Test
  void of_aMethodThatHasADefault_callsWhatIsOverridden() {
    CharSequence word = OverriddenStore.of(CharSequence.class, "memory", Map.of("length", arguments -> 0));
    assertThat(word.isEmpty()).isTrue();
  }

  @Test
  void of_theStoreThrows_throwsTheSame() {
    CharSequence word = OverriddenStore.of(CharSequence.class, "memory", Map.of());
    assertThatThrownBy(() -> word.charAt(6)).isInstanceOf(StringIndexOutOfBoundsException.class);
  }

  @Test
  void of_noStore_returnsNullForOtherCalls() {
    CharSequence word = OverriddenStore.of(CharSequence.class, null, Map.of("length", arguments -> 3));
    assertThat(word.length()).isEqualTo(3);
    assertThat((Object) word.subSequence(0, 1)).isNull();
  }

  @Test
  void of_unknownName_isRefused() {
    assertThatThrownBy(() -> OverriddenStore.of(CharSequence.class, "memory", Map.of("size", arguments -> 0)))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("size");
  }
}
