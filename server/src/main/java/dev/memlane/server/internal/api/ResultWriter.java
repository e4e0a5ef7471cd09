package dev.memlane.server.internal.api;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Writes results to a response on a thread of its own, so that a caller who sends and doesn't read yet is not waited for
 * until {@value #MOST_WAITING} results wait. Used by one thread, which closes it.
 */
final class ResultWriter implements Closeable {

  static final int MOST_WAITING = 200;
  /** Follows the last results. */
  private static final byte[] END = new byte[0];

  private final OutputStream output;
  private final BlockingQueue<byte[]> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
  private final Thread writer;
  private volatile @Nullable IOException failure;

  ResultWriter(OutputStream output) {
    this.output = output;
    this.writer = Thread.ofVirtual().name("memlane-results").start(this::writeAll);
  }

  /** @throws IOException if the caller is gone, so that no more needs to be read */
  void write(byte[] results) throws IOException {
    requireWorking();
    if (results.length > 0) {
      put(results);
    }
  }

  private void put(byte[] results) throws IOException {
    try {
      waiting.put(results);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while results wait");
    }
  }

  private void requireWorking() throws IOException {
    IOException failed = failure;
    if (failed != null) {
      throw new IOException("the results can't be sent", failed);
    }
  }

  private void writeAll() {
    try {
      for (byte[] results = waiting.take(); results.length > 0; results = waiting.take()) {
        if (failure == null) {
          send(results);
        }
      }
    } catch (InterruptedException e) {
      // Nobody interrupts it; if somebody does, nothing is sent any more.
      Thread.currentThread().interrupt();
    }
  }

  private void send(byte[] results) {
    try {
      output.write(results);
      output.flush();
    } catch (IOException e) {
      // The next write reports it. What waits is taken and dropped, so nobody waits for room.
      failure = e;
    }
  }

  /** Waits until everything is sent. */
  @Override
  public void close() throws IOException {
    put(END);
    try {
      writer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while results are sent");
    }
    requireWorking();
  }
}
