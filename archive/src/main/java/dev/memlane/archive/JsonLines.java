package dev.memlane.archive;

import dev.memlane.archive.ArchiveException.Reason;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The archive format JSON Lines: one JSON object on each line, in UTF-8. The first line is a header; a line for each
 * memory follows, in order of id, then a line for each message, by conversation and in order; the last line counts them,
 * so that a file that was cut off is recognised. Absent values are left out. A vector is base64 of little-endian 32-bit
 * floats, and {@code of} is the hash of the text that it was made from.
 *
 * <pre>
 * {"memlane":"export","format":2}
 * {"id":"...","state":"live","user":"ada","content":"...","version":2,"op":"...",...,"history":[{"op":"...",...}]}
 * {"conversation":{"user":"ada","run":"7"},"position":1,"id":"...","role":"user","format":"...","payload":"...",...}
 * {"memories":1,"deleted":0,"messages":1}
 * </pre>
 */
public final class JsonLines {

  /** How every Parquet file begins. */
  private static final byte[] PARQUET = "PAR1".getBytes(StandardCharsets.US_ASCII);

  private JsonLines() {}

  /** The format, for export. */
  public static ArchiveFormat format() {
    return Sink::new;
  }

  /** Reads an archive from a stream, which the caller closes. A line fails alone. */
  public static ArchiveSource source(InputStream input) {
    return new Source(new LineReader(input, ArchiveLine.LONGEST_BYTES));
  }

  /**
   * Returns an archive of any format as JSON Lines. An entry with the number n is in line n + 1; lines that fill gaps in
   * the numbers are empty. An entry that is damaged becomes a line that no import accepts. Entries are read while the
   * stream is read, so one of them is in memory.
   *
   * @return a stream for one thread at a time; closing it does nothing
   */
  public static InputStream stream(ArchiveSource source) {
    return new JsonLinesStream(source);
  }

  private static final class Sink implements ArchiveSink {

    private final Writer writer;

    Sink(OutputStream output) {
      this.writer = new BufferedWriter(new OutputStreamWriter(output, StandardCharsets.UTF_8), 1 << 16);
    }

    @Override
    public void begin(@Nullable Scope scope) throws IOException {
      line(ArchiveLineFormatter.header(scope));
    }

    @Override
    public void write(ArchivedMemory memory) throws IOException {
      line(ArchiveLineFormatter.body(memory));
    }

    @Override
    public void write(Scope conversation, ArchivedMessage message) throws IOException {
      line(ArchiveLineFormatter.message(conversation, message));
    }

    @Override
    public void end(ArchiveCounts counts) throws IOException {
      line(ArchiveLineFormatter.footer(counts.memories(), counts.deleted(), counts.messages()));
      writer.flush();
    }

    private void line(String line) throws IOException {
      writer.write(line);
      writer.write('\n');
    }
  }

  private static final class Source implements ArchiveSource {

    private final LineReader reader;
    private boolean begun;

    Source(LineReader reader) {
      this.reader = reader;
    }

    @Override
    public @Nullable ArchiveEntry next() throws IOException {
      if (!begun) {
        if (reader.beginsWith(PARQUET)) {
          throw new ArchiveException(Reason.NOT_AN_ARCHIVE,
              "this is a Parquet file, which is read from a file and not as lines: import it with 'memlane import FILE'");
        }
        requireHeader(reader.next());
        begun = true;
      }
      LineReader.Line line = reader.next();
      while (line != null && line.problem() == null && line.text().isBlank()) {
        line = reader.next();
      }
      return line == null ? null : entry(line);
    }

    private static void requireHeader(LineReader.@Nullable Line line) {
      ArchiveLine first = null;
      try {
        first = line == null || line.problem() != null ? null : ArchiveLineParser.parse(line.text());
      } catch (InvalidInputException e) {
        // Reported below: the details of a line of another kind of file help no reader.
      }
      if (!(first instanceof ArchiveLine.Header header)) {
        throw new ArchiveException(Reason.NOT_AN_ARCHIVE,
            "this is no archive: its first line is not an archive's header; import a file that was exported");
      }
      if (header.format() > ArchiveLine.FORMAT) {
        throw new ArchiveException(Reason.NEWER_FORMAT, "the archive has format " + header.format()
            + ", and this version reads formats up to " + ArchiveLine.FORMAT
            + ": use the version that wrote it, or a newer one");
      }
    }

    private static ArchiveEntry entry(LineReader.Line line) {
      String problem = line.problem();
      if (problem != null) {
        return new ArchiveEntry.Damaged(line.number(), problem);
      }
      int length = line.text().length();
      try {
        return switch (ArchiveLineParser.parse(line.text())) {
          case ArchiveLine.Body body -> new ArchiveEntry.OfMemory(line.number(), length, body.memory());
          case ArchiveLine.Message message ->
            new ArchiveEntry.OfMessage(line.number(), length, message.conversation(), message.message());
          case ArchiveLine.Footer(long memories, long deleted, long messages) ->
            new ArchiveEntry.End(line.number(), new ArchiveCounts(memories, deleted, messages));
          case ArchiveLine.Header ignored -> new ArchiveEntry.Damaged(line.number(),
              "it is the first line of another export; import each file by itself");
        };
      } catch (InvalidInputException e) {
        return new ArchiveEntry.Damaged(line.number(), String.valueOf(e.getMessage()));
      }
    }
  }
}
