package dev.memlane.server;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.memory.tools.ToolDefinition;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.internal.api.HandOverRoutes;
import dev.memlane.server.internal.mcp.McpJson;
import dev.memlane.server.internal.mcp.MemoryToolCalls;
import dev.memlane.server.internal.mcp.RemoteToolCalls.UnreachableException;
import dev.memlane.server.internal.mcp.RemoteToolCalls;
import dev.memlane.server.internal.mcp.ToolCalls.Answer;
import dev.memlane.server.internal.mcp.ToolCalls.Target;
import dev.memlane.server.internal.mcp.ToolCalls;
import java.io.IOException;
import java.lang.System.Logger;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a directory that several processes use at once. One has it open, and lets the others in on a port of
 * loopback; {@link ServerFile} tells them where. When it ends, or is {@linkplain #askToHandOver asked to hand the directory
 * over}, another opens the directory and lets the rest in. Those who use it notice no more than a delay.
 *
 * <p>
 * A call that was under way when the other process ended is made again if it only reads, stores something under a key, or has
 * messages remembered.
 * Any other may have been done, and the answer says so. Safe for use by several threads.
 */
public final class SharedMemory implements AutoCloseable {

  private static final Logger LOGGER = System.getLogger("dev.memlane.server");
  /** How long a process may have the directory open without letting others in, before it is taken for one that won't. */
  private static final Duration USUAL_PATIENCE = Duration.ofSeconds(60);
  private static final long PAUSE_MILLIS = 100;
  /** How long a process that has handed the directory over leaves it to the one that asked for it. */
  private static final Duration LEFT_TO_OTHERS = Duration.ofSeconds(20);
  /** How long calls under way may take before the directory is handed over without them. */
  private static final Duration DRAIN = Duration.ofSeconds(60);
  /** The tools that only read, so they may be called twice. */
  private static final Set<String> READING = ToolDefinition.all().stream().filter(ToolDefinition::readOnly)
      .map(ToolDefinition::name).collect(Collectors.toUnmodifiableSet());

  private final Path directory;
  private final Opener opener;
  private final Duration patience;
  private final McpJson json = new McpJson();
  private final CompletableFuture<MemlaneException> failure = new CompletableFuture<>();

  @GuardedBy("this")
  private @Nullable Seat seat;

  @GuardedBy("this")
  private boolean looking;

  @GuardedBy("this")
  private boolean closed;

  /** When this process may open the directory again, after it has handed it over. */
  @GuardedBy("this")
  private long mayOpenFrom = System.nanoTime();

  private SharedMemory(Path directory, Opener opener, Duration patience) {
    this.directory = directory;
    this.opener = opener;
    this.patience = patience;
  }

  /** What opens the directory in this process. */
  @FunctionalInterface
  public interface Opener {

    /**
     * Opens the directory.
     *
     * @return empty if another process has it open
     * @throws MemlaneException if it can't be opened for another reason
     */
    Optional<Opened> open();

    /** Whether what it opens remembers conversations by a chat model. */
    default boolean remembers() {
      return false;
    }
  }

  /**
   * A memory that was opened.
   *
   * @param extractor remembers its conversations; null for none
   * @param close closes it, with everything that was opened for it
   */
  public record Opened(MemoryOrchestrator memory, @Nullable MemoryExtractor extractor, AutoCloseable close) {

    /** A memory without a chat model. */
    public Opened(MemoryOrchestrator memory, AutoCloseable close) {
      this(memory, null, close);
    }
  }

  /** Where calls go now: to a memory of this process, or to another process. */
  private static final class Seat {

    private final ToolCalls calls;
    private final Deque<AutoCloseable> opened;
    /** How many calls are under way; guarded by the memory. */
    private int running;

    Seat(ToolCalls calls, Deque<AutoCloseable> opened) {
      this.calls = calls;
      this.opened = opened;
    }
  }

  /**
   * Begins to use the memory of a directory. Returns at once; calls wait until it is there.
   *
   * @param opener is called when no other process lets this one in
   */
  public static SharedMemory in(Path directory, Opener opener) {
    return in(directory, opener, USUAL_PATIENCE);
  }

  /** @param patience how long a process may have the directory open without letting others in */
  static SharedMemory in(Path directory, Opener opener, Duration patience) {
    SharedMemory shared = new SharedMemory(directory, opener, patience);
    shared.look();
    return shared;
  }

