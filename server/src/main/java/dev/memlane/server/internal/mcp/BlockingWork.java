package dev.memlane.server.internal.mcp;

import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Work that blocks, on virtual threads, because the SDK's own threads must not wait. Cancelling the result interrupts the
 * work. A client that asks for progress gets a notification at intervals while the work goes on, so it doesn't give up. Safe for use by
 * several threads.
 */
final class BlockingWork implements AutoCloseable {

  /** What a notification of progress says. */
  static final String GOES_ON = "the memory is still working on it";

  private final ExecutorService threads = Executors
      .newThreadPerTaskExecutor(Thread.ofVirtual().name("memlane-mcp-", 0).factory());
  private final Duration beat;

  /** @param beat the time between two notifications of progress */
  BlockingWork(Duration beat) {
    this.beat = beat;
  }

  <T> Mono<T> run(Callable<T> work) {
    return Mono.create(sink -> {
      Future<?> running = threads.submit(() -> {
        try {
          sink.success(work.call());
        } catch (Throwable e) {
          sink.error(e);
        }
      });
      sink.onCancel(() -> running.cancel(true));
    });
  }

  /** @param token names the request in notifications of progress; null if the client asks for none */
  <T> Mono<T> run(McpAsyncServerExchange exchange, @Nullable Object token, Callable<T> work) {
    return token == null
        ? run(work)
        : run(() -> withProgress(beats -> exchange
            .progressNotification(ProgressNotification.builder(token, beats).message(GOES_ON).build()).block(), work));
  }

  /**
   * Does work in this thread's stead, and waits for it.
   *
   * @param onBeat receives at intervals how many intervals have passed
   */
  <T> T withProgress(IntConsumer onBeat, Callable<T> work) throws Exception {
    Future<T> running = threads.submit(work);
    try {
      for (int beats = 1;; beats++) {
        try {
          return running.get(beat.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
          onBeat.accept(beats);
        }
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    } finally {
      running.cancel(true);
    }
  }

  /** Interrupts what still runs. */
  @Override
  public void close() {
    threads.shutdownNow();
  }
}
