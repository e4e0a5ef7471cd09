package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Statistics;
import dev.memlane.perf.tests.Verdict.Bar;
import dev.memlane.server.MemlaneServer;
import dev.memlane.server.ServerFile;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * What HTTP costs: adds and searches over REST against the same calls in Java, and the memory of idle streams of events.
 *
 * <p>
 * Server, client and the calls in Java are in this process, on the same memory, so that they differ in nothing but HTTP. The
 * client's work counts against the server.
 */
public final class ServerScenario implements Scenario {

  private static final int CALLERS = 64;
  private static final int STREAMS = 1_000;
  private static final int MEMORIES = 10_000;
  private static final int PAGE = 1_000;
  private static final int WARM_UP_SECONDS = 10;
  private static final int ROUND_SECONDS = 4;
  private static final int COLLECTIONS = 4;
  private static final String ADDING = "adds, " + CALLERS + " callers";
  private static final String SEARCHING = "searches, 1 caller";
  private static final String JAVA = "Java";
  private static final String REST = "REST";
  private static final String HEAP = "heap and direct buffers MB";
  private static final double MEGABYTE = 1 << 20;

  private final GeneratedMemories generated = new GeneratedMemories();
  private final AtomicLong added = new AtomicLong();

  @Override
  public String name() {
    return "server";
  }

  @Override
  public String title() {
    return "adds and searches over REST against the same in Java, and what " + STREAMS
        + " idle streams of events take up";
  }

  @Override
  public void run(Bench bench) throws Exception {
    String key = ServerFile.newKey();
    try (Server database = Server.start(bench.directory("data"));
        MemoryOrchestrator memory = database.builder("served").embedder(new HashEmbedder()).open();
        MemlaneServer server = MemlaneServer.builder(memory).port(0).ownerKey(key).start();
        Connections connections = new Connections(server, key)) {
      fill(bench, memory.blocking());
      // Searches and streams come first: adds leave merges of the index behind, which would disturb them.
      bench.race(List.of(searching(bench, JAVA, number -> searchInJava(memory.blocking(), number)),
          searching(bench, REST, number -> searchOverRest(connections, number))));
      measureStreams(bench, server, key);
      bench.say("warming up with adds");
      adding(bench, WARM_UP_SECONDS, JAVA, call -> addInJava(memory.blocking())).round().call();
      adding(bench, WARM_UP_SECONDS, REST, call -> addOverRest(connections)).round().call();
      bench.race(List.of(adding(bench, ROUND_SECONDS, JAVA, call -> addInJava(memory.blocking())),
          adding(bench, ROUND_SECONDS, REST, call -> addOverRest(connections))));
    }
    judge(bench);
  }

  private void fill(Bench bench, BlockingMemory memory) {
    int count = bench.size(MEMORIES, MEMORIES / 10);
    bench.say("storing " + count + " memories");
    while (added.get() < count) {
      long first = added.getAndAdd(PAGE);
      List<NewMemory> page = LongStream.range(first, first + PAGE).mapToObj(this::memory).toList();
      for (WriteOutcome outcome : memory.addMemories(page)) {
        if (!(outcome instanceof WriteOutcome.Stored)) {
          throw new IllegalStateException(outcome.describe());
        }
      }
    }
  }

  private NewMemory memory(long number) {
    return NewMemory.of(generated.content(number), generated.scope(number));
  }

  // Calls

  private static Contestant adding(Bench bench, double seconds, String name, Load.Call call) {
    return new Contestant(name, ADDING, () -> Load.closed(CALLERS, bench.slice(seconds), call).sample());
  }

  private static Contestant searching(Bench bench, String name, Load.Call call) {
    return new Contestant(name, SEARCHING, () -> Load.closed(1, bench.slice(ROUND_SECONDS), call).sample());
  }

  private void addInJava(BlockingMemory memory) {
    memory.addMemory(memory(added.getAndIncrement()));
  }

  private void addOverRest(Connections connections) throws IOException, InterruptedException {
    long number = added.getAndIncrement();
    connections.post("/api/v1/memories",
        "{\"content\":\"" + generated.content(number) + "\"," + scope(number) + "}", 201);
  }

  private void searchInJava(BlockingMemory memory, long number) {
    if (memory.search(SearchRequest.builder(query(number)).scope(generated.scope(number)).limit(10).build())
        .isEmpty()) {
      throw new IllegalStateException("nothing is found");
    }
  }

  private void searchOverRest(Connections connections, long number) throws IOException, InterruptedException {
    connections.post("/api/v1/memories/search",
        "{\"query\":\"" + query(number) + "\"," + scope(number) + ",\"limit\":10}", 200);
  }

  /** Some words of a memory. The same number asks for the same in both ways. */
  private String query(long number) {
    return Stream.of(generated.content(number).split(" ", -1)).skip(2).limit(3).collect(Collectors.joining(" "));
  }

  private String scope(long number) {
    Scope scope = generated.scope(number);
    return "\"scope\":{\"user\":\"" + scope.user() + "\"}";
  }

  /** The connections of the callers, of which each call takes one. Safe for use by several threads. */
  private static final class Connections implements AutoCloseable {

    private final BlockingQueue<RestConnection> free = new ArrayBlockingQueue<>(CALLERS);
    private final List<RestConnection> all = new ArrayList<>();

    Connections(MemlaneServer server, String key) throws IOException {
      for (int i = 0; i < CALLERS; i++) {
        all.add(new RestConnection(server.uri(), key));
      }
      free.addAll(all);
    }

    void post(String path, String body, int expected) throws IOException, InterruptedException {
      RestConnection connection = free.take();
      connection.post(path, body, expected);
      free.add(connection);
    }

    @Override
    public void close() throws IOException {
      for (RestConnection connection : all) {
        connection.close();
      }
    }
  }

  // Streams

  private static void measureStreams(Bench bench, MemlaneServer server, String key) throws IOException {
    bench.say("opening " + STREAMS + " streams of events");
    double before = usedMegabytes();
    List<RestConnection> streams = new ArrayList<>();
    try {
      for (int i = 0; i < STREAMS; i++) {
        RestConnection stream = new RestConnection(server.uri(), key);
        streams.add(stream);
        stream.openEvents();
      }
      double with = usedMegabytes();
      bench.findings().add("before the streams", "", HEAP, before);
      bench.findings().add("with " + STREAMS + " idle streams", "", HEAP, with);
      bench.findings().judge("MB that " + STREAMS + " idle streams of events take up", with - before, Bar.atMost(100),
          true);
    } finally {
      for (RestConnection stream : streams) {
        stream.close();
      }
    }
  }

  private static double usedMegabytes() {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
    }
    long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct")).mapToLong(BufferPoolMXBean::getMemoryUsed).sum();
    return (ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() + direct) / MEGABYTE;
  }

  private static void judge(Bench bench) {
    FindingCollector findings = bench.findings();
    findings.judge("adds a second over REST, over those in Java",
        findings.ratio(Sample.PER_SECOND, ADDING, REST, JAVA), Bar.atLeast(0.5), !bench.quick());
    List<Double> rest = findings.rounds(REST, SEARCHING, Sample.P50);
    List<Double> java = findings.rounds(JAVA, SEARCHING, Sample.P50);
    List<Double> more = new ArrayList<>();
    for (int i = 0; i < rest.size(); i++) {
      more.add(rest.get(i) - java.get(i));
    }
    findings.judge("ms that the p50 of a search is longer over REST than in Java", Statistics.median(more),
        Bar.atMost(1), !bench.quick());
    findings
        .note("Server and client share this process and its processors. The memory of the streams is with both ends "
            + "of their connections.");
  }
}
