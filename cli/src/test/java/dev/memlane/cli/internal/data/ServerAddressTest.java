package dev.memlane.cli.internal.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Addresses of servers. Wrong ones are in {@code ServerCommandsTest}. */
class ServerAddressTest {

  @ParameterizedTest
  @CsvSource({"http://127.0.0.1:7437,mlk_x,false", "http://localhost:7437,mlk_x,false", "http://[::1]:7437,mlk_x,false",
      "https://memory.example.com,mlk_x,false", "http://memory.example.com,,false",
      "http://memory.example.com,mlk_x,true",
      "HTTP://10.0.0.7:7437,mlk_x,true", "http://localhost.example.com,mlk_x,true"})
  void key_isExposed_whereItGoesUnencryptedOverANetwork(String address, @Nullable String key, boolean exposed) {
    assertThat(ServerAddress.of(address, key, null).exposesKey()).isEqualTo(exposed);
  }

  @Test
  void text_doesNotHaveTheKey() {
    assertThat(ServerAddress.of("http://localhost:1/memlane//", "mlk_secret", null))
        .hasToString("http://localhost:1/memlane");
  }
}
