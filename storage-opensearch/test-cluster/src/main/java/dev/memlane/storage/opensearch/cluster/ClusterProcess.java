package dev.memlane.storage.opensearch.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.codelibs.opensearch.runner.node.OpenSearchRunnerNode;
import org.opensearch.analysis.common.CommonAnalysisModulePlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.index.mapper.MapperExtrasModulePlugin;
import org.opensearch.index.reindex.ReindexModulePlugin;
import org.opensearch.node.Node;
import org.opensearch.node.NodeValidationException;
import org.opensearch.painless.PainlessModulePlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.script.expression.ExpressionModulePlugin;
import org.opensearch.transport.Netty4ModulePlugin;

/**
 * The program that the cluster's JVM runs: one node or several. It writes the ports of its nodes into a file when all of
 * them have joined. It reads lines from its standard input: "stop N" and "start N" stop and start a node, and a file named
 * "done" counts the commands that were carried out. It ends when its input does, so it never outlives the tests.
 */
final class ClusterProcess {

  private static final List<Class<? extends Plugin>> PLUGINS = List.of(Netty4ModulePlugin.class,
      CommonAnalysisModulePlugin.class, PainlessModulePlugin.class, ReindexModulePlugin.class,
      MapperExtrasModulePlugin.class, ExpressionModulePlugin.class, PatiencePlugin.class, knn());

  private final Path directory;
  private final List<Integer> httpPorts;
  private final List<Integer> transportPorts;
  private final List<String> settings;
  private final List<Node> nodes = new ArrayList<>();

  private ClusterProcess(Path directory, int count, List<String> settings) throws IOException {
    this.directory = directory;
    this.httpPorts = freePorts(count);
    this.transportPorts = freePorts(count);
    this.settings = settings;
  }

  /** By its name, because it comes in an archive, from which this can't be compiled. */
  private static Class<? extends Plugin> knn() {
    try {
      return Class.forName("org.opensearch.knn.plugin.KNNPlugin").asSubclass(Plugin.class);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("the k-NN plug-in is not on the class path", e);
    }
  }

  /**
   * @param arguments the directory of the cluster, the number of nodes, and settings as name=value
   */
  public static void main(String[] arguments) throws IOException, NodeValidationException {
    Path directory = Path.of(arguments[0]);
    ClusterProcess cluster = new ClusterProcess(directory, Integer.parseInt(arguments[1]),
        List.of(arguments).subList(2, arguments.length));
    cluster.start();
    cluster.obey();
    // Closing the nodes takes seconds, and nothing of them is needed any more.
    Runtime.getRuntime().halt(0);
  }

  private void start() throws IOException, NodeValidationException {
    for (int i = 0; i < httpPorts.size(); i++) {
      nodes.add(node(i));
    }
    List<Thread> starting = new ArrayList<>();
    for (Node node : nodes) {
      // Together, because the first ones wait for a majority.
      starting.add(Thread.ofPlatform().start(() -> startNode(node)));
    }
    for (Thread each : starting) {
      join(each);
    }
    nodes.getFirst().client().admin().cluster().prepareHealth().setWaitForNodes(Integer.toString(nodes.size())).get();
    publish("ports", String.join("\n", httpPorts.stream().map(String::valueOf).toList()));
  }

  private static void startNode(Node node) {
    try {
      node.start();
    } catch (NodeValidationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this program", e);
    }
  }

  private void obey() throws IOException {
    int done = 0;
    StringBuilder line = new StringBuilder();
    for (int next = System.in.read(); next >= 0; next = System.in.read()) {
      if (next != '\n') {
        line.append((char) next);
        continue;
      }
      String[] command = line.toString().split(" ", 2);
      line.setLength(0);
      int number = Integer.parseInt(command[1]);
      if (command[0].equals("stop")) {
        nodes.get(number).close();
      } else {
        nodes.set(number, node(number));
        startNode(nodes.get(number));
      }
      publish("done", Integer.toString(++done));
    }
  }

  private void publish(String name, String content) throws IOException {
    Path unfinished = directory.resolve(name + ".new");
    Files.writeString(unfinished, content, StandardCharsets.US_ASCII);
    Files.move(unfinished, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private Node node(int number) throws IOException {
    Path home = Files.createDirectories(directory.resolve("node-" + number));
    Path config = Files.createDirectories(home.resolve("config"));
    Settings.Builder builder = Settings.builder().put("cluster.name", directory.getFileName().toString())
        .put("node.name", "node-" + number).put("path.home", home.toString())
        .put("path.data", home.resolve("data").toString()).put("network.host", "127.0.0.1")
        .put("http.port", httpPorts.get(number)).put("transport.port", transportPorts.get(number))
        // The machine's disk is the tests' concern.
        .put("cluster.routing.allocation.disk.threshold_enabled", false).put("node.processors", 2);
    if (httpPorts.size() == 1) {
      builder.put("discovery.type", "single-node");
    } else {
      builder.putList("discovery.seed_hosts", transportPorts.stream().map(port -> "127.0.0.1:" + port).toList())
          .putList("cluster.initial_cluster_manager_nodes",
              java.util.stream.IntStream.range(0, httpPorts.size()).mapToObj(i -> "node-" + i).toList());
    }
    for (String setting : settings) {
      int at = setting.indexOf('=');
      builder.put(setting.substring(0, at), setting.substring(at + 1));
    }
    return new OpenSearchRunnerNode(new Environment(builder.build(), config), PLUGINS);
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
}
