package dev.memlane.cli.internal.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.archive.ExportReport;
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
