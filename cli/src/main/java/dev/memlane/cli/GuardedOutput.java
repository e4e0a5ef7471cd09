package dev.memlane.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Standard output that remembers why it could not be written, where {@link java.io.PrintStream} only knows that. A reader
 * that has gone ({@code memlane list | head}) is no failure: what is left for it is thrown away.
 */
final class GuardedOutput extends FilterOutputStream {

  private @Nullable IOException failure;
  private boolean readerGone;

  GuardedOutput(OutputStream target) {
    super(new java.io.BufferedOutputStream(target, 1 << 16));
  }

  /** Why something was not written, or null if all was or nobody read it any more. */
  @Nullable
  IOException failure() {
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

  private void attempt(Writing writing) {
    if (readerGone || failure != null) {
      return;
    }
    try {
      writing.run();
    } catch (IOException e) {
      // The operating system's words; there is no type of its own for it.
      if (String.valueOf(e.getMessage()).contains("Broken pipe")) {
        readerGone = true;
      } else {
        failure = e;
      }
    }
  }

  private interface Writing {
    void run() throws IOException;
  }
}
