package dev.memlane.cli.internal.ingestion;

import com.github.luben.zstd.ZstdOutputStream;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.TimeParser;
import dev.memlane.model.TimeParser.EpochUnit;
import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.Refusals;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** Files as {@code ingest} reads them: packed or not, in UTF-8 or UTF-16, as JSON Lines, lists or values. */
public final class IngestFuzzTarget implements FuzzTarget {

  private static final IngestLine.Defaults DEFAULTS = new IngestLine.Defaults("u", null, null,
      TimeParser.counting(EpochUnit.SECONDS));
  private static final IngestLine.Defaults NONE = new IngestLine.Defaults(null, null, null, TimeParser.standard());

  @FunctionalInterface
  private interface Packing {
    OutputStream around(OutputStream file) throws IOException;
  }

  @Override
  public String name() {
    return "ingest";
  }

  @Override
  public List<byte[]> seeds() {
    String line = """
        {"content":"Zo\u00EB's line","user":"u","agent":"a","run":"r","actor":"Ada","occurredAt":"2026-03-02T10:14:00+01:00",\
        "expiresAt":1772442840,"metadata":{"topic":"x","n":3,"f":2.5e-7,"b":true,"tags":["p",1]},"key":"k"}""";
    String lines = "{\"content\":\"one\"}\n" + line + "\n\n{\"content\":\"three \uD83D\uDE00\",\"extra\":null}";
    String list = "[" + lines.replace("\n\n", "\n").replace("\n", ",\n  ") + "]";
    List<byte[]> seeds = new ArrayList<>();
    for (String text : List.of(lines, list, lines.replace("\n", "\r\n"), lines.replace("\n", "\r"),
        lines.replace("{", "{\n  "), "\uFEFF" + list, "{\"content\":1}", "{\"content\":\"x\",\"content\":\"y\"}",
        "[1, null, [2]]",
        "{\"content\":\"NaN\",\"metadata\":{\"a\":NaN}}", "id,content\n1,a\n2,b\n3,c\n", "<html>\n<body>\n</html>\n")) {
      seeds.add(text.getBytes(StandardCharsets.UTF_8));
    }
    seeds.add(("\uFEFF" + lines).getBytes(StandardCharsets.UTF_16LE));
    seeds.add(("\uFEFF" + list).getBytes(StandardCharsets.UTF_16BE));
    seeds.add(packed(GZIPOutputStream::new, lines.getBytes(StandardCharsets.UTF_8)));
    seeds.add(packed(ZstdOutputStream::new, list.getBytes(StandardCharsets.UTF_8)));
    return seeds;
  }

  @Override
  public List<String> words() {
    return Stream.concat(IngestLine.FIELDS.stream().map(field -> "\"" + field + "\":"),
        Stream.of("{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "null", "true", "NaN", "Infinity",
            "\n", "\r",
            "\"2026-03-02\"", "\"0000-01-01\"", "1e308", "\uFEFF", "\0", "PK\3\4", "BZh", "\u00A0", "\u2028"))
        .toList();
  }

  /** What became of one record: a memory, or the reason why there is none. */
  private record Parsed(long line, @Nullable NewMemory memory, @Nullable String problem) {}

  @Override
  public void check(byte[] input) {
    List<Parsed> records;
    try {
      records = records(input);
    } catch (IOException e) {
      Refusals.requirePlain(IoErrors.describe(e), input);
      return;
    }
    for (Parsed record : records) {
      if (record.memory == null) {
        Refusals.requirePlain(record.problem, input);
      } else {
        requireReadsBack(record.memory);
      }
    }
    requireSameInOtherForms(input, records);
  }

  private static List<Parsed> records(byte[] input) throws IOException {
    List<Parsed> records = new ArrayList<>();
    try (TextInput text = TextInput.open(new ByteArrayInputStream(input), false)) {
      InputRecord.Reader reader = InputRecord.reader(text);
      for (InputRecord record = reader.next(); record != null; record = reader.next()) {
        if (record.isBlank()) {
          continue;
        }
        try {
          if (record.problem() != null) {
            throw new InvalidInputException(record.problem());
          }
          IngestLine line = record.value() == null
              ? IngestLine.parse(record.text(), DEFAULTS, "derived")
              : IngestLine.parse(record.value(), DEFAULTS, "derived");
          line.unknownFields().forEach(IngestLine::meant);
          records.add(new Parsed(record.line(), line.memory(), null));
        } catch (InvalidInputException e) {
          records.add(new Parsed(record.line(), null, e.getMessage()));
        }
      }
    }
    return records;
  }

  private static void requireReadsBack(NewMemory memory) {
    String line = Json.write(Json.object("content", memory.content(), "user", memory.scope().user(), "agent",
        memory.scope().agent(), "run", memory.scope().run(), "actor", memory.actor(), "metadata",
        memory.metadata().toMap(),
        "occurredAt", Json.text(memory.occurredAt()), "expiresAt", Json.text(memory.expiresAt()), "key", memory.key()));
    NewMemory again = IngestLine.parse(line, NONE, "other").memory();
    if (!again.equals(memory)) {
      throw new AssertionError(memory + " reads back as " + again);
    }
  }

  /** Packed, or in UTF-16, a text is the same records. */
  private static void requireSameInOtherForms(byte[] input, List<Parsed> records) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(input)).toString();
    } catch (CharacterCodingException e) {
      // It is packed or in UTF-16 already, or has lines that are not UTF-8.
      return;
    }
    List<byte[]> forms = new ArrayList<>(List.of(packed(GZIPOutputStream::new, input)));
    // A NUL after the mark would be taken for UTF-32.
    if (text.indexOf('\0') < 0) {
      String marked = text.startsWith("\uFEFF") ? text : "\uFEFF" + text;
      forms.add(marked.getBytes(StandardCharsets.UTF_16LE));
    }
    for (byte[] form : forms) {
      List<Parsed> same;
      try {
        same = records(form);
      } catch (IOException e) {
        throw new AssertionError("in another form it is refused: " + IoErrors.describe(e), e);
      }
      if (!same.equals(records)) {
        throw new AssertionError("in another form it is " + same + ", and not " + records);
      }
    }
  }

  private static byte[] packed(Packing packing, byte[] bytes) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (OutputStream out = packing.around(file)) {
      out.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file.toByteArray();
  }
}