  /** Completed if the memory can't be used at all, with the reason; then nothing else helps than to begin anew. */
  public CompletableFuture<MemlaneException> failure() {
    return failure;
  }

  /** Whether this process has the directory open. */
  synchronized boolean isOpenHere() {
    return seat != null && seat.calls instanceof MemoryToolCalls;
  }

  /** Whether this process remembers conversations if it has the directory open. */
  boolean remembers() {
    return opener.remembers();
  }

  /** The calls of tools on the memory. */
  ToolCalls calls() {
    return new ToolCalls() {
      @Override
      public Answer call(Target target, String tool, String arguments) throws InterruptedException {
        return SharedMemory.this.call(target, tool, arguments);
      }

      @Override
      public void close() {}
    };
  }

  private Answer call(Target target, String tool, String arguments) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      Seat now = await(end);
      if (now == null) {
        return new Answer("Error: the memory cannot be reached at present; nothing was done: try again later", true);
      }
      try {
        return run(now, target, tool, arguments);
      } catch (UnreachableException e) {
        leave(now);
        if (e.mayHaveArrived() && !mayBeRepeated(tool, arguments)) {
          return new Answer(
              "Error: the process that has the memory open ended during the call; it may have been done all "
                  + "the same: check before you try again",
              true);
        }
      }
    }
  }

  private Answer run(Seat on, Target target, String tool, String arguments) throws InterruptedException {
    try {
      return on.calls.call(target, tool, arguments);
    } finally {
      synchronized (this) {
        on.running--;
        notifyAll();
      }
    }
  }

  private boolean mayBeRepeated(String tool, String arguments) {
    // Remembering the same messages again adds nothing.
    return READING.contains(tool) || tool.equals("memory_remember")
        || tool.equals("memory_add") && json.object(arguments).get("key") != null;
  }

  /** Waits until there is a seat, and counts a call on it; null if there is none in time. */
  private synchronized @Nullable Seat await(long end) throws InterruptedException {
    while (seat == null && !closed && !failure.isDone()) {
      long millis = (end - System.nanoTime()) / 1_000_000;
      if (millis <= 0) {
        return null;
      }
      wait(millis);
    }
    if (seat != null) {
      seat.running++;
    }
    return seat;
  }

  /** Leaves a seat whose process has ended, and looks for another. */
  private void leave(Seat left) {
    synchronized (this) {
      if (seat != left) {
        return;
      }
      seat = null;
    }
    // The caller may be a thread of the system's, which must not wait.
    Thread unused = Thread.ofVirtual().name("memlane-shared-memory").start(() -> close(left));
    look();
  }

  /**
   * Asks the process that has the directory open to hand it over: to finish what is under way, to close it, and to use it
   * through whoever opens it next. Processes that use {@code SharedMemory} do; then try to open the directory, for a minute at
   * most.
   *
   * @return false if the process answers that it keeps the directory, because it is a server of its own
   */
  public static boolean askToHandOver(ServerFile server) {
    HttpRequest request = HttpRequest.newBuilder(server.uri().resolve(HandOverRoutes.PATH)).timeout(USUAL_PATIENCE)
        .header("Authorization", "Bearer " + server.key()).POST(HttpRequest.BodyPublishers.noBody()).build();
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofSeconds(10)).build()) {
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == HandOverRoutes.ACCEPTED;
    } catch (IOException e) {
      LOGGER.log(Logger.Level.DEBUG, "the process of " + server + " does not answer, so it ends", e);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Closes the directory when no call is under way any more, and uses it through whoever opens it next. */
  private void handOver() {
    Seat left;
    synchronized (this) {
      left = seat;
      if (left == null || !(left.calls instanceof MemoryToolCalls)) {
        return;
      }
      seat = null;
      mayOpenFrom = System.nanoTime() + LEFT_TO_OTHERS.toNanos();
    }
    LOGGER.log(Logger.Level.INFO, "this process hands the memory over");
    // The server that was asked closes only after its answer.
    Thread unused = Thread.ofVirtual().name("memlane-shared-memory").start(() -> {
      try {
        awaitCalls(left);
        close(left);
        look();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
  }

  private synchronized void awaitCalls(Seat left) throws InterruptedException {
    long end = System.nanoTime() + DRAIN.toNanos();
    while (left.running > 0) {
      long millis = (end - System.nanoTime()) / 1_000_000;
      if (millis <= 0) {
        return;
      }
      wait(millis);
    }
  }

  private synchronized boolean mayOpen() {
    return System.nanoTime() - mayOpenFrom >= 0;
  }

  private void look() {
    synchronized (this) {
      if (looking || closed) {
        return;
      }
      looking = true;
    }
    Thread.ofVirtual().name("memlane-shared-memory").start(() -> {
      try {
        Seat found = find();
        if (found != null && !sit(found)) {
          close(found);
        }
      } catch (MemlaneException e) {
        fail(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (RuntimeException | Error e) {
        fail(new StoreException("the memory of the directory " + directory + " can't be used: " + e, e));
      }
    });
  }

  private synchronized boolean sit(Seat found) {
    looking = false;
    if (closed) {
      return false;
    }
    seat = found;
    notifyAll();
    return true;
  }

  private synchronized void fail(MemlaneException reason) {
    looking = false;
    boolean unused = failure.complete(reason);
    notifyAll();
  }

  /** Joins the process that has the directory open, or opens it. Null if this was closed meanwhile. */
  private @Nullable Seat find() throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (!isClosed()) {
      Optional<ServerFile> server = ServerFile.read(directory);
      Seat found = server.isPresent() ? join(server.get()) : null;
      if (found == null && mayOpen()) {
        found = opener.open().map(this::lead).orElse(null);
      }
      if (found != null) {
        return found;
      }
      if (System.nanoTime() > end) {
        throw new StoreException(
            "the data directory " + directory + " is in use by another process, which does not let "
                + "others in; wait until it has ended, or choose another directory",
            null);
      }
      Thread.sleep(PAUSE_MILLIS);
    }
    return null;
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** Uses the memory in the process that has it open; null if it does not answer. */
  private @Nullable Seat join(ServerFile server) {
    Seat joined;
    try {
      RemoteToolCalls remote = RemoteToolCalls.connect(server, json);
      joined = new Seat(remote, new ArrayDeque<>());
      joined.opened.push(remote);
    } catch (UnreachableException e) {
      LOGGER.log(Logger.Level.DEBUG, "the process of {0} does not answer", server);
      return null;
    }
    LOGGER.log(Logger.Level.INFO, "process {0} has the memory open, and is used", String.valueOf(server.process()));
    if (server.process() != ProcessHandle.current().pid()) {
      // Without waiting for a call to fail, so that the next one finds the directory open.
      var unused = ProcessHandle.of(server.process()).map(process -> process.onExit().thenRun(() -> leave(joined)));
    }
    return joined;
  }

  /** Lets the others in to the memory that this process has opened. */
  private Seat lead(Opened opened) {
    Seat led = null;
    Deque<AutoCloseable> all = new ArrayDeque<>();
    all.push(opened.close);
    try {
      MemoryToolCalls local = new MemoryToolCalls(opened.memory, opened.extractor);
      all.push(local);
      String key = ServerFile.newKey();
      MemlaneServer server = MemlaneServer.builder(opened.memory).extractor(opened.extractor).port(0).ownerKey(key)
          .keyRequired(true)
          .auditLog(AuditLog.in(directory.resolve(AuditLog.NAME))).onHandOver(this::handOver).start();
      all.push(server);
      ServerFile file = ServerFile.of(server, key);
      file.write(directory);
      all.push(() -> file.remove(directory));
      led = new Seat(local, all);
      LOGGER.log(Logger.Level.INFO, "this process has the memory open, and lets others in");
      return led;
    } finally {
      if (led == null) {
        closeAll(all);
      }
    }
  }

  private static void close(Seat left) {
    closeAll(left.opened);
  }

  private static void closeAll(Deque<AutoCloseable> all) {
    while (!all.isEmpty()) {
      try {
        all.pop().close();
      } catch (Exception e) {
        LOGGER.log(Logger.Level.WARNING, "something could not be closed in order", e);
      }
    }
  }

  /** Closes the memory if this process has it open. Calls that still wait fail. */
  @Override
  public void close() {
    Seat left;
    synchronized (this) {
      closed = true;
      left = seat;
      seat = null;
      notifyAll();
    }
    if (left != null) {
      close(left);
    }
  }

  @Override
  public String toString() {
    return "SharedMemory[" + directory + "]";
  }
}
