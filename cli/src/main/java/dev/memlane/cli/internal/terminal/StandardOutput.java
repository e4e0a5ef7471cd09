package dev.memlane.cli.internal.terminal;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Standard output that keeps the reason of a failed write, which {@link java.io.PrintStream} drops. If the reader has
 * gone ({@code memlane list | head}), the rest of the output is dropped, and that is not a failure. Not safe for use by
 * several threads.
 */
public final class StandardOutput extends FilterOutputStream {

  private @Nullable IOException failure;
  private boolean readerGone;

  public StandardOutput(OutputStream target) {
    super(new java.io.BufferedOutputStream(target, 1 << 16));
  }

  /** Returns why a write failed; null if none failed or the reader has gone. */
  public @Nullable IOException failure() {
    return failure;
  }

  @Override
  public void write(int b) {
    attempt(() -> out.write(b));
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    attempt(() -> out.write(bytes, offset, length));
  }

  @Override
  public void flush() {
    attempt(out::flush);
  }

  private void attempt(Write write) {
    if (readerGone || failure != null) {
      return;
    }
    try {
      write.run();
    } catch (IOException e) {
      // The operating system's words: Java has no exception type for it.
      if (String.valueOf(e.getMessage()).contains("Broken pipe")) {
        readerGone = true;
      } else {
        failure = e;
      }
    }
  }

  private interface Write {
    void run() throws IOException;
  }
}
