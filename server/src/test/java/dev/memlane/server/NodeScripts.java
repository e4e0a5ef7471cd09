package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.TestNeeds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Tests in JavaScript, in a folder of {@code src/test/node} with a {@code package.json}. They run in a copy under
 * {@code target}, with the packages that they need. Where Node, npm or the network is missing, the test that runs them is
 * skipped, or fails; see {@link TestNeeds}.
 */
final class NodeScripts {

  /** How long a command may take. It only ends what hangs: a busy machine takes ten times as long as a quiet one. */
  private static final int MINUTES = 30;
  private static final int INSTALLATIONS = 3;

  private final Path root;
  private final Path folder;

  private NodeScripts(Path root, Path folder) {
    this.root = root;
    this.folder = folder;
  }

  /** Prepares the scripts of a folder. */
  static NodeScripts in(String name) throws IOException, InterruptedException {
    Path root = Path.of("target/node", name).toAbsolutePath();
    Path copy = root.resolve("src/test/node").resolve(name);
    copy(Path.of("src/test/node", name), copy);
    TestNeeds.require(
        succeeds("node", "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)")
            && succeeds("npm", "--version"),
        "Node 20 or later and npm are not installed");
    Path installed = copy.resolve("node_modules/.package-lock.json");
    boolean fresh = Files.exists(installed) && Files.getLastModifiedTime(installed)
        .compareTo(Files.getLastModifiedTime(Path.of("src/test/node", name, "package-lock.json"))) > 0;
    TestNeeds.require(fresh || install(copy),
        "npm could not download what the tests in src/test/node/" + name + " need; the network may be missing");
    return new NodeScripts(root, copy);
  }

  /** Installs the packages of a folder. A registry fails now and then for a moment, beyond npm's own repetitions. */
  private static boolean install(Path folder) throws IOException, InterruptedException {
    for (int attempt = 0; attempt < INSTALLATIONS; attempt++) {
      if (succeedsIn(folder, "npm", "ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund",
          "--fetch-retries=5")) {
        return true;
      }
    }
    return false;
  }

  /** Copies another folder of the module, which the scripts read, to the same place beside them. */
  NodeScripts with(String other) throws IOException {
    copy(Path.of(other), root.resolve(other));
    return this;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path file : all.filter(Files::isRegularFile).filter(file -> !file.toString().contains("node_modules"))
          .toList()) {
        Path copy = to.resolve(from.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.write(copy, Files.readAllBytes(file));
      }
    }
  }

  private static boolean succeeds(String... command) throws InterruptedException {
    try {
      return succeedsIn(Path.of("."), command);
    } catch (IOException e) {
      // There is no such program.
      return false;
    }
  }

  private static boolean succeedsIn(Path folder, String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).directory(folder.toFile())
        .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    boolean ended = process.waitFor(MINUTES, TimeUnit.MINUTES);
    process.destroyForcibly();
    return ended && process.exitValue() == 0;
  }

  /** Where the scripts and their packages are. */
  Path folder() {
    return folder;
  }

  /** Runs the given files' tests, or all of the folder, and fails with their output unless all pass. */
  String test(Map<String, String> environment, String... files) throws IOException, InterruptedException {
    // Node counts all tests of a file together.
    long millis = TimeUnit.MINUTES.toMillis(MINUTES - 1);
    Stream<String> command = Stream.of("node", "--test", "--test-concurrency=2", "--test-timeout=" + millis);
    return run(Stream.concat(command, Stream.of(files)).toList(), environment);
  }

  /** Runs a command in the folder, and fails with its output unless it succeeds. */
  String run(List<String> command, Map<String, String> environment) throws IOException, InterruptedException {
    Path log = Files.createTempFile("node-tests", ".log");
    try {
      ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile())
          .redirectErrorStream(true).redirectOutput(log.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      boolean ended = process.waitFor(MINUTES, TimeUnit.MINUTES);
      process.destroyForcibly();
      String output = Files.readString(log, StandardCharsets.UTF_8);
      assertThat(ended).as("the scripts end within %d minutes: %s", MINUTES, output).isTrue();
      assertThat(process.exitValue()).as(output).isZero();
      return output;
    } finally {
      Files.deleteIfExists(log);
    }
  }
}
