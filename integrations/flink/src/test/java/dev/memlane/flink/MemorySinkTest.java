package dev.memlane.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryWriter;
import dev.memlane.orchestrator.WriterSettings;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The sink in jobs on a real cluster of several task managers in this process, into a real database. */
@Tag("programs")
class MemorySinkTest {

  private static final int INSTANCES = 4;
  private static final int PER_INSTANCE = 1_250;
  private static final int RECORDS = INSTANCES * PER_INSTANCE;
  /** How many records of its own an instance gets before the release. */
  private static final int FIRST = 400;
  private static final Scope SCOPE = Scope.agent("flink");

  /** What happens to the jobs of this test, whose tasks run in this process; a job names its own. */
  private static final Map<UUID, Faults> FAULTS = new ConcurrentHashMap<>();

  /** Shared by all tests: one that is closed as soon as it was started may hang. */
  private static MiniCluster cluster;

  private final UUID name = UUID.randomUUID();
  private final Faults faults = new Faults();

  private String url;

  /** The faults of a job, and what its handler has seen. */
  private static final class Faults {
    /** How often a task is to fail when it meets the record of this number. */
    final Map<Long, AtomicInteger> failures = new ConcurrentHashMap<>();
    /** Until then, each instance gets only the first of its records. */
    final CompletableFuture<Void> released = new CompletableFuture<>();
    final Set<Long> handled = ConcurrentHashMap.newKeySet();

    static Faults of(UUID job) {
      return Objects.requireNonNull(FAULTS.get(job));
    }

    void awaitRelease() {
      try {
        released.get();
      } catch (InterruptedException | ExecutionException e) {
        throw new IllegalStateException("the task was cancelled", e);
      }
    }

    void meet(long number) {
      AtomicInteger left = failures.get(number);
      if (left != null && left.getAndDecrement() > 0) {
        throw new IllegalStateException("an injected fault at record " + number);
      }
    }
  }

