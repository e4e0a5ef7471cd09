package dev.memlane.embedded;

import dev.memlane.testing.JavaCommand;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A second JVM that opens a directory and then waits until it is ended. */
final class OtherProcess implements AutoCloseable {

  private final Process process;
  private final BufferedReader output;

  private OtherProcess(Process process) {
    this.process = process;
    this.output = process.inputReader(StandardCharsets.UTF_8);
  }

  /**
   * @param job {@code lock}: only holds the directory; {@code serve}: also starts a server and commits a row; {@code
   *        exit}: as serve, then ends by {@code System.exit} without closing anything
   */
  static OtherProcess start(String job, Path directory) throws IOException {
    List<String> command = JavaCommand.with("-cp", System.getProperty("java.class.path"), OtherProcess.class.getName(),
        job, directory.toString());
    return new OtherProcess(new ProcessBuilder(command).redirectErrorStream(true).start());
  }

  static OtherProcess startAndAwaitReady(String job, Path directory) throws IOException {
    OtherProcess other = start(job, directory);
    String said = other.readAll("ready");
    if (!said.endsWith("ready\n")) {
      throw new IllegalStateException("the other process failed: " + said);
    }
    return other;
  }

  private String readAll(String last) throws IOException {
    StringBuilder said = new StringBuilder();
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      said.append(line).append('\n');
      if (line.equals(last)) {
        break;
      }
    }
    return said.toString();
  }

  long id() {
    return process.pid();
  }

  /** Waits until the process ends by itself, and returns its output. */
  String awaitEnd() throws IOException {
    String said = readAll("");
    process.onExit().orTimeout(1, TimeUnit.MINUTES).join();
    return said;
  }

  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    kill();
  }

  public static void main(String[] arguments) throws IOException, SQLException {
    DirectoryLock lock = DirectoryLock.acquire(Path.of(arguments[1]));
    if (!arguments[0].equals("lock")) {
      EmbeddedServer server = EmbeddedServer.start(lock);
      ServerAddress address = server.address();
      try (Connection connection = DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
          Statement statement = connection.createStatement()) {
        statement.execute("create table if not exists note (text text)");
        statement.execute("insert into note values ('committed')");
      }
    }
    System.out.println("ready");
    if (arguments[0].equals("exit")) {
      System.exit(0);
    }
    // Until it is killed.
    int end = System.in.read();
    System.out.println(end + File.separator);
  }
}
