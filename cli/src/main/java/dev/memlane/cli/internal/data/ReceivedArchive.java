package dev.memlane.cli.internal.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.archive.ArchiveCounts;
import dev.memlane.archive.ArchiveEntry;
import dev.memlane.archive.ArchiveSink;
import dev.memlane.archive.ArchiveSource;
import dev.memlane.archive.ExportReport;
import dev.memlane.archive.JsonLines;
import dev.memlane.cli.internal.data.OpenMemory.ExportRequest;
import dev.memlane.model.StoreException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** An archive that comes from a server. Its last line says whether it is whole. */
final class ReceivedArchive {

  private static final int PIECE = 1 << 16;
  private static final int LONGEST_FOOTER = 1_000;
  private static final long UNKNOWN_TOTAL = -1;

  private final InputStream archive;
  private final ExportRequest request;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private byte[] lastLine = new byte[0];
  private long lines;

  ReceivedArchive(InputStream archive, ExportRequest request) {
    this.archive = archive;
    this.request = request;
  }

  /**
   * Copies it, and closes it.
   *
   * @param start when the export began, in nanoseconds
   * @throws StoreException if it is not whole, or can't be written, or the export is stopped
   */
  ExportReport copyTo(OutputStream output, long start) {
    byte[] piece = new byte[PIECE];
    try (archive) {
      for (int count = received(piece); count >= 0; count = received(piece)) {
        if (request.stopped().getAsBoolean()) {
          throw new StoreException("stopped; the export is not complete", null);
        }
        write(output, piece, count);
        follow(piece, count);
        // The header is no memory.
        request.progress().at(Math.max(0, lines - 1), UNKNOWN_TOTAL);
      }
      output.flush();
    } catch (IOException e) {
      throw new StoreException("the export could not be written: " + e.getMessage(), e);
    }
    return report(Duration.ofNanos(System.nanoTime() - start));
  }

  /**
   * Writes it in another format, and closes it.
   *
   * @param start when the export began, in nanoseconds
   * @throws StoreException if it is not whole, or can't be written, or the export is stopped
   */
  ExportReport writeTo(ArchiveSink sink, long start) {
    try (archive) {
      ArchiveSource source = JsonLines.source(archive);
      sink.begin(request.scope());
      ArchiveEntry entry = received(source);
      while (entry != null) {
        if (request.stopped().getAsBoolean()) {
          throw new StoreException("stopped; the export is not complete", null);
        }
        ArchiveCounts counts = write(sink, entry);
        if (counts != null) {
          if (counts.total() != lines || received(source) != null) {
            throw incomplete(null);
          }
          return new ExportReport(counts.memories(), counts.deleted(), counts.messages(),
              Duration.ofNanos(System.nanoTime() - start));
        }
        lines++;
        request.progress().at(lines, UNKNOWN_TOTAL);
        entry = received(source);
      }
    } catch (IOException e) {
      throw new StoreException("the export could not be written: " + e.getMessage(), e);
    }
    throw incomplete(null);
  }

  /** Writes an entry, and returns the counts if it is the last one. */
  private static @Nullable ArchiveCounts write(ArchiveSink sink, ArchiveEntry entry) throws IOException {
    switch (entry) {
      case ArchiveEntry.OfMemory of -> sink.write(of.memory());
      case ArchiveEntry.OfMessage of -> sink.write(of.conversation(), of.message());
      case ArchiveEntry.Damaged damaged -> throw new StoreException("line " + damaged.number()
          + " of the server's export can't be read: " + damaged.problem() + "; use the same version on both sides",
          null);
      case ArchiveEntry.End end -> {
        sink.end(end.counts());
        return end.counts();
      }
    }
    return null;
  }

  private static @Nullable ArchiveEntry received(ArchiveSource source) {
    try {
      return source.next();
    } catch (IOException e) {
      throw incomplete(e);
    }
  }

  private int received(byte[] piece) {
    try {
      return archive.read(piece);
    } catch (IOException e) {
      throw incomplete(e);
    }
  }

  private static void write(OutputStream output, byte[] piece, int count) throws IOException {
    output.write(piece, 0, count);
  }

  private void follow(byte[] piece, int count) {
    for (int i = 0; i < count; i++) {
      if (piece[i] == '\n') {
        lines++;
        lastLine = line.toByteArray();
        line.reset();
      } else if (line.size() <= LONGEST_FOOTER) {
        line.write(piece[i]);
      }
    }
  }

  private ExportReport report(Duration elapsed) {
    try {
      JsonNode footer = ServerClient.JSON.readTree(lastLine);
      if (lastLine.length <= LONGEST_FOOTER && line.size() == 0 && footer.path("memories").isNumber()) {
        return new ExportReport(footer.path("memories").longValue(), footer.path("deleted").longValue(),
            footer.path("messages").longValue(), elapsed);
      }
    } catch (IOException e) {
      throw incomplete(e);
    }
    throw incomplete(null);
  }

  private static StoreException incomplete(@Nullable IOException cause) {
    return new StoreException("the connection to the server broke before the end of the export; it is not complete: "
        + "export again", cause);
  }
}
