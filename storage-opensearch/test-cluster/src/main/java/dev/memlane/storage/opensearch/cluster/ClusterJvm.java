package dev.memlane.storage.opensearch.cluster;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A JVM with some nodes of a cluster: its {@link ClusterProcess}, as seen by the process that starts and ends it. */
final class ClusterJvm {

  private static final long PATIENCE = TimeUnit.MINUTES.toNanos(3);
  private static final int MEGABYTES_PER_NODE = 384;
  /** A node that is loaded refuses writes when its heap is nearly full. */
  private static final int MEGABYTES_PER_LOADED_NODE = 1_024;

  private final Path directory;
  private final int first;
  private final int nodes;
  private final List<Integer> httpPorts;
  private final List<Integer> transportPorts;
  private final List<String> settings;
  private final boolean killed;
  private @Nullable Process process;
  private int commands;

  /**
   * @param directory of the whole cluster
   * @param first its first node
   * @param nodes how many nodes it has
   * @param httpPorts of all nodes of the cluster
   * @param killed whether it is for a cluster whose nodes are killed, and not for one that only has to start soon
   */
  ClusterJvm(Path directory, int first, int nodes, List<Integer> httpPorts, List<Integer> transportPorts,
      List<String> settings, boolean killed) {
    this.directory = directory;
    this.first = first;
    this.nodes = nodes;
    this.httpPorts = httpPorts;
    this.transportPorts = transportPorts;
    this.settings = settings;
    this.killed = killed;
  }

  /** Starts it, and doesn't wait. */
  synchronized void launch() throws IOException {
    commands = 0;
    Files.deleteIfExists(file("ready"));
    Files.deleteIfExists(file("done"));
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx" + (128 + (killed ? MEGABYTES_PER_LOADED_NODE : MEGABYTES_PER_NODE) * nodes) + "m",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-Dopensearch.set.netty.runtime.available.processors=false", "-Dlog4j2.disable.jmx=true",
        "-Dlog4j2.level=WARN", "-cp", classPath(), ClusterProcess.class.getName(), directory.toString(),
        Integer.toString(first), Integer.toString(nodes), list(httpPorts), list(transportPorts)));
    // A cluster that is killed and loaded lives long, and has many vectors to compare.
    command.addAll(1, killed
        ? List.of("-XX:+UseG1GC", "-XX:InitiatingHeapOccupancyPercent=30", "--add-modules", "jdk.incubator.vector")
        : List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+UnlockDiagnosticVMOptions",
            "-XX:-BytecodeVerificationRemote"));
    command.addAll(settings);
    process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(file("output").toFile()).start();
  }

  private static String list(List<Integer> ports) {
    return ports.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  /** Waits until its nodes have joined. */
  void awaitReady() throws IOException {
    String unused = await("ready");
  }

  synchronized boolean isAlive() {
    return process != null && process.isAlive();
  }

  /** Has it carry out a command. */
  synchronized void command(String command) {
    try {
      Process running = Objects.requireNonNull(process, "the JVM was not started");
      running.getOutputStream().write((command + "\n").getBytes(StandardCharsets.US_ASCII));
      running.getOutputStream().flush();
      String done = Integer.toString(++commands);
      while (!await("done").equals(done)) {
        pause();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the cluster did not " + command, e);
    }
  }

  /** Ends it at once, and returns when it has ended. */
  synchronized void kill() {
    if (process == null) {
      return;
    }
    process.destroyForcibly();
    try {
      process.waitFor(1, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Path file(String name) {
    return directory.resolve(name + "-" + first);
  }

  private String await(String name) throws IOException {
    long end = System.nanoTime() + PATIENCE;
    while (true) {
      try {
        return Files.readString(file(name), StandardCharsets.US_ASCII);
      } catch (NoSuchFileException e) {
        if (!isAlive() || System.nanoTime() > end) {
          throw new IOException("the cluster's JVM said: " + Files.readString(file("output")), e);
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
      jars.add(Path.of(ClusterJvm.class.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
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
    return Objects.requireNonNullElseGet(ClusterJvm.class.getResourceAsStream(name), () -> {
      throw new IllegalStateException("there is no " + name + ": build memlane-storage-opensearch-test-cluster");
    });
  }
}
