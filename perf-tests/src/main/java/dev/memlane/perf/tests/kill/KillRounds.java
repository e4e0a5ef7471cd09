package dev.memlane.perf.tests.kill;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.perf.tests.Directories;
import dev.memlane.perf.tests.kill.Checker.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Rounds of work, killing and checking on one data directory. Each round checks the promises of all earlier ones again.
 *
 * <p>
 * <b>Processes.</b> This process is never killed. It keeps the {@link Ledger} and, in most rounds, the PostgreSQL
 * server, by having {@code directory/home} open as a {@link Memlane}. The victims reach the server through the
 * {@link Relay}, whose port stays the same when the server comes back on another one. The directories {@code a} and
 * {@code b} hold the victims' indexes. In the other rounds this process closes {@code home}, and the victim opens it
 * together with the server.
 *
 * <p>
 * <b>A round</b> lets victims work, kills at a random instant, and waits until the server has ended the killed
 * process's connections; until then, a statement already sent may still land. Then it opens each victim's directory
 * again, which compares its index with core, and checks.
 *
 * <p>
 * <b>With a cluster</b>, the victims share an index on it, so one of them is the keeper, which is killed like the others. This
 * process has an index of its own even then: it follows what the victims write, and is compared as well.
 *
 * <p>
 * Used by one thread. Closing ends every process that was started.
 */