  @BeforeAll
  static void startCluster() throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(32));
    // If a part of a job is restarted alone, the source of Flink 2.3 may lose the rest of its range, whatever the sink.
    configuration.set(JobManagerOptions.EXECUTION_FAILOVER_STRATEGY, "full");
    cluster = new MiniCluster(new MiniClusterConfiguration.Builder().setConfiguration(configuration).withRandomPorts()
        .setNumTaskManagers(2).setNumSlotsPerTaskManager(2).build());
    cluster.start();
  }

  @AfterAll
  static void stopCluster() throws Exception {
    cluster.closeAsync().get(2, TimeUnit.MINUTES);
  }

  @BeforeEach
  void createDatabase() {
    FAULTS.put(name, faults);
    url = TestServer.freshDatabase(new DatabaseSchema("memlane").script(0));
  }

  @AfterEach
  void forgetFaults() {
    FAULTS.remove(name);
  }

  @Test
  void records_eachBecomeOneMemory_whenTasksFail() throws Exception {
    for (long number : new long[]{10, 1_500, 2_700, 4_900}) {
      faults.failures.put(number, new AtomicInteger(2));
    }

    faults.released.complete(null);

    cluster.executeJobBlocking(job(sink().build()));

    assertThat(faults.failures.values()).extracting(AtomicInteger::get).allMatch(left -> left <= 0);
    assertEachRecordIsOneMemory();
  }

  @Test
  void records_eachBecomeOneMemory_whenATaskManagerIsTerminated() throws Exception {
    JobID job = cluster.submitJob(job(sink().mostInFlight(50).build())).get().getJobID();
    Awaitility.await().atMost(Duration.ofMinutes(2)).until(() -> count("select count(*) from memlane.memory") > 500);

    cluster.terminateTaskManager(0).get(1, TimeUnit.MINUTES);
    faults.released.complete(null);
    cluster.startTaskManager();

    Awaitility.await().atMost(Duration.ofMinutes(5)).until(() -> cluster.getJobStatus(job).get().isTerminalState());
    assertThat(cluster.getJobStatus(job).get()).isEqualTo(JobStatus.FINISHED);
    assertEachRecordIsOneMemory();
  }

  @Test
  void puts_replaceTheMemory_inTheOrderOfTheRecords() throws Exception {
    UUID own = name;
    MemoryConverter<Long> sameKeys = number -> {
      Faults.of(own).meet(number);
      return NewMemory.builder("state " + number, SCOPE).key("key " + number % 10).build();
    };
    faults.failures.put(700L, new AtomicInteger(1));

    WriterSettings unevenlyFast = WriterSettings.of(url, UnevenlyFastEmbedder::new)
        .withWriteDeadline(Duration.ofMinutes(1));
    cluster.executeJobBlocking(job(MemorySink.builder(unevenlyFast, sameKeys).mode(MemorySink.WriteMode.PUT).build(),
        1_000, 1));

    assertThat(count("select count(*) from memlane.memory")).isEqualTo(10);
    assertThat(count("select count(*) from memlane.memory where content in ('state 990', 'state 991', 'state 992', "
        + "'state 993', 'state 994', 'state 995', 'state 996', 'state 997', 'state 998', 'state 999')")).isEqualTo(10);
  }

  @Test
  void recordThatIsRefused_isHandled_andTheOthersAreStored() throws Exception {
    UUID own = name;
    delete(LongStream.of(9));
    FailureHandler<Long> handler = (number, outcome) -> Faults.of(own).handled.add(number);
    MemoryConverter<Long> some = number -> number % 100 == 7
        ? NewMemory.builder(" ", SCOPE).key("record " + number).build()
        : number % 100 == 8 ? null : NewMemory.builder("fact " + number, SCOPE).key("record " + number).build();

    cluster.executeJobBlocking(job(MemorySink.builder(settings(), some).onFailure(handler).build(), 300, 2));

    assertThat(faults.handled).containsExactlyInAnyOrder(7L, 9L, 107L, 207L);
    assertThat(count("select count(*) from memlane.memory where state = 1")).isEqualTo(293);
  }

  /** Stands for a topic of refused records that takes part in checkpoints: it keeps what came before the last one. */
  private static final class Refusals implements Sink<Tuple2<Long, String>> {

    private static final long serialVersionUID = 1;

    private final UUID job;

    Refusals(UUID job) {
      this.job = job;
    }

    @Override
    public SinkWriter<Tuple2<Long, String>> createWriter(WriterInitContext context) {
      return new SinkWriter<>() {
        private final List<Long> since = new ArrayList<>();

        @Override
        public void write(Tuple2<Long, String> refused, Context unused) {
          if (!refused.f1.contains("deleted")) {
            throw new IllegalStateException("another reason: " + refused.f1);
          }
          since.add(refused.f0);
        }

        @Override
        public void flush(boolean endOfInput) {
          Faults.of(job).handled.addAll(since);
          since.clear();
        }

        @Override
        public void close() {}
      };
    }
  }

  @Test
  void recordsThatAreRefused_arePassedOn_beforeTheCheckpointThatCoversThem_whenTasksFail() throws Exception {
    UUID own = name;
    for (long number : new long[]{300, 1_800}) {
      faults.failures.put(number, new AtomicInteger(2));
    }
    MemoryConverter<Long> some = number -> {
      Faults.of(own).meet(number);
      return fact(number);
    };
    delete(LongStream.range(0, 20).map(i -> i * 100 + 7));
    StreamExecutionEnvironment environment = environment(2);

    // Slow enough for some checkpoints before the faults.
    DataGeneratorSource<Long> numbers = new DataGeneratorSource<>(number -> number, 2_000,
        RateLimiterStrategy.perSecond(4_000), Types.LONG);

    MemorySink.builder(settings(), some).build()
        .storeFrom(environment.fromSource(numbers, WatermarkStrategy.noWatermarks(), "numbers"))
        .sinkTo(new Refusals(own));
    cluster.executeJobBlocking(environment.getStreamGraph().getJobGraph());

    assertThat(faults.failures.values()).extracting(AtomicInteger::get).allMatch(left -> left <= 0);
    assertThat(faults.handled).hasSize(20).allMatch(number -> number % 100 == 7);
    assertThat(count("select count(*) from memlane.memory where state = 1")).isEqualTo(1_980);
  }

  @Test
  void recordsThatAreRefused_arePassedOn_atTheEndOfAJobWithoutCheckpoints() throws Exception {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    delete(LongStream.range(0, 10));

    MemorySink.builder(settings(), MemorySinkTest::fact).build()
        .storeFrom(environment.fromSequence(0, 9).setParallelism(1))
        .setParallelism(1).sinkTo(new Refusals(name)).setParallelism(1);
    cluster.executeJobBlocking(environment.getStreamGraph().getJobGraph());

    assertThat(faults.handled).hasSize(10);
  }

  @Test
  void recordThatIsRefused_failsTheJobWithoutAHandler() {
    MemoryConverter<Long> blank = number -> NewMemory.builder(" ", SCOPE).key("record " + number).build();

    assertThatThrownBy(() -> cluster.executeJobBlocking(job(MemorySink.builder(settings(), blank).build(), 10, 1)))
        .hasStackTraceContaining("a record was not stored").hasStackTraceContaining("onFailure");
  }

  @Test
  void recordWithoutAKey_failsTheJob() {
    MemoryConverter<Long> keyless = number -> NewMemory.of("fact " + number, SCOPE);

    assertThatThrownBy(() -> cluster.executeJobBlocking(job(MemorySink.builder(settings(), keyless).build(), 10, 1)))
        .hasStackTraceContaining("has no key");
  }

  @Test
  void guide_hasTheExampleOfThisTest() throws Exception {
    String databaseUrl = url;
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    // The guide's.
    WriterSettings settings = WriterSettings.of(databaseUrl, HashEmbedder::new);
    MemorySink<String> sink = MemorySink.<String>builder(settings, line -> {
      String[] fields = line.split("\t", 3);
      return NewMemory.builder(fields[2], Scope.user(fields[1])).key("crm " + fields[0]).build();
    }).build();

    environment.enableCheckpointing(10_000);
    environment.fromData("1\tada\tAda plays the oboe", "2\tbo\tBo lives in Oslo").sinkTo(sink);
    environment.execute();

    assertThat(count("select count(*) from memlane.memory where key in ('crm 1', 'crm 2')")).isEqualTo(2);
    String guide = Files.readString(Path.of("../../docs/integrations/flink.md")).replaceAll("(?m)^ +", "");
    String source = Files.readString(Path.of("src/test/java/dev/memlane/flink/MemorySinkTest.java"))
        .replaceAll("(?m)^ +", "");
    String example = guide.substring(guide.indexOf("WriterSettings settings"), guide.indexOf("environment.execute();"));
    assertThat(source).contains("// The guide's.\n" + example);
  }

  @Test
  void builder_refusesWhatIsOutOfRange_andShowsNoSecret() {
    MemorySink.Builder<Long> builder = MemorySink.builder(
        WriterSettings.of("jdbc:postgresql://host/db", HashEmbedder::new).withCredentials("ada", "secret"),
        number -> null);

    assertThatThrownBy(() -> builder.mostInFlight(0)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("at least 1");
    assertThat(builder.build()).hasToString("MemorySink[ADD, WriterSettings[memlane, 4 connections, PT10S]]");
  }

  /** Answers later requests before earlier ones. */
  private static final class UnevenlyFastEmbedder implements Embedder {
    private final HashEmbedder hash = new HashEmbedder();
    private final AtomicInteger requests = new AtomicInteger();

    @Override
    public CompletableFuture<List<float[]>> embed(List<String> texts) {
      long pause = requests.getAndIncrement() % 2 == 0 ? 8 : 0;
      return hash.embed(texts).thenApplyAsync(vectors -> vectors,
          CompletableFuture.delayedExecutor(pause, TimeUnit.MILLISECONDS));
    }

    @Override
    public String model() {
      return hash.model();
    }

    @Override
    public int dimension() {
      return hash.dimension();
    }

    @Override
    public Limits limits() {
      return hash.limits();
    }
  }

  private MemorySink.Builder<Long> sink() {
    UUID own = name;
    return MemorySink.builder(settings(), number -> {
      Faults mine = Faults.of(own);
      mine.meet(number);
      if (number % PER_INSTANCE > FIRST) {
        mine.awaitRelease();
      }
      return NewMemory.builder("fact " + number, SCOPE).key("record " + number).build();
    });
  }

  private static NewMemory fact(long number) {
    return NewMemory.builder("fact " + number, SCOPE).key("record " + number).build();
  }

  /** Stores and deletes the memories of these records, so that they are refused later. */
  private void delete(LongStream numbers) {
    try (MemoryWriter writer = settings().open()) {
      numbers.forEach(number -> {
        writer.add(fact(number)).join();
        writer.deleteMemory(MemoryDeletion.of(MemoryId.derive(SCOPE, "record " + number))).join();
      });
    }
  }

  private WriterSettings settings() {
    return WriterSettings.of(url, HashEmbedder::new).withWriteDeadline(Duration.ofMinutes(1));
  }

  private static JobGraph job(MemorySink<Long> sink) {
    return job(sink, RECORDS, INSTANCES);
  }

  private static JobGraph job(MemorySink<Long> sink, int records, int parallelism) {
    StreamExecutionEnvironment environment = environment(parallelism);
    environment.fromSequence(0, records - 1).sinkTo(sink);
    return environment.getStreamGraph().getJobGraph();
  }

  private static StreamExecutionEnvironment environment(int parallelism) {
    Configuration configuration = new Configuration();
    configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(100));
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 10);
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(10));
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(parallelism);
    return environment;
  }

  private void assertEachRecordIsOneMemory() throws SQLException {
    assertThat(count("select count(*) from memlane.memory where state = 1")).isEqualTo(RECORDS);
    assertThat(count("select count(distinct key) from memlane.memory")).isEqualTo(RECORDS);
    assertThat(count("select count(*) from memlane.history where not void")).isEqualTo(RECORDS);
    assertThat(count("select count(*) from memlane.memory_vector")).isEqualTo(RECORDS);
  }

  private long count(String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }
}
