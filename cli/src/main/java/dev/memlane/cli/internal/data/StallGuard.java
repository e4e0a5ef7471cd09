package dev.memlane.cli.internal.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** A stream that fails if nothing comes for a time, because HTTP bodies have no time-out of their own. Used by one thread. */
final class StallGuard extends FilterInputStream {

  private final Duration patience;
  private final Thread watch;
  private volatile long lastRead = System.nanoTime();
  private volatile boolean stalled;

  StallGuard(InputStream in, Duration patience) {
    super(in);
    this.patience = patience;
    this.watch = Thread.ofVirtual().name("memlane-stall-guard").start(this::watch);
  }

  private void watch() {
    try {
      while (true) {
        long left = patience.toNanos() - (System.nanoTime() - lastRead);
        if (left <= 0) {
          stalled = true;
          in.close();
          return;
        }
        Thread.sleep(Duration.ofNanos(left));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      // The reader meets the same failure.
      stalled = true;
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    try {
      int read = super.read(bytes, offset, length);
      lastRead = System.nanoTime();
      return read;
    } catch (IOException e) {
      throw stalled ? new IOException("nothing came for " + patience.toSeconds() + " seconds", e) : e;
    }
  }

  @Override
  public void close() throws IOException {
    watch.interrupt();
    super.close();
  }
}
