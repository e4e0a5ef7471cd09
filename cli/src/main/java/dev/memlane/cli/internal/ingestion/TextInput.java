package dev.memlane.cli.internal.ingestion;

import dev.memlane.cli.internal.terminal.InputException;
import dev.memlane.cli.internal.terminal.TextLayout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The text of a file in UTF-8: unpacked if the file was packed by gzip or zstd, and converted if it was UTF-16 with a
 * byte order mark. The first bytes decide what a file is. A file of another kind is refused as a whole, with the
 * reason.
 *
 * @param stream the text; closing it closes the input
 * @param form how the text separates its objects
 * @param packed whether the file was packed
 */
record TextInput(InputStream stream, Form form, boolean packed) implements AutoCloseable {

  /** How a text separates its JSON objects. */
  enum Form {
    /** One on each line. */
    LINES,
    /** One on each line; a carriage return alone ends a line. */
    CARRIAGE_RETURNS,
    /** In a list, or spread over several lines. */
    VALUES
  }

  /** This many first lines without an object show that the text is not JSON Lines. */
  private static final int LINES_TO_JUDGE_BY = 3;
  private static final int SHOWN = 40;

  /**
   * Recognises and opens an input.
   *
   * @param raw the input as it was given
   * @param waits whether more input may never come, as when a person types: then the first bytes available decide
   * @throws InputException if it is not text that holds JSON
   */
  static TextInput open(InputStream raw, boolean waits) throws IOException {
    DecodedInput decoded = DecodedInput.open(raw, waits, "JSON Lines");
    byte[] begin = decoded.begin();
    return new TextInput(decoded.stream(),
        form(new String(begin, StandardCharsets.UTF_8), begin.length == DecodedInput.PEEK || waits), decoded.packed());
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }

  /**
   * Finds out how a text separates its objects.
   *
   * @param more whether the text may go on after this
   * @throws InputException if it has no objects
   */
  private static Form form(String begin, boolean more) throws InputException {
    boolean carriageReturns = begin.indexOf('\n') < 0 && begin.indexOf('\r') >= 0;
    List<String> lines = new ArrayList<>();
    String[] all = begin.split(carriageReturns ? "\r" : "\n", -1);
    // The last line may be incomplete.
    for (int i = 0; i < (more && all.length > 1 ? all.length - 1 : all.length); i++) {
      String line = (i == 0 && all[i].startsWith("\uFEFF") ? all[i].substring(1) : all[i]).strip();
      if (!line.isEmpty()) {
        lines.add(line);
      }
    }
    if (lines.isEmpty()) {
      return Form.LINES;
    }
    String first = lines.getFirst();
    if (first.startsWith("[")) {
      return Form.VALUES;
    }
    if (first.startsWith("{") && !first.endsWith("}") && lines.size() > 1 && !lines.get(1).startsWith("{")) {
      return Form.VALUES;
    }
    boolean hasObject = lines.stream().anyMatch(line -> line.startsWith("{"));
    if (!hasObject && begin.indexOf('\0') >= 0) {
      throw new InputException("it is no text; give JSON Lines, plain or packed by gzip or zstd");
    }
    if (!hasObject && lines.size() >= LINES_TO_JUDGE_BY) {
      throw new InputException(first.startsWith("<")
          ? "it is HTML or XML; give JSON Lines"
          : "it is not JSON; each line must be an object, {\"content\": ...}, and the first one is "
              + TextLayout.shortened(first, SHOWN));
    }
    return carriageReturns ? Form.CARRIAGE_RETURNS : Form.LINES;
  }
}
