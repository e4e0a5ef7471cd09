package dev.memlane.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineReaderTest {

  @Test
  void next_byteOrderMarkAndCarriageReturns_areRemoved() throws IOException {
    assertThat(read("\uFEFFa\r\n\nb\uFEFF".getBytes(StandardCharsets.UTF_8), 100)).containsExactly("1 a", "2 ",
        "3 b\uFEFF");
  }

  @Test
  void next_lineNotUtf8_failsAlone() throws IOException {
    assertThat(read(new byte[]{'a', '\n', (byte) 0xE9, '\n', 'b', '\n'}, 100)).containsExactly("1 a",
        "2 the line is not UTF-8; save the file as UTF-8, for example with iconv -f LATIN1 -t UTF-8", "3 b");
  }

  @Test
  void next_lineTooLong_failsAlone() throws IOException {
    String text = "short\n" + "x".repeat(3 << 20) + "\nend";

    assertThat(read(text.getBytes(StandardCharsets.UTF_8), 2 << 20)).containsExactly("1 short",
        "2 the line is longer than 2 MB; split its content", "3 end");
  }

  @Test
  void next_ofEmptyInput_isNull() throws IOException {
    assertThat(read(new byte[0], 100)).isEmpty();
  }

  private static List<String> read(byte[] bytes, int longest) throws IOException {
    LineReader reader = new LineReader(new ByteArrayInputStream(bytes), longest);
    List<String> lines = new ArrayList<>();
    for (LineReader.Line line = reader.next(); line != null; line = reader.next()) {
      lines.add(line.number() + " " + (line.problem() == null ? line.text() : line.problem()));
    }
    return lines;
  }
}
