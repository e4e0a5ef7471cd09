package dev.memlane.embedded;

import dev.memlane.model.StoreException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server of this process's own, whose data stays in a directory and survives restarts and crashes.
 *
 * <p>
 * The programs come from the class path (io.zonky.test's packages); running them is done here and not by that library,
 * which is made for tests: it begins with trust authentication and switches durability off.
 *
 * <p>
 * <b>Layout.</b> {@code directory/postgres} is the owner's only and holds {@code data} (PostgreSQL's own directory),
 * {@code password}, {@code server.log} (of the latest start) and, where the user's cache is of no use,
 * {@code binaries}.
 *
 * <p>
 * <b>Safety.</b> The server listens on 127.0.0.1 only, has no socket in the file system, and takes nobody without the
 * password, from the first moment on: the data directory is made with it, by a program that listens to nobody. It is
 * passed in a file, so that no command line shows it. The settings and the access rules are written at every start and
 * are not the user's to edit. {@code fsync}, {@code full_page_writes} and {@code synchronous_commit} are on.
 *
 * <p>
 * <b>Log.</b> Errors are answered to the client and not logged as well, and what is logged has no details and no
 * statements: memories do not get into the log, and the log stays short.
 *
 * <p>
 * <b>Ends.</b> {@link #close()} stops the server; so does the end of the JVM, unless the owner takes that upon itself.
 * A JVM that is killed leaves the server behind; the next start stops it. The server runs in a session of its own, so
 * Ctrl-C in a terminal reaches the JVM and not the server: who is writing can still finish.
 *
 * <p>
 * <b>Making the data directory</b> happens under another name, then one renaming: a crash in between leaves nothing that
 * looks like data.
 *
 * <p>
 * Starting and stopping happen under the {@link DirectoryLock}, which must outlive the server. Thread-safe.
 */
final class EmbeddedServer implements AutoCloseable {

  private static final System.Logger LOGGER = System.getLogger(EmbeddedServer.class.getName());

  private static final String USER = "memlane";
  private static final String LOG = "server.log";
  private static final int PASSWORD_BYTES = 32;
  private static final int LOG_TAIL_BYTES = 3000;

  private static final int START_ATTEMPTS = 10;
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  // Long, because the server may have to replay what was written before a crash.
  private static final Duration START_LIMIT = Duration.ofMinutes(5);
  private static final Duration INIT_LIMIT = Duration.ofMinutes(2);
  private static final Duration SIGNAL_LIMIT = Duration.ofSeconds(10);
  private static final Duration FAST_STOP_LIMIT = Duration.ofSeconds(30);
  private static final Duration IMMEDIATE_STOP_LIMIT = Duration.ofSeconds(15);
  private static final Duration KILL_LIMIT = Duration.ofSeconds(5);

  private static final String ACCESS_RULES = """
      # Written by Memlane at every start; what is changed here is lost.
      host all %s 127.0.0.1/32 scram-sha-256
      """.replace("%s", USER);

  private final Path directory;
  private final Path data;
  private final PostgresBinaries binaries;
  private final Programs programs;
  private final @Nullable Thread hook;

  private @Nullable ServerAddress address;
  private boolean closed;

  private EmbeddedServer(Path directory, PostgresBinaries binaries, boolean stopWithJvm) throws IOException {
    this.directory = directory;
    this.data = directory.resolve("data");
    this.binaries = binaries;
    this.programs = Programs.on(data, binaries, directory, user());
    this.hook = stopWithJvm ? new Thread(this::stopAtExit, "memlane-stop-server") : null;
  }

  /**
   * Starts the server on a directory, making its data there if there is none. The first start unpacks PostgreSQL and takes
   * a few seconds, a later one a fraction of a second; after a crash as long as replaying takes, five minutes at most.
   *
   * @param owner holds the directory, and goes on holding it until the server is closed
   * @throws StoreException with what happened and what to do; no server is left running
   */
  static EmbeddedServer start(DirectoryLock owner) {
    List<Path> caches = PostgresBinaries.caches(System.getenv(), System.getProperty("user.home"),
        owner.directory().resolve("postgres"));
    return start(owner, caches, true);
  }

  /**
   * @param caches where to look for PostgreSQL's programs and to unpack them
   * @param stopWithJvm whether the server is stopped when the JVM ends; if not, the caller sees to that
   */
  static EmbeddedServer start(DirectoryLock owner, List<Path> caches, boolean stopWithJvm) {
    Path directory = owner.directory().resolve("postgres");
    try {
      OwnerOnly.createDirectories(directory);
      EmbeddedServer server = new EmbeddedServer(directory, PostgresBinaries.in(caches, user()), stopWithJvm);
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
    if (Files.exists(data)) {
      checkVersion();
      stopLeftBehind();
    }
    String password = password();
    if (!Files.exists(data)) {
      initialise();
    }
    OwnerOnly.write(data.resolve("pg_hba.conf"), ACCESS_RULES);
    if (hook != null) {
      Runtime.getRuntime().addShutdownHook(hook);
    }
    try {
      int port = launch();
      // Nobody but the right server may ask for the password: another one could have taken the port meanwhile.
      address = new ServerAddress("jdbc:postgresql://127.0.0.1:" + port
          + "/postgres?sslmode=disable&requireAuth=scram-sha-256", USER, password);
    } catch (Throwable e) {
      try {
        close();
      } catch (StoreException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private void checkVersion() throws IOException {
    Path file = data.resolve("PG_VERSION");
    if (!Files.exists(file)) {
      throw new StoreException("The directory " + data + " does not hold the data of a PostgreSQL server (there is no"
          + " PG_VERSION in it). Restore it from a backup, or move it away to begin with an empty one.", null);
    }
    String there = Files.readString(file, StandardCharsets.US_ASCII).strip();
    String here = binaries.majorVersion();
    if (!there.equals(here)) {
      throw new StoreException(
          "The data in " + data + " was written by PostgreSQL " + there + ", and this Memlane brings"
              + " PostgreSQL " + here
              + ", which cannot read it. Nothing was changed. Export with the Memlane that wrote it (or"
              + " start a PostgreSQL " + there + " on that directory and dump it with pg_dump), then import into a new"
              + " directory.",
          null);
    }
  }

  private void stopLeftBehind() throws IOException {
    Optional<Postmaster> running = Postmaster.runningOn(data);
    if (running.isPresent()) {
      LOGGER.log(System.Logger.Level.INFO, "Stopping the server that a killed process left behind in {0}", data);
      stop(running.get());
    }
    Postmaster.forget(data);
  }

  private String password() throws IOException {
    Path file = directory.resolve("password");
    if (Files.exists(file)) {
      return Files.readString(file, StandardCharsets.US_ASCII).strip();
    }
    if (Files.exists(data)) {
      throw new StoreException(
          "The password of the PostgreSQL server is missing: there is data in " + data + ", but no "
              + file + ". Restore that file from a backup; it belongs to the data.",
          null);
    }
    byte[] random = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(random);
    String password = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    OwnerOnly.write(file, password);
    return password;
  }

  private void initialise() throws IOException {
    Path unfinished = directory.resolve("data.unfinished");
    if (Files.exists(unfinished)) {
      OwnerOnly.deleteTree(unfinished);
    }
    Programs.Ended ended = programs.run(INIT_LIMIT, "initdb", "--pgdata=data.unfinished", "--username=" + USER,
        "--auth=scram-sha-256", "--pwfile=password", "--encoding=UTF8", "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8", "--locale=C", "--text-search-config=english", "--no-instructions");
    if (!ended.well()) {
      throw new StoreException("PostgreSQL's data could not be made in " + directory + ". " + Advice.on(ended.output())
          + "\n" + ended.output(), null);
    }
    Files.move(unfinished, data, StandardCopyOption.ATOMIC_MOVE);
  }

  private static String settings(int port) {
    return """
        # Written by Memlane at every start; what is changed here is lost.
        listen_addresses = '127.0.0.1'
        port = %s
        unix_socket_directories = ''
        max_connections = 50
        shared_buffers = 128MB

        fsync = on
        full_page_writes = on
        synchronous_commit = on

        timezone = 'UTC'
        log_timezone = 'UTC'
        lc_messages = 'C'

        log_min_messages = log
        log_min_error_statement = panic
        log_error_verbosity = terse
        log_checkpoints = off
        """.replace("%s", Integer.toString(port));
  }

  /** Starts the server process and returns the port that it listens on. */
  private int launch() throws IOException {
    for (int attempt = 1;; attempt++) {
      int port = freePort();
      OwnerOnly.write(data.resolve("postgresql.conf"), settings(port));
      OwnerOnly.write(directory.resolve(LOG), "");
      // Relative paths: pg_ctl hands them to a shell, to which a directory's name may mean something.
      Programs.Ended ended = programs.run(START_LIMIT.plusSeconds(10), "pg_ctl", "start", "--wait",
          "--timeout=" + START_LIMIT.toSeconds(), "--pgdata=data", "--log=" + LOG,
          "--options=-c " + Postmaster.mark(data));
      if (ended.well()) {
        return port;
      }
      String log = logTail();
      boolean passes = log.contains("could not bind") || log.contains("is still in use");
      if (!passes || attempt == START_ATTEMPTS) {
        throw new StoreException("The PostgreSQL server in " + directory + " did not start. " + Advice.on(log)
            + "\n" + ended.output() + "\nThe end of " + directory.resolve(LOG) + ":\n" + log, null);
      }
      // Somebody took the port just now; or the last server was killed and its processes are just noticing that.
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByAddress(new byte[]{127, 0, 0, 1}))) {
      return socket.getLocalPort();
    }
  }

  private String logTail() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(directory.resolve(LOG).toFile(), "r")) {
      byte[] tail = new byte[(int) Math.min(file.length(), LOG_TAIL_BYTES)];
      file.seek(file.length() - tail.length);
      file.readFully(tail);
      return new String(tail, StandardCharsets.UTF_8).strip();
    }
  }

  /** First the way that finishes properly, then the one that leaves replaying to the next start, then by force. */
  private void stop(Postmaster running) throws IOException {
    String id = Long.toString(running.processId());
    programs.run(SIGNAL_LIMIT, "pg_ctl", "kill", "INT", id);
    if (running.endsWithin(FAST_STOP_LIMIT)) {
      return;
    }
    LOGGER.log(System.Logger.Level.WARNING,
        "The server in {0} did not stop within {1} seconds; stopping it the hard way"
            + " (nothing that was committed is lost)",
        data, FAST_STOP_LIMIT.toSeconds());
    programs.run(SIGNAL_LIMIT, "pg_ctl", "kill", "QUIT", id);
    if (running.endsWithin(IMMEDIATE_STOP_LIMIT)) {
      return;
    }
    running.kill();
    if (!running.endsWithin(KILL_LIMIT)) {
      throw new StoreException("The PostgreSQL server in " + directory + " (process " + id + ") cannot be stopped. End"
          + " that process yourself, then try again; nothing that was committed is lost.", null);
    }
  }

  /**
   * Where this server is reached.
   *
   * @throws IllegalStateException if it is closed
   */
  synchronized ServerAddress address() {
    if (closed || address == null) {
      throw new IllegalStateException("the server in " + directory + " is closed");
    }
    return address;
  }

  /**
   * Stops the server: connections end, what was committed stays. Takes a few milliseconds, and a minute at most. A second
   * call does nothing.
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
      Optional<Postmaster> running = Postmaster.runningOn(data);
      if (running.isPresent()) {
        stop(running.get());
      }
    } catch (IOException e) {
      throw new StoreException("The PostgreSQL server in " + directory + " could not be stopped: " + Advice.describe(e)
          + ". The next start will stop it.", e);
    } finally {
      forgetHook();
    }
  }

  private void forgetHook() {
    if (hook == null || Thread.currentThread().equals(hook)) {
      return;
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is ending already; the hook will find this server closed.
    }
  }

  private void stopAtExit() {
    try {
      close();
    } catch (RuntimeException e) {
      LOGGER.log(System.Logger.Level.WARNING, "The server in {0} was left running: {1}", directory, e.getMessage());
    }
  }

  @Override
  public String toString() {
    return "EmbeddedServer[" + directory + "]";
  }
}
