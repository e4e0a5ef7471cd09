package dev.memlane.storage.opensearch.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
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
 * The program that a JVM of the cluster runs: one node or several. A file says that they have joined. It reads lines from its
 * standard input: "stop N" and "start N" stop and start a node, and a file counts the commands that were carried out. It ends
 * when its input does, so it never outlives the tests.
 */
final class ClusterProcess {

  private static final List<Class<? extends Plugin>> PLUGINS = List.of(Netty4ModulePlugin.class,
      CommonAnalysisModulePlugin.class, PainlessModulePlugin.class, ReindexModulePlugin.class,
      MapperExtrasModulePlugin.class, ExpressionModulePlugin.class, PatiencePlugin.class, knn());

  private final Path directory;
  private final List<Integer> httpPorts;
  private final List<Integer> transportPorts;
  private final List<String> settings;
  private final int first;
  private final List<Node> nodes = new ArrayList<>();

  private ClusterProcess(Path directory, int first, List<Integer> httpPorts, List<Integer> transportPorts,
      List<String> settings) {
    this.directory = directory;
    this.first = first;
    this.httpPorts = httpPorts;
    this.transportPorts = transportPorts;
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
   * @param arguments the directory of the cluster, the first node of this JVM, the number of its nodes, the HTTP ports and the
   * transport ports of all nodes with commas between them, and settings as name=value
   */
  public static void main(String[] arguments) throws IOException, NodeValidationException {
    ClusterProcess cluster = new ClusterProcess(Path.of(arguments[0]), Integer.parseInt(arguments[1]),
        ports(arguments[3]),
        ports(arguments[4]), List.of(arguments).subList(5, arguments.length));
    cluster.start(Integer.parseInt(arguments[2]));
    cluster.obey();
    // Closing the nodes takes seconds, and nothing of them is needed any more.
    Runtime.getRuntime().halt(0);
  }

  private static List<Integer> ports(String list) {
    return Arrays.stream(list.split(",")).map(Integer::valueOf).toList();
  }

  private void start(int count) throws IOException, NodeValidationException {
    for (int i = 0; i < count; i++) {
      nodes.add(node(first + i));
    }
    List<Thread> starting = new ArrayList<>();
    for (Node node : nodes) {
      // Together, because the first ones wait for a majority.
      starting.add(Thread.ofPlatform().start(() -> startNode(node)));
    }
    for (Thread each : starting) {
      join(each);
    }
    nodes.getFirst().client().admin().cluster().prepareHealth().setWaitForNodes(Integer.toString(httpPorts.size()))
        .get();
    publish("ready-" + first, "");
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
      int number = Integer.parseInt(command[1]) - first;
      if (command[0].equals("stop")) {
        nodes.get(number).close();
      } else {
        nodes.set(number, node(first + number));
        startNode(nodes.get(number));
      }
      publish("done-" + first, Integer.toString(++done));
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
}
