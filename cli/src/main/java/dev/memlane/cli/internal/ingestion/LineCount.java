package dev.memlane.cli.internal.ingestion;

import dev.memlane.cli.internal.terminal.ProgressBar;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The number of lines in files, for a progress bar. */
final class LineCount {

  private LineCount() {}

  /**
   * Counts the lines of all sources.
   *
   * @return {@link ProgressBar#UNKNOWN} if a source is not a plain file of lines, or cannot be read
   */
  static long of(List<InputSource> sources) {
    long total = 0;
    for (InputSource source : sources) {
      Path path = source.path();
      if (path == null || !Files.isRegularFile(path)) {
        return ProgressBar.UNKNOWN;
      }
      try (TextInput text = TextInput.open(Files.newInputStream(path), false)) {
        if (text.packed() || text.form() != TextInput.Form.LINES) {
          return ProgressBar.UNKNOWN;
        }
        total += count(text.stream());
      } catch (IOException e) {
        // Ingesting the file meets the same error, and reports it.
        return ProgressBar.UNKNOWN;
      }
    }
    return total;
  }

  private static long count(InputStream input) throws IOException {
    long lines = 0;
    byte[] buffer = new byte[1 << 16];
    byte last = '\n';
    for (int n = input.read(buffer); n > 0; n = input.read(buffer)) {
      for (int i = 0; i < n; i++) {
        lines += buffer[i] == '\n' ? 1 : 0;
      }
      last = buffer[n - 1];
    }
    return last == '\n' ? lines : lines + 1;
  }
}
