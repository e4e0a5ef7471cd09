package dev.memlane.endpoints.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ApiKeyTest {

  private static final String SECRET = "sk-very-secret-0123456789";

  @Test
  void key_isReadAndChecked_andNeverRepeated() {
    assertThatThrownBy(() -> ApiKey.of("two words")).hasMessageContaining("no key has");
    assertThatThrownBy(() -> ApiKey.from(Map.of(), "MY_KEY")).hasMessageContaining("MY_KEY");
    assertThatThrownBy(() -> ApiKey.from(Map.of(), SECRET)).hasMessageNotContaining(SECRET);
    assertThat(ApiKey.from(Map.of("MY_KEY", " k "), "MY_KEY").reveal()).isEqualTo("k");
    assertThat(ApiKey.of(SECRET)).hasToString("***");
  }
}
