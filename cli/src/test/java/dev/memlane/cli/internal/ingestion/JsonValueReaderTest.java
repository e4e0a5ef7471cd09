package dev.memlane.cli.internal.ingestion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.cli.internal.terminal.InputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class JsonValueReaderTest {

  @Test
  void next_valueWithoutEnd_failsAtTheLimit() throws IOException {
    String list = "[{\"content\":\"b\"},{\"c\":[" + "1,".repeat(2 << 20);
    JsonValueReader values = new JsonValueReader(new ByteArrayInputStream(list.getBytes(StandardCharsets.UTF_8)),
        1 << 20);

    assertThat(values.next()).isNotNull();
    assertThatThrownBy(values::next).isInstanceOf(InputException.class).hasMessageContaining("longer than 1 MB");
  }
}
