package dev.memlane.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A real PgBouncer in transaction mode in front of a server, with so few connections that clients share them. */
public final class PgBouncer implements AutoCloseable {

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final List<Path> PROGRAMS = List.of(Path.of("/usr/sbin/pgbouncer"), Path.of("/usr/bin/pgbouncer"),
      Path.of("/usr/local/bin/pgbouncer"), Path.of("/opt/homebrew/bin/pgbouncer"));
  private static final int SERVER_CONNECTIONS = 6;
  private static final long START_LIMIT_MILLIS = 30_000;

  private final Process process;
  private final String url;

  private PgBouncer(Process process, String url) {
    this.process = process;
    this.url = url;
  }

  /** Skips the test, or fails it, if the program is not installed; see {@link TestNeeds}. */
  public static void require() {
    TestNeeds.require(program() != null,
        "PgBouncer is not installed here (Debian: apt-get install pgbouncer), so nothing is tested through it");
  }

  private static @Nullable Path program() {
    return PROGRAMS.stream().filter(Files::isExecutable).findFirst().orElse(null);
  }

  /**
   * Starts a pooler in front of a server.
   *
   * @param jdbcUrl the URL of a database, as {@link TestServer#freshDatabase} returns it
   * @param directory an empty directory, for its configuration and log
   */
  public static PgBouncer start(String jdbcUrl, Path directory) {
    TestNeeds.program("PgBouncer");
    URI server = URI.create(jdbcUrl.substring("jdbc:".length()));
    Path program = program();
    if (program == null) {
      throw new IllegalStateException("PgBouncer is not installed");
    }
    try {
      int port = freePort();
      Path configuration = directory.resolve("pgbouncer.ini");
      Path log = directory.resolve("pgbouncer.log");
      Files.writeString(configuration, String.format(Locale.ROOT, """
          [databases]
          * = host=%s port=%d user=postgres
          [pgbouncer]
          listen_addr = 127.0.0.1
          listen_port = %d
          unix_socket_dir =
          auth_type = any
          pool_mode = transaction
          default_pool_size = %d
          max_client_conn = 200
          server_login_retry = 1
          """, server.getHost(), server.getPort(), port, SERVER_CONNECTIONS));
      List<String> command = new ArrayList<>(List.of(program.toString()));
      if ("root".equals(System.getProperty("user.name"))) {
        // It refuses to run as root.
        command.addAll(List.of("-u", "nobody"));
        makeReadable(configuration);
      }
      command.add(configuration.toString());
      Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
      awaitListening(process, port, log);
      return new PgBouncer(process, "jdbc:postgresql://127.0.0.1:" + port + server.getPath() + "?user=postgres");
    } catch (IOException e) {
      throw new UncheckedIOException("PgBouncer did not start", e);
    }
  }

  /** Makes a file in the test's temporary directory readable for other users. */
  private static void makeReadable(Path configuration) throws IOException {
    Files.setPosixFilePermissions(configuration,
        PosixFilePermissions.fromString("rw-r--r--"));
    for (Path folder = configuration.getParent(); folder != null; folder = folder.getParent()) {
      if (folder.startsWith(Path.of(System.getProperty("java.io.tmpdir")))
          && !folder.equals(Path.of(System.getProperty("java.io.tmpdir")))) {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void awaitListening(Process process, int port, Path log) throws IOException {
    long begun = System.nanoTime();
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
        return;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() - begun > START_LIMIT_MILLIS * 1_000_000) {
          process.destroyForcibly();
          try (Stream<String> lines = Files.lines(log)) {
            throw new IOException("PgBouncer does not listen: " + lines.toList(), e);
          }
        }
        LockSupport.parkNanos(POLL_NANOS);
      }
    }
  }

  /** The URL for clients, with the user in it. */
  public String jdbcUrl() {
    return url;
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
