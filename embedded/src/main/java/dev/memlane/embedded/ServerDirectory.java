package dev.memlane.embedded;

import dev.memlane.model.StoreException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;

/**
 * The directory of an {@link EmbeddedServer}, and the files that the server needs in it.
 *
 * <p>
 * It belongs to its owner only and contains {@code data} (PostgreSQL's own directory), {@code password},
 * {@code server.log} (of the latest start) and, where the user's cache can't be used, {@code binaries}. The data
 * directory is made under another name and then renamed, so a crash in between leaves nothing that looks like data. The
 * settings and the access rules are written at every start.
 */
final class ServerDirectory {

  static final String USER = "memlane";
  static final String DATA = "data";
  static final String LOG = "server.log";

  private static final String UNFINISHED_DATA = "data.unfinished";
  private static final String PASSWORD = "password";
  private static final int PASSWORD_BYTES = 32;
  private static final int LOG_TAIL_BYTES = 3000;
  private static final Duration INIT_LIMIT = Duration.ofMinutes(2);

  private static final String ACCESS_RULES = """
      # Written by Memlane at every start; changes will be lost.
      host all %s 127.0.0.1/32 scram-sha-256
      """.replace("%s", USER);

  private final Path path;
  private final Path data;

  ServerDirectory(Path path) {
    this.path = path;
    this.data = path.resolve(DATA);
  }

  Path path() {
    return path;
  }

  Path data() {
    return data;
  }

  Path log() {
    return path.resolve(LOG);
  }

  boolean hasData() {
    return Files.exists(data);
  }

  /** @throws StoreException if the data was written by another major version of PostgreSQL, or is none */
  void checkVersion(String majorVersion) throws IOException {
    Path file = data.resolve("PG_VERSION");
    if (!Files.exists(file)) {
      throw new StoreException("The directory " + data + " does not contain the data of a PostgreSQL server (there"
          + " is no PG_VERSION in it). Restore it from a backup, or move it away to begin with an empty one.", null);
    }
    String there = Files.readString(file, StandardCharsets.US_ASCII).strip();
    if (!there.equals(majorVersion)) {
      throw new StoreException("The data in " + data + " was written by PostgreSQL " + there
          + ", and this Memlane includes PostgreSQL " + majorVersion + ", which cannot read it. Nothing was changed."
          + " Export with the Memlane that wrote it (or start a PostgreSQL " + there
          + " on that directory and dump it with pg_dump), then import into a new directory.", null);
    }
  }

  /**
   * Reads the password, or generates one if there is no data yet.
   *
   * @throws StoreException if there is data, but no password
   */
  String password() throws IOException {
    Path file = path.resolve(PASSWORD);
    if (Files.exists(file)) {
      return Files.readString(file, StandardCharsets.US_ASCII).strip();
    }
    if (hasData()) {
      throw new StoreException("The password of the PostgreSQL server is missing: there is data in " + data
          + ", but no " + file + ". Restore that file from a backup; it belongs to the data.", null);
    }
    byte[] random = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(random);
    String password = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    OwnerOnly.write(file, password);
    return password;
  }

  /** Makes the data directory. The password must have been written. */
  void initialise(Programs programs) throws IOException {
    Path unfinished = path.resolve(UNFINISHED_DATA);
    if (Files.exists(unfinished)) {
      OwnerOnly.deleteTree(unfinished);
    }
    Programs.Result result = programs.run(INIT_LIMIT, "initdb", "--pgdata=" + UNFINISHED_DATA, "--username=" + USER,
        "--auth=scram-sha-256", "--pwfile=" + PASSWORD, "--encoding=UTF8", "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8", "--locale=C", "--text-search-config=english", "--no-instructions");
    if (!result.succeeded()) {
      throw new StoreException("PostgreSQL's data could not be made in " + path + ". " + Advice.on(result.output())
          + "\n" + result.output(), null);
    }
    Files.move(unfinished, data, StandardCopyOption.ATOMIC_MOVE);
  }

  void writeAccessRules() throws IOException {
    OwnerOnly.write(data.resolve("pg_hba.conf"), ACCESS_RULES);
  }

  /**
   * Writes the settings.
   *
   * <p>
   * The log has no errors of clients, which get them as answers, and no details and statements. So memories don't get
   * into the log, and it stays short.
   */
  void writeSettings(int port) throws IOException {
    OwnerOnly.write(data.resolve("postgresql.conf"), """
        # Written by Memlane at every start; changes will be lost.
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
        """.replace("%s", Integer.toString(port)));
  }

  void clearLog() throws IOException {
    OwnerOnly.write(log(), "");
  }

  String logTail() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log().toFile(), "r")) {
      byte[] tail = new byte[(int) Math.min(file.length(), LOG_TAIL_BYTES)];
      file.seek(file.length() - tail.length);
      file.readFully(tail);
      return new String(tail, StandardCharsets.UTF_8).strip();
    }
  }
}
