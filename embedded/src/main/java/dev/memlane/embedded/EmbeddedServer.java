package dev.memlane.embedded;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.StoreException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server of this process, whose data stays in a directory and survives restarts and crashes.
 *
 * <p>
 * PostgreSQL's programs come from the class path (io.zonky.test's packages). That library could run them too, but is
 * made for tests: it starts with trust authentication and switches durability off.
 *
 * <p>
 * <b>Safety.</b> The server listens on 127.0.0.1 only, has no socket in the file system, and accepts no client without
 * the password. That holds from the first moment: {@code initdb} sets the password before the server runs for the first
 * time. The password is passed in a file, so no command line shows it. The settings and the access rules are written at
 * every start; the user can't edit them. {@code fsync}, {@code full_page_writes} and {@code synchronous_commit} are on.
 *
 * <p>
 * <b>End.</b> {@link #close()} stops the server. So does the end of the JVM, unless the owner does that itself. A JVM
 * that is killed leaves the server running; the next start stops it. The server runs in its own session, so Ctrl-C in a
 * terminal reaches the JVM and not the server, and writes under way can finish.
 *
 * <p>
 * Starting and stopping happen under the {@link DirectoryLock}, which must be held longer than the server runs. The
 * files are in a {@link ServerDirectory}. Safe for use by several threads.
 */
final class EmbeddedServer implements AutoCloseable {

  private static final System.Logger LOGGER = System.getLogger(EmbeddedServer.class.getName());

  private static final int START_ATTEMPTS = 10;
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  // Long, because the server may have to replay its log after a crash.
  private static final Duration START_LIMIT = Duration.ofMinutes(5);
  private static final Duration SIGNAL_LIMIT = Duration.ofSeconds(10);
  private static final Duration FAST_STOP_LIMIT = Duration.ofSeconds(30);
  private static final Duration IMMEDIATE_STOP_LIMIT = Duration.ofSeconds(15);
  private static final Duration KILL_LIMIT = Duration.ofSeconds(5);

  private final ServerDirectory directory;
  private final PostgresBinaries binaries;
  private final Programs programs;
  private final @Nullable Thread hook;

  @GuardedBy("this")
  private @Nullable ServerAddress address;
  @GuardedBy("this")
  private boolean closed;

  private EmbeddedServer(ServerDirectory directory, PostgresBinaries binaries, boolean stopWithJvm)
      throws IOException {
    this.directory = directory;
    this.binaries = binaries;
    this.programs = Programs.on(directory.data(), binaries, directory.path(), user());
    this.hook = stopWithJvm ? new Thread(this::stopAtExit, "memlane-stop-server") : null;
  }

  /**
   * Starts the server on a directory, and makes its data if there is none. The first start unpacks PostgreSQL and takes
   * a few seconds, a later one a fraction of a second. After a crash, a start may take up to five minutes to replay the
   * log.
   *
   * @param owner the directory's lock, which must be held until the server is closed
   * @throws StoreException with what happened and what to do; no server is left running
   */
  static EmbeddedServer start(DirectoryLock owner) {
    List<Path> caches = PostgresBinaries.caches(System.getenv(), System.getProperty("user.home"),
        owner.directory().resolve("postgres"));
    return start(owner, caches, true);
  }

  /**
   * Starts the server on a directory.
   *
   * @param caches where to look for PostgreSQL's programs and to unpack them
   * @param stopWithJvm whether the server is stopped when the JVM ends; otherwise the caller has to stop it
   */
  static EmbeddedServer start(DirectoryLock owner, List<Path> caches, boolean stopWithJvm) {
    Path directory = owner.directory().resolve("postgres");
    try {
      OwnerOnly.createDirectories(directory);
      EmbeddedServer server = new EmbeddedServer(new ServerDirectory(directory),
          PostgresBinaries.in(caches, user()), stopWithJvm);
      server.start();
      return server;
    } catch (IOException e) {
      throw new StoreException(
          "The PostgreSQL server in " + directory + " could not be started: " + Advice.describe(e) + ". "
              + Advice.on(Advice.describe(e)),
          e);
    }
  }

  private static int user() {
    return System.getProperty("os.name", "").startsWith("Windows")
        ? -1
        : (int) new com.sun.security.auth.module.UnixSystem().getUid();
  }

  private synchronized void start() throws IOException {
    if (directory.hasData()) {
      directory.checkVersion(binaries.majorVersion());
      stopLeftover();
    }
    String password = directory.password();
    if (!directory.hasData()) {
      directory.initialise(programs);
    }
    directory.writeAccessRules();
    if (hook != null) {
      Runtime.getRuntime().addShutdownHook(hook);
    }
    try {
      int port = launch();
      // Clients require SCRAM, so that another server, which may have taken the port meanwhile, can't get the password.
      address = new ServerAddress("jdbc:postgresql://127.0.0.1:" + port
          + "/postgres?sslmode=disable&requireAuth=scram-sha-256", ServerDirectory.USER, password);
    } catch (Throwable e) {
      try {
        close();
      } catch (StoreException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private void stopLeftover() throws IOException {
    Optional<Postmaster> running = Postmaster.runningOn(directory.data());
    if (running.isPresent()) {
      LOGGER.log(System.Logger.Level.INFO, "Stopping the server that a killed process left running in {0}",
          directory.data());
      stop(running.get());
    }
    Postmaster.deleteFile(directory.data());
  }

  /** Starts the server process and returns its port. */
  private int launch() throws IOException {
    for (int attempt = 1;; attempt++) {
      int port = freePort();
      directory.writeSettings(port);
      directory.clearLog();
      // Relative paths, because pg_ctl passes them to a shell, which may interpret a directory's name.
      Programs.Result result = programs.run(START_LIMIT.plusSeconds(10), "pg_ctl", "start", "--wait",
          "--timeout=" + START_LIMIT.toSeconds(), "--pgdata=" + ServerDirectory.DATA, "--log=" + ServerDirectory.LOG,
          "--options=-c " + Postmaster.mark(directory.data()));
      if (result.succeeded()) {
        return port;
      }
      String log = directory.logTail();
      boolean temporary = log.contains("could not bind") || log.contains("is still in use");
      if (!temporary || attempt == START_ATTEMPTS) {
        throw new StoreException("The PostgreSQL server in " + directory.path() + " did not start. " + Advice.on(log)
            + "\n" + result.output() + "\nThe end of " + directory.log() + ":\n" + log, null);
      }
      // Another process has taken the port just now, or processes of a killed server are still ending.
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByAddress(new byte[]{127, 0, 0, 1}))) {
      return socket.getLocalPort();
    }
  }

  /** Stops a server: first in good order, then at once, which leaves a log to replay, then by force. */
  private void stop(Postmaster running) throws IOException {
    String id = Long.toString(running.processId());
    programs.run(SIGNAL_LIMIT, "pg_ctl", "kill", "INT", id);
    if (running.endsWithin(FAST_STOP_LIMIT)) {
      return;
    }
    LOGGER.log(System.Logger.Level.WARNING,
        "The server in {0} did not stop within {1} seconds; stopping it immediately"
            + " (nothing that was committed is lost)",
        directory.data(), FAST_STOP_LIMIT.toSeconds());
    programs.run(SIGNAL_LIMIT, "pg_ctl", "kill", "QUIT", id);
    if (running.endsWithin(IMMEDIATE_STOP_LIMIT)) {
      return;
    }
    running.kill();
    if (!running.endsWithin(KILL_LIMIT)) {
      throw new StoreException("The PostgreSQL server in " + directory.path() + " (process " + id
          + ") cannot be stopped. End that process yourself, then try again; nothing that was committed is lost.",
          null);
    }
  }

  /**
   * The address at which clients reach this server.
   *
   * @throws IllegalStateException if it is closed
   */
  synchronized ServerAddress address() {
    if (closed || address == null) {
      throw new IllegalStateException("the server in " + directory.path() + " is closed");
    }
    return address;
  }

  /**
   * Stops the server: connections end, committed data stays. Takes a few milliseconds usually, and a minute at most. A
   * second call does nothing.
   *
   * @throws StoreException if the server cannot be stopped
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      Optional<Postmaster> running = Postmaster.runningOn(directory.data());
      if (running.isPresent()) {
        stop(running.get());
      }
    } catch (IOException e) {
      throw new StoreException("The PostgreSQL server in " + directory.path() + " could not be stopped: "
          + Advice.describe(e) + ". The next start will stop it.", e);
    } finally {
      removeHook();
    }
  }

  private void removeHook() {
    if (hook == null || Thread.currentThread().equals(hook)) {
      return;
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is shutting down already. The hook will find this server closed.
    }
  }

  private void stopAtExit() {
    try {
      close();
    } catch (RuntimeException e) {
      LOGGER.log(System.Logger.Level.WARNING, "The server in {0} was left running: {1}", directory.path(),
          e.getMessage());
    }
  }

  @Override
  public String toString() {
    return "EmbeddedServer[" + directory.path() + "]";
  }
}
