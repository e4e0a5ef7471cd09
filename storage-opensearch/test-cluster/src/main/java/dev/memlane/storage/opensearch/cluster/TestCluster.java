package dev.memlane.storage.opensearch.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * An OpenSearch cluster with the k-NN plug-in, in JVMs of its own, because its Lucene is another one than Memlane's.
 * Starting takes about 15 seconds of processor time for one node. Nothing of it is left when it is closed, or when the
 * JVM that started it ends.
 */
public final class TestCluster implements AutoCloseable {

  private final Path directory;
  private final List<URI> hosts;
  private final List<ClusterJvm> jvms;

  private TestCluster(Path directory, List<URI> hosts, List<ClusterJvm> jvms) {
    this.directory = directory;
    this.hosts = hosts;
    this.jvms = jvms;
  }

  /**
   * The cluster of one node that all tests of this JVM share. It is started when it is first asked for. It releases
   * removed documents after half a second instead of half a minute.
   */
  public static TestCluster shared() {
    return Shared.CLUSTER;
  }

  private static final class Shared {
    static final TestCluster CLUSTER = start(1, PatiencePlugin.AGREE_EVERY + "=500ms");
  }

  /**
   * Starts a cluster, all of it in one JVM.
   *
   * @param nodes how many nodes it has
   * @param settings further settings of each node, as name=value
   */
  public static TestCluster start(int nodes, String... settings) {
    return start(nodes, 1, settings);
  }

  /**
   * Starts a cluster with a JVM for each node, so that each can be killed.
   *
   * @param nodes how many nodes it has
   * @param settings further settings of each node, as name=value
   */
  public static TestCluster startApart(int nodes, String... settings) {
    return start(nodes, nodes, settings);
  }

  private static TestCluster start(int nodes, int jvms, String... settings) {
    Path directory = null;
    try {
      Path made = Files.createTempDirectory(parent(), "memlane-opensearch-");
      directory = made;
      List<Integer> ports = freePorts(2 * nodes);
      List<Integer> http = ports.subList(0, nodes);
      List<ClusterJvm> started = new ArrayList<>();
      TestCluster cluster = new TestCluster(made,
          http.stream().map(port -> URI.create("http://127.0.0.1:" + port)).toList(), started);
      Runtime.getRuntime().addShutdownHook(new Thread(cluster::close, "memlane-test-cluster-end"));
      for (int i = 0; i < jvms; i++) {
        started.add(new ClusterJvm(made, i, nodes / jvms, http, ports.subList(nodes, 2 * nodes), List.of(settings),
            jvms > 1));
      }
      // Together, because the first ones wait for a majority.
      for (ClusterJvm jvm : started) {
        jvm.launch();
      }
      for (ClusterJvm jvm : started) {
        jvm.awaitReady();
      }
      return cluster;
    } catch (IOException e) {
      throw new UncheckedIOException("the cluster could not be started in " + directory, e);
    }
  }

  /** The addresses of its nodes, in order. */
  public List<URI> hosts() {
    return hosts;
  }

  /** The directory with the files of all nodes. */
  public Path directory() {
    return directory;
  }

  /** Stops a node in order, and returns when it has stopped. */
  public void stop(int node) {
    jvm(node).command("stop " + node);
  }

  /** Starts a node that was stopped or killed, and returns when it has joined. */
  public void restart(int node) {
    ClusterJvm jvm = jvm(node);
    if (jvm.isAlive()) {
      jvm.command("start " + node);
      return;
    }
    try {
      jvm.launch();
      jvm.awaitReady();
    } catch (IOException e) {
      throw new UncheckedIOException("node " + node + " of the cluster could not be started again", e);
    }
  }

  /**
   * Kills the JVM of a node with SIGKILL.
   *
   * @throws IllegalStateException if other nodes are in it
   */
  public void kill(int node) {
    if (jvms.size() < hosts.size()) {
      throw new IllegalStateException("the node has no JVM of its own; start the cluster with startApart");
    }
    jvm(node).kill();
  }

  private ClusterJvm jvm(int node) {
    return jvms.get(jvms.size() == 1 ? 0 : node);
  }

  @Override
  public void close() {
    jvms.forEach(ClusterJvm::kill);
    try {
      if (Files.exists(directory)) {
        try (Stream<Path> files = Files.walk(directory)) {
          for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
            Files.deleteIfExists(file);
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("files of a cluster are left in " + directory, e);
    }
  }

  /** In memory where the machine has such a file system, because a cluster writes to its disk with every request. */
  private static Path parent() {
    Path memory = Path.of("/dev/shm");
    return Files.isWritable(memory) ? memory : Path.of(System.getProperty("java.io.tmpdir"));
  }

  private static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> sockets = new ArrayList<>();
    List<Integer> ports = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      // All are open at once, so that they differ.
      ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      sockets.add(socket);
      ports.add(socket.getLocalPort());
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    return ports;
  }

  @Override
  public String toString() {
    return "TestCluster[" + hosts + "]";
  }
}
