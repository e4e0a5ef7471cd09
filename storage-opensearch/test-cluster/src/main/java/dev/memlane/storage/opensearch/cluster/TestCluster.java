package dev.memlane.storage.opensearch.cluster;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * An OpenSearch cluster with the k-NN plug-in, in a JVM of its own, because its Lucene is another one than Memlane's.
 * Starting takes about 15 seconds of processor time for one node. Nothing of it is left when it is closed, or when the
 * JVM that started it ends.
 */
public final class TestCluster implements AutoCloseable {

  private static final long PATIENCE = TimeUnit.MINUTES.toNanos(3);
  private static final int MEGABYTES_PER_NODE = 384;

  private final Process process;
  private final Path directory;
  private final List<URI> hosts;
  private int commands;

  private TestCluster(Process process, Path directory, List<URI> hosts) {
    this.process = process;
    this.directory = directory;
    this.hosts = hosts;
  }

  /**
   * The cluster of one node that all tests of this JVM share. It is started when it is first asked for. It lets go of
   * removed documents after half a second instead of half a minute.
   */
  public static TestCluster shared() {
    return Shared.CLUSTER;
  }

  private static final class Shared {
    static final TestCluster CLUSTER = start(1, PatiencePlugin.AGREE_EVERY + "=500ms");
  }

  /**
   * Starts a cluster.
   *
   * @param nodes how many nodes it has
   * @param settings further settings of each node, as name=value
   */
  public static TestCluster start(int nodes, String... settings) {
    Path directory = null;
    try {
      Path made = Files.createTempDirectory(parent(), "memlane-opensearch-");
      directory = made;
      List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
          "-Xmx" + (128 + MEGABYTES_PER_NODE * nodes) + "m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
          "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
          "-Dopensearch.set.netty.runtime.available.processors=false", "-Dlog4j2.disable.jmx=true",
          "-Dlog4j2.level=WARN",
          "-cp", classPath(), ClusterProcess.class.getName(), made.toString(), Integer.toString(nodes)));
      command.addAll(List.of(settings));
      Process process = new ProcessBuilder(command).redirectErrorStream(true)
          .redirectOutput(made.resolve("output").toFile()).start();
      Thread end = new Thread(() -> end(process, made), "memlane-test-cluster-end");
      Runtime.getRuntime().addShutdownHook(end);
      List<URI> hosts = await(process, made, "ports").lines().map(port -> URI.create("http://127.0.0.1:" + port))
          .toList();
      return new TestCluster(process, made, hosts);
    } catch (IOException e) {
      throw new UncheckedIOException("the cluster could not be started in " + directory, e);
    }
  }

  /** The addresses of its nodes, in order. */
  public List<URI> hosts() {
    return hosts;
  }

  /** Stops a node, and returns when it has stopped. */
  public void stop(int node) {
    command("stop " + node);
  }

  /** Starts a node that was stopped, and returns when it has joined. */
  public void restart(int node) {
    command("start " + node);
  }

  private void command(String command) {
    try {
      process.getOutputStream().write((command + "\n").getBytes(StandardCharsets.US_ASCII));
      process.getOutputStream().flush();
      String done = Integer.toString(++commands);
      while (!await(process, directory, "done").equals(done)) {
        pause();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the cluster did not " + command, e);
    }
  }

  @Override
  public void close() {
    end(process, directory);
  }

  private static void end(Process process, Path directory) {
    process.destroyForcibly();
    try {
      process.waitFor(1, TimeUnit.MINUTES);
      if (Files.exists(directory)) {
        try (Stream<Path> files = Files.walk(directory)) {
          for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
            Files.deleteIfExists(file);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      throw new UncheckedIOException("files of a cluster are left in " + directory, e);
    }
  }

  /** In memory where the machine has such a file system, because a cluster writes to its disk with every request. */
  private static Path parent() {
    Path memory = Path.of("/dev/shm");
    return Files.isWritable(memory) ? memory : Path.of(System.getProperty("java.io.tmpdir"));
  }

  private static String await(Process process, Path directory, String file) throws IOException {
    long end = System.nanoTime() + PATIENCE;
    while (true) {
      try {
        return Files.readString(directory.resolve(file), StandardCharsets.US_ASCII);
      } catch (NoSuchFileException e) {
        if (!process.isAlive() || System.nanoTime() > end) {
          throw new IOException("the cluster's JVM said: " + Files.readString(directory.resolve("output")), e);
        }
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this test", e);
    }
  }

  private static String classPath() throws IOException {
    List<String> jars = new ArrayList<>();
    try {
      jars.add(Path.of(TestCluster.class.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
    } catch (URISyntaxException e) {
      throw new IOException("the classes of the cluster can't be found", e);
    }
    Properties build = new Properties();
    try (InputStream properties = resource("cluster.properties"); InputStream classPath = resource("class-path")) {
      build.load(properties);
      jars.add(new String(classPath.readAllBytes(), StandardCharsets.UTF_8).strip());
    }
    try (Stream<Path> plugin = Files.list(Path.of(build.getProperty("knn")))) {
      plugin.map(Path::toString).filter(name -> name.endsWith(".jar")).forEach(jars::add);
    }
    return String.join(File.pathSeparator, jars);
  }

  private static InputStream resource(String name) throws IOException {
    return Objects.requireNonNullElseGet(TestCluster.class.getResourceAsStream(name), () -> {
      throw new IllegalStateException("there is no " + name + ": build memlane-storage-opensearch-test-cluster");
    });
  }
}
