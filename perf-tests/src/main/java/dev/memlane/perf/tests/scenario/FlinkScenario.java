package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.flink.MemoryConverter;
import dev.memlane.flink.MemorySink;
import dev.memlane.model.NewMemory;
import dev.memlane.orchestrator.WriterSettings;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Records written by jobs of Apache Flink, of which some tasks fail and a task manager is terminated, compared with
 * {@code memlane ingest} of as many lines. At the end each record must be exactly one memory.
 */
public final class FlinkScenario implements Scenario {

  private static final String FLINK = "Flink, with failures";
  private static final String INGEST = "ingest";
  private static final String SCHEMA = "flink";
  private static final int RECORDS = 200_000;
  private static final int SMALL = 10_000;
  private static final int INSTANCES = 2;
  /** One task fails once for so many records. */
  private static final int RECORDS_PER_FAILURE = 50_000;
  private static final Duration LONGEST_JOB = Duration.ofMinutes(30);

  private int rounds;

  @Override
  public String name() {
    return "flink";
  }

  @Override
  public String title() {
    return "200,000 records at a time through Flink's sink, while tasks fail and a task manager is terminated: against"
        + " ingest, vectors from the hash embedder";
  }

  @Override
  public boolean takesLong() {
    return true;
  }

  /** What the converter needs in the task managers, which run in this process. */
  private static final class Shared {
    static final GeneratedMemories GENERATED = new GeneratedMemories();
    static final Set<Long> FAILED = ConcurrentHashMap.newKeySet();
  }

  @Override
  public void run(Bench bench) throws Exception {
    int count = bench.size(RECORDS, SMALL);
    Path lines = bench.directory("lines").resolve("memories.jsonl");
    BulkScenario.writeLines(lines, Shared.GENERATED, count);
    Configuration configuration = new Configuration();
    configuration.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(32));
    // If a part of a job is restarted alone, the source of Flink 2.3 may lose the rest of its range, whatever the sink.
    configuration.set(JobManagerOptions.EXECUTION_FAILOVER_STRATEGY, "full");
    MiniCluster cluster = new MiniCluster(new MiniClusterConfiguration.Builder().setConfiguration(configuration)
        .withRandomPorts().setNumTaskManagers(2).setNumSlotsPerTaskManager(1).build());
    try (Server server = Server.start(bench.directory("data")); BulkWorker ingesting = BulkWorker.start()) {
      cluster.start();
      WriterSettings settings = WriterSettings.of(server.jdbcUrl(), HashEmbedder::new).withSchema(SCHEMA);
      settings.open().close();
      bench.race(List.of(
          new Contestant(FLINK, "", () -> Sample.of(Sample.PER_SECOND,
              count / write(cluster, settings, server.jdbcUrl(), count))),
          new Contestant(INGEST, "",
              () -> Sample.of(Sample.PER_SECOND,
                  count / ingesting.ingest(bench.directory("ingested"), lines, count)))));
      requireOnce(server.jdbcUrl(), (long) rounds * count);
    } finally {
      cluster.closeAsync().get(2, TimeUnit.MINUTES);
    }
    FindingCollector findings = bench.findings();
    findings.note(String.format(Locale.ROOT,
        "%,d records in %d jobs, %d failures of tasks and %d of task managers: %,d memories, each with one entry in its "
            + "history.",
        (long) rounds * count, rounds, Shared.FAILED.size(), rounds, (long) rounds * count));
    findings.note(String.format(Locale.ROOT, "Flink over ingest: %.2f",
        findings.ratio(Sample.PER_SECOND, "", FLINK, INGEST)));
  }

  /** Runs a job, and returns its time in seconds. */
  private double write(MiniCluster cluster, WriterSettings settings, String url, int count) throws Exception {
    long first = (long) rounds++ * count;
    long begun = System.nanoTime();
    JobID job = cluster.submitJob(job(settings, first, count)).get().getJobID();
    // Half of them are there: a moment in the middle, whatever the speed.
    await(() -> stored(url) >= first + count / 2 || cluster.getJobStatus(job).get().isTerminalState());
    cluster.terminateTaskManager(0).get(1, TimeUnit.MINUTES);
    cluster.startTaskManager();
    await(() -> cluster.getJobStatus(job).get().isTerminalState());
    if (cluster.getJobStatus(job).get() != JobStatus.FINISHED) {
      throw new IllegalStateException("the job ended as " + cluster.getJobStatus(job).get());
    }
    return (System.nanoTime() - begun) / 1e9;
  }

  private static JobGraph job(WriterSettings settings, long first, int count) {
    Configuration configuration = new Configuration();
    configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(1));
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 100);
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(10));
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(INSTANCES);
    MemoryConverter<Long> converter = FlinkScenario::convert;
    environment.fromSequence(first, first + count - 1).sinkTo(MemorySink.builder(settings, converter).build());
    return environment.getStreamGraph().getJobGraph();
  }

  private static NewMemory convert(long number) {
    if (number % RECORDS_PER_FAILURE == RECORDS_PER_FAILURE / 2 && Shared.FAILED.add(number)) {
      throw new IllegalStateException("an injected fault at record " + number);
    }
    return NewMemory.builder(Shared.GENERATED.content(number), Shared.GENERATED.scope(number)).key("record " + number)
        .build();
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(Condition condition) throws Exception {
    long end = System.nanoTime() + LONGEST_JOB.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException("the job has not got on within " + LONGEST_JOB);
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private static long stored(String url) throws SQLException {
    return query(url, "select count(*) from " + SCHEMA + ".memory");
  }

  private static void requireOnce(String url, long records) throws SQLException, IOException {
    long memories = query(url, "select count(*) from " + SCHEMA + ".memory where state = 1");
    long keys = query(url, "select count(distinct key) from " + SCHEMA + ".memory");
    long entries = query(url, "select count(*) from " + SCHEMA + ".history where not void");
    if (memories != records || keys != records || entries != records) {
      throw new IOException(records + " records are " + memories + " memories with " + keys + " keys and " + entries
          + " entries in the history");
    }
  }

  private static long query(String url, String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }
}
