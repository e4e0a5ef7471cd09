package dev.memlane.server.internal.events;

import dev.memlane.model.ChangeCursor;
import dev.memlane.model.MemoryChange;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.ChangePage;
import dev.memlane.server.Role;
import dev.memlane.server.internal.api.MemoryAccess;
import dev.memlane.server.internal.events.Subscription.Next;
import dev.memlane.server.internal.http.Authenticator;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Peer;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Routes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * The route that sends changes as server-sent events, until the caller closes the connection.
 *
 * <p>
 * Every change is sent at least once. The id of an event is the cursor after a page of changes, on its last event; a client that
 * connects again sends it as {@code Last-Event-ID}, and what came after it is sent. A cursor expires, so a stream that has had
 * none for {@value #RENEWAL_MINUTES} minutes gets an event with nothing but a new one. A comment shows every
 * {@value #IDLE_SECONDS} seconds that the stream is alive. A stream whose client has closed it ends within a second or two. Safe for use by several threads.
 */
public final class EventRoutes implements AutoCloseable {

  private static final int IDLE_SECONDS = 10;
  /** How often a stream looks whether its client is still there. */
  private static final Duration LOOKS_EVERY = Duration.ofSeconds(1);
  /** Well below the half of the shortest retention time, which is an hour. */
  private static final int RENEWAL_MINUTES = 15;
  private static final Duration RENEWAL = Duration.ofMinutes(RENEWAL_MINUTES);
  private static final int LONGEST_PAGE = 1_000;

  private final BlockingMemory memory;
  private final Authenticator authenticator;
  private final ChangeBroadcaster broadcaster;
  private final Semaphore streams;
  private final InstantSource clock;

  /**
   * @param most the most streams at once
   * @param clock says when a stream's cursor is old
   */
  public EventRoutes(BlockingMemory memory, Authenticator authenticator, int most, InstantSource clock) {
    this.memory = memory;
    this.authenticator = authenticator;
    this.broadcaster = new ChangeBroadcaster(memory);
    this.streams = new Semaphore(most);
    this.clock = clock;
  }

  public void add(Routes routes) {
    routes.get("/api/v1/events", Role.READ, this::events, "cursor", "user", "agent", "run");
  }

  private void events(Exchange exchange) throws IOException, InterruptedException {
    if (exchange.request().getMethod().equals("HEAD")) {
      throw new ProblemException(Problem.of(405, "method-not-allowed", "The method is not for this path",
          "events are read with GET").header("Allow", "GET"));
    }
    MemoryAccess access = new MemoryAccess(memory, exchange.caller());
    String user = exchange.query("user");
    String agent = exchange.query("agent");
    String run = exchange.query("run");
    Scope scope = access.scopeOrAll(user == null && agent == null && run == null ? null : new Scope(user, agent, run));
    String given = exchange.header("Last-Event-ID") == null
        ? exchange.query("cursor")
        : exchange.header("Last-Event-ID");
    if (!streams.tryAcquire()) {
      throw new ProblemException(Problem.unavailable("there are too many streams of events; close some"));
    }
    Subscription subscription = broadcaster.subscribe();
    try {
      // Read before the response begins, so that a cursor that is invalid or has expired is a problem and not a broken stream.
      ChangePage first = memory.changes(given == null ? null : ChangeCursor.parse(given), LONGEST_PAGE);
      exchange.header("X-Accel-Buffering", "no");
      new Stream(exchange, access, scope, subscription).run(first);
    } finally {
      broadcaster.unsubscribe(subscription);
      streams.release();
    }
  }

  /** One stream. */
  private final class Stream {

    private final Exchange exchange;
    private final MemoryAccess access;
    private final @Nullable Scope scope;
    private final Subscription subscription;
    private final OutputStream output;
    private final Peer client;
    private Instant renewed = clock.instant();
    private Duration silent = Duration.ZERO;

    Stream(Exchange exchange, MemoryAccess access, @Nullable Scope scope, Subscription subscription) {
      this.exchange = exchange;
      this.access = access;
      this.scope = scope;
      this.subscription = subscription;
      this.client = exchange.peer();
      this.output = exchange.stream(200, "text/event-stream");
    }

    void run(ChangePage first) throws IOException, InterruptedException {
      ChangePage last = first;
      // So that the client has a cursor before anything happens.
      write(id(last) + "event: begin\ndata: {}\n\n");
      send(last);
      while (isAllowed()) {
        if (hasOldCursor()) {
          // The cursor to send is one after everything that was read, also after changes that are not for this stream.
          subscription.missed();
        }
        switch (subscription.next(LOOKS_EVERY)) {
          case Next.Send(ChangePage page) -> {
            send(page);
            last = page;
          }
          case Next.ReadItself readItself -> {
            do {
              last = memory.changes(last.next(), LONGEST_PAGE);
              send(last);
            } while (last.more());
            if (hasOldCursor()) {
              write(id(last) + "event: cursor\ndata: {}\n\n");
            }
          }
          case Next.Idle idle -> {
            if (client.isGone()) {
              return;
            }
            silent = silent.plus(LOOKS_EVERY);
            if (silent.toSeconds() >= IDLE_SECONDS) {
              write(": alive\n\n");
            }
          }
          case Next.End end -> {
            return;
          }
        }
      }
    }

    private boolean hasOldCursor() {
      return renewed.plus(RENEWAL).isBefore(clock.instant());
    }

    private String id(ChangePage page) {
      renewed = clock.instant();
      return "id: " + page.next() + "\n";
    }

    /** A key that was revoked meanwhile gets nothing more. */
    private boolean isAllowed() {
      try {
        return authenticator.caller(exchange.request()).equals(exchange.caller());
      } catch (ProblemException e) {
        // It is no longer valid; the client learns why when it connects again.
        return false;
      }
    }

    private void send(ChangePage page) throws IOException {
      StringBuilder events = new StringBuilder();
      int left = (int) page.changes().stream().filter(this::isFor).count();
      for (MemoryChange change : page.changes()) {
        if (isFor(change)) {
          left--;
          if (left == 0) {
            events.append(id(page));
          }
          events.append("event: change\ndata: ")
              .append(new String(exchange.json().write(change), StandardCharsets.UTF_8)).append("\n\n");
        }
      }
      if (!events.isEmpty()) {
        write(events.toString());
      }
    }

    private boolean isFor(MemoryChange change) {
      Scope changed = change.scope();
      return changed == null
          ? access.coversEverything() && scope == null
          : access.covers(changed) && (scope == null || scope.matches(changed));
    }

    private void write(String text) throws IOException {
      silent = Duration.ZERO;
      output.write(text.getBytes(StandardCharsets.UTF_8));
      output.flush();
    }
  }

  /** Ends all streams. */
  @Override
  public void close() {
    broadcaster.close();
  }
}