final class KillRounds implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  /** How long the keeper of a shared index may take after a kill; a killed keeper's lease has to end first. */
  private static final Duration KEEPER_PATIENCE = Duration.ofSeconds(90);
  private static final Duration FOLLOWING = Duration.ofMillis(500);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
  private static final int SHORTEST_WORK = 300;

  private final Path directory;
  private final @Nullable ClusterIndex cluster;
  private final Random random;
  private final int longestWork;
  private final Ledger ledger = new Ledger();
  private final Relay relay;
  // Guarded by itself.
  private final List<VictimProcess> victims = new ArrayList<>();
  private final Thread hook = new Thread(this::endAtExit, "kill-victims");

  private @Nullable Memlane keeper;
  private int round;
  private int started;
  /** The latest time from a victim's start to its first acknowledgement. */
  private Duration opening = Duration.ofMillis(1_500);

  /**
   * The result of a round.
   *
   * @param acknowledged operations that were acknowledged as landed in this round
   * @param rolledBack operations that were answered as rolled back
   * @param unsettled operations that were answered as unsettled and whose fate was not found out
   * @param inFlight requests without an answer
   * @param kills the number of kills
   * @param reopening the time to open the first victim's directory again, in seconds
   */
  record Result(KillKind kill, int kills, long acknowledged, long rolledBack, long unsettled, long inFlight,
      double reopening, List<Problem> problems) {}

  /**
   * @param directory is created for these rounds, and kept
   * @param longestWork the longest time until a kill, in milliseconds
   */
  KillRounds(Path directory, long seed, int longestWork) throws IOException {
    this(directory, null, seed, longestWork);
  }

  /** @param cluster the index that the victims share; null for indexes of their own */
  KillRounds(Path directory, @Nullable ClusterIndex cluster, long seed, int longestWork) throws IOException {
    this.directory = directory;
    this.cluster = cluster;
    this.random = new Random(seed);
    this.longestWork = longestWork;
    Files.createDirectories(directory);
    this.relay = Relay.open();
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Runs one round. */
  Result run(KillKind kill) throws IOException, InterruptedException, SQLException {
    round++;
    int first = started;
    List<Problem> problems = new ArrayList<>();
    int kills = switch (kill) {
      case PROCESS, PROCESS_AND_SERVER, INDEX_DELETED, OPENING -> killShared(kill);
      case SERVER -> killServer(problems);
      case NODE -> killNode(problems);
      case SECOND_WORKS_ON -> killOneOfTwo();
      case OWN_SERVER, OWN_SERVER_LEFT -> killOwn(kill);
    };
    double reopening = reopenAndCheck(kill, problems);
    return new Result(kill, kills,
        ledger.count(first, Set.of(Attempt.Answer.STORED, Attempt.Answer.DELETED, Attempt.Answer.FOUND_LANDED)),
        ledger.count(first, Set.of(Attempt.Answer.ROLLED_BACK)),
        ledger.count(first, Set.of(Attempt.Answer.UNSETTLED, Attempt.Answer.UNKNOWN)),
        ledger.count(first, Set.of(Attempt.Answer.NONE)), reopening, problems);
  }

  /** Opens the first victim's directory again and checks, without a kill before. */
  List<Problem> check() throws IOException, InterruptedException, SQLException {
    List<Problem> problems = new ArrayList<>();
    reopenAndCheck(KillKind.PROCESS, problems);
    return problems;
  }

  /** The requests and answers so far. */
  List<Attempt> attempts() {
    return ledger.attempts();
  }

  // Kills

  private int killShared(KillKind kill) throws IOException, InterruptedException {
    keep();
    VictimProcess victim = start('a', true);
    if (kill == KillKind.OPENING) {
      victim.letWork(Duration.ofNanos(random.nextLong(opening.toNanos())));
      victim.kill();
      return 1;
    }
    work(victim);
    if (kill == KillKind.PROCESS_AND_SERVER) {
      boolean serverFirst = random.nextBoolean();
      if (serverFirst) {
        server().kill();
      }
      victim.kill();
      if (!serverFirst) {
        server().kill();
      }
      return 2;
    }
    victim.kill();
    if (kill == KillKind.INDEX_DELETED) {
      if (cluster != null) {
        cluster.delete();
      } else {
        Directories.delete(directory.resolve("a").resolve("vectors"));
      }
    }
    return 1;
  }

  private int killNode(List<Problem> problems) throws IOException, InterruptedException {
    keep();
    ClusterIndex nodes = Objects.requireNonNull(cluster, "there is no cluster");
    VictimProcess victim = start('a', true);
    work(victim);
    int node = random.nextInt(nodes.nodes());
    nodes.kill(node);
    victim.letWork(Duration.ofMillis(random.nextInt(longestWork)));
    nodes.restart(node);
    victim.letWork(Duration.ofMillis(SHORTEST_WORK + random.nextInt(longestWork)));
    String wrong = victim.finish();
    if (!wrong.isEmpty()) {
      problems.add(new Problem(null, wrong));
    }
    return 1;
  }

  private int killServer(List<Problem> problems) throws IOException, InterruptedException {
    keep();
    VictimProcess victim = start('a', true);
    work(victim);
    relay.leadTo(0);
    server().kill();
    victim.letWork(Duration.ofMillis(random.nextInt(longestWork)));
    keep();
    victim.letWork(Duration.ofMillis(SHORTEST_WORK + random.nextInt(longestWork)));
    String wrong = victim.finish();
    if (!wrong.isEmpty()) {
      problems.add(new Problem(null, wrong));
    }
    return 1;
  }

  private int killOneOfTwo() throws IOException, InterruptedException {
    keep();
    VictimProcess one = start('a', true);
    VictimProcess other = start('b', true);
    one.awaitWorking();
    work(other);
    one.kill();
    VictimProcess successor = start('a', true);
    if (random.nextBoolean()) {
      successor.awaitWorking();
    }
    other.letWork(instant());
    successor.kill();
    other.letWork(Duration.ofMillis(random.nextInt(SHORTEST_WORK)));
    other.kill();
    return 3;
  }

  private int killOwn(KillKind kill) throws IOException, InterruptedException {
    stopKeeping();
    VictimProcess victim = start('h', false);
    work(victim);
    if (kill == KillKind.OWN_SERVER) {
      ServerProcess server = server();
      victim.kill();
      server.kill();
      return 2;
    }
    victim.kill();
    return 1;
  }

  private void work(VictimProcess victim) throws IOException, InterruptedException {
    opening = victim.awaitWorking();
    victim.letWork(instant());
  }

  private Duration instant() {
    return Duration.ofNanos(TimeUnit.MILLISECONDS.toNanos(SHORTEST_WORK)
        + random.nextLong(TimeUnit.MILLISECONDS.toNanos(Math.max(1, longestWork - SHORTEST_WORK))));
  }

  // Processes

  private VictimProcess start(char lane, boolean shared) throws IOException {
    int number = started++;
    Duration deadline = Duration.ofMillis(switch (random.nextInt(3)) {
      case 0 -> 500;
      case 1 -> 2_000;
      default -> 10_000;
    });
    Victim.Settings settings = new Victim.Settings(directoryOf(lane), shared ? server().jdbcUrl(relay.port()) : null,
        cluster == null ? null : cluster.address(), "v" + number, lane, round, random.nextLong(), deadline,
        ledger.retries(lane));
    VictimProcess victim = VictimProcess.start(new Attempt.Source(number, lane), settings, ledger,
        directory.resolve("victim-" + number + ".log"));
    synchronized (victims) {
      victims.add(victim);
    }
    return victim;
  }

  private Path directoryOf(char lane) {
    return directory.resolve(lane == 'h' ? "home" : String.valueOf(lane));
  }

  /** Makes sure that the server runs and that this process keeps it. */
  private void keep() throws IOException {
    if (keeper != null && ServerProcess.of(directoryOf('h')).isPresent()) {
      return;
    }
    stopKeeping();
    // Usually the server belongs to one process, which does not poll for others' writes; here others write.
    keeper = Memlane.builder(directoryOf('h')).embedder(new HashEmbedder())
        .settings(orchestrator -> orchestrator.followEvery(FOLLOWING)).open();
    relay.leadTo(server().port());
  }

  private void stopKeeping() {
    relay.leadTo(0);
    if (keeper != null) {
      keeper.close();
      keeper = null;
    }
  }

  private ServerProcess server() throws IOException {
    return ServerProcess.of(directoryOf('h')).orElseThrow(() -> new IOException("there is no server"));
  }

  // Checks

  private double reopenAndCheck(KillKind kill, List<Problem> problems)
      throws IOException, InterruptedException, SQLException {
    boolean own = kill == KillKind.OWN_SERVER || kill == KillKind.OWN_SERVER_LEFT;
    Instant killed = Instant.now();
    long start = System.nanoTime();
    keep();
    double reopening = (System.nanoTime() - start) / 1e9;
    try (Connection connection = connect()) {
      awaitNobody(connection, relay.takePorts(), killed);
      if (!own) {
        start = System.nanoTime();
        try (Memlane memlane = reopen('a')) {
          reopening = (System.nanoTime() - start) / 1e9;
          checkReopened(memlane.blocking(), problems);
        }
      }
      if (kill == KillKind.SECOND_WORKS_ON) {
        try (Memlane memlane = reopen('b')) {
          checkReopened(memlane.blocking(), problems);
        }
      }
      StoredRows stored = StoredRows.read(connection);
      List<Attempt> attempts = ledger.attempts();
      problems.addAll(Checker.check(attempts, stored));
      if (own) {
        checkOpened(keeper().blocking(), problems);
      } else {
        awaitAgreement(keeper().blocking(), "in the process that follows", PATIENCE, problems);
      }
      problems.addAll(SearchChecker.check(keeper().blocking(), stored, random));
      if (!problems.isEmpty()) {
        Evidence.write(directory.resolve("evidence-round-" + round), problems, attempts, stored);
      }
    }
    return reopening;
  }

  /** A direct connection to the server between rounds, past all of the product's code. */
  Connection connect() throws IOException, SQLException {
    keep();
    return DriverManager.getConnection(server().jdbcUrl(server().port()));
  }

  private Memlane keeper() {
    if (keeper == null) {
      throw new IllegalStateException("no process keeps the server");
    }
    return keeper;
  }

  private Memlane reopen(char lane) throws IOException {
    return Memlane.builder(directoryOf(lane)).embedder(new HashEmbedder())
        .postgres(server().jdbcUrl(server().port()), null, null)
        .sharedIndex(cluster == null ? null : cluster.address().opener()).open();
  }

  /** A victim's memory, opened here: its own index agrees at once, and a shared one as soon as the keeper has mended it. */
  private void checkReopened(BlockingMemory memory, List<Problem> problems) throws IOException, SQLException {
    if (cluster == null) {
      checkOpened(memory, problems);
      return;
    }
    awaitAgreement(memory, "in the shared index", KEEPER_PATIENCE, problems);
    try (Connection connection = connect()) {
      problems.addAll(SearchChecker.check(memory, StoredRows.read(connection), random));
    }
  }

  private static void checkOpened(BlockingMemory memory, List<Problem> problems) {
    memory.verify(false).inconsistencies()
        .forEach(found -> problems.add(new Problem(found.memory(), "after opening: " + found.problem())));
  }

  /**
   * Checks that an index that is kept up to date in the background agrees with the database within a bounded time. If a
   * promise is broken already, it does not wait.
   */
  private static void awaitAgreement(BlockingMemory memory, String where, Duration patience, List<Problem> problems) {
    long deadline = System.nanoTime() + patience.toNanos();
    VerifyReport comparison = memory.verify(false);
    while (!comparison.isClean() && problems.isEmpty() && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(10 * POLL_NANOS);
      comparison = memory.verify(false);
    }
    comparison.inconsistencies().forEach(
        found -> problems.add(new Problem(found.memory(), where + ": " + found.problem())));
  }

  /**
   * Waits until the server has ended the sessions of the killed processes. Until then, statements that they sent may
   * land. Later sessions may have been given the same ports.
   */
  private static void awaitNobody(Connection connection, Set<Integer> ports, Instant killed)
      throws SQLException, IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try (PreparedStatement statement = connection
        .prepareStatement("select count(*) from pg_stat_activity where client_port = any (?) and backend_start < ?")) {
      statement.setArray(1, connection.createArrayOf("int4", ports.toArray()));
      statement.setObject(2, killed.atOffset(ZoneOffset.UTC));
      while (true) {
        try (ResultSet count = statement.executeQuery()) {
          count.next();
          if (count.getInt(1) == 0) {
            return;
          }
        }
        if (System.nanoTime() - deadline > 0) {
          throw new IOException("the server does not end the connections of killed processes");
        }
        LockSupport.parkNanos(POLL_NANOS);
      }
    }
  }

  private void endProcesses() {
    synchronized (victims) {
      victims.forEach(VictimProcess::close);
      victims.clear();
    }
  }

  private void endAtExit() {
    endProcesses();
    try {
      killServer(directory);
    } catch (IOException e) {
      System.err.println("a server may be left running in " + directory + ": " + e);
    }
  }

  /** Kills the server that runs on the directory of such rounds, if there is one. */
  static void killServer(Path directory) throws IOException {
    ServerProcess.of(directory.resolve("home")).ifPresent(ServerProcess::kill);
  }

  /** Ends every process that these rounds have started. The directory stays. */
  @Override
  public void close() throws IOException {
    try {
      endProcesses();
      Runtime.getRuntime().removeShutdownHook(hook);
      stopKeeping();
      killServer(directory);
    } finally {
      relay.close();
    }
  }
}
