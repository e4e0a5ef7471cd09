package dev.memlane.perf.tests.kill;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.OperationId;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A client of the stream of changes that outlives its servers: it connects to each with the last event's id that it has
 * seen. An event counts when its last line is read, as in browsers. Safe for use by several threads.
 */
final class ChangeReader {

  private static final int TIMEOUT_MILLIS = 60_000;
  private static final String BEGINNING = "0";

  private final Object lock = new Object();
  @GuardedBy("lock")
  private final Set<OperationId> seen = new HashSet<>();
  @GuardedBy("lock")
  private String cursor = BEGINNING;
  @GuardedBy("lock")
  private long events;
  @GuardedBy("lock")
  private @Nullable String refusal;

  /** Begins to read from a server, until that server ends. */
  void follow(URI server) {
    Thread.ofPlatform().daemon().name("changes").start(() -> read(server));
  }

  private void read(URI server) {
    try {
      HttpURLConnection connection = (HttpURLConnection) server.resolve("/api/v1/events").toURL().openConnection();
      connection.setReadTimeout(TIMEOUT_MILLIS);
      synchronized (lock) {
        connection.setRequestProperty("Last-Event-ID", cursor);
      }
      if (connection.getResponseCode() != HttpURLConnection.HTTP_OK) {
        synchronized (lock) {
          refusal = "the stream of changes was refused with status " + connection.getResponseCode();
          lock.notifyAll();
        }
        return;
      }
      try (BufferedReader lines = new BufferedReader(
          new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8))) {
        readEvents(lines);
      }
    } catch (IOException e) {
      // The server was killed. The next one is asked for the rest.
      System.getLogger(ChangeReader.class.getName()).log(System.Logger.Level.DEBUG, "the stream has ended", e);
    }
  }

  private void readEvents(BufferedReader lines) throws IOException {
    String id = null;
    OperationId op = null;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("id: ")) {
        id = line.substring(4);
      } else if (line.startsWith("data: ")) {
        String text = RestClient.JSON.readTree(line.substring(6)).path("op").textValue();
        op = text == null ? null : OperationId.parse(text);
      } else if (line.isEmpty()) {
        dispatch(id, op);
        id = null;
        op = null;
      }
    }
  }

  private void dispatch(@Nullable String id, @Nullable OperationId op) {
    synchronized (lock) {
      if (op != null) {
        seen.add(op);
        events++;
      }
      if (id != null) {
        cursor = id;
      }
      lock.notifyAll();
    }
  }

  /** The events so far, with those that came more than once. */
  long events() {
    synchronized (lock) {
      return events;
    }
  }

  /**
   * Waits for changes.
   *
   * @return those that did not come in time, or why none can come
   */
  Set<String> missing(Set<OperationId> expected, Duration patience) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    synchronized (lock) {
      while (true) {
        if (refusal != null) {
          return Set.of(refusal);
        }
        Set<String> missing = new TreeSet<>();
        for (OperationId op : expected) {
          if (!seen.contains(op)) {
            missing.add(op.toString());
          }
        }
        long left = (end - System.nanoTime()) / 1_000_000;
        if (missing.isEmpty() || left <= 0) {
          return missing;
        }
        lock.wait(left);
      }
    }
  }
}
