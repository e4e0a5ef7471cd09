package dev.memlane.perf.tests.kill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.perf.tests.kill.Attempt.Answer;
import dev.memlane.perf.tests.kill.Checker.Problem;
import dev.memlane.perf.tests.kill.StoredRows.Row;
import dev.memlane.server.ServerFile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Rounds of writing over HTTP, killing the server and checking, on one data directory. Each round checks the promises of all
 * earlier ones again.
 *
 * <p>
 * This process is never killed. It holds the {@link Ledger}, the {@link RestWriter}s and the {@link ChangeReader}. The server
 * and its PostgreSQL are other processes, as {@code memlane serve} starts them. In a round they work, the server is killed at a
 * random instant, and another one is started on the directory, which works on in the next round. Before the checks, each
 * writer finds out over HTTP about the fate of what it does not know.
 *
 * <p>
 * Used by one thread. Closing ends every process that was started.
 */
final class ServerKillRounds implements AutoCloseable {

  private static final int WRITERS = 16;
  private static final int SHORTEST_WORK = 300;
  private static final int SEARCHES = 20;
  private static final Duration POLL = Duration.ofMillis(50);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  /** Much longer than a write's deadline. */
  private static final Duration LONGEST_HANG = Duration.ofSeconds(30);

  private final Path directory;
  private final Random random;
  private final int longestWork;
  private final Ledger ledger = new Ledger();
  private final ChangeReader changes = new ChangeReader();
  private final List<RestWriter> writers = new ArrayList<>();
  private final Thread hook = new Thread(this::endAtExit, "kill-server");

  private volatile @Nullable ServedProcess server;
  private @Nullable RestClient client;
  private int round;
  private int started;
  /** The time from a server's start until it listens. */
  private Duration opening = Duration.ofSeconds(2);

  /**
   * The result of a round.
   *
   * @param acknowledged operations on memories that were acknowledged as landed in this round
   * @param unsettled answers that said so, with those whose fate was found out since
   * @param inFlight requests without an answer
   * @param messages messages of conversations that are acknowledged, of all rounds
   * @param events events of changes, of all rounds
   * @param reopening the time until the next server listens, in seconds
   */
  record Result(ServerKillKind kill, int kills, long acknowledged, long unsettled, long inFlight, long messages,
      long events, double reopening, List<Problem> problems) {}

  /**
   * @param directory is created for these rounds, and kept
   * @param longestWork the longest time until a kill, in milliseconds
   */
  ServerKillRounds(Path directory, long seed, int longestWork) throws IOException {
    this.directory = directory;
    this.random = new Random(seed);
    this.longestWork = longestWork;
    Files.createDirectories(directory);
    for (int i = 0; i < WRITERS; i++) {
      writers.add(new RestWriter(ledger, i, seed));
    }
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Runs one round. */
  Result run(ServerKillKind kill) throws IOException, InterruptedException, SQLException {
    round++;
    List<Problem> problems = new ArrayList<>();
    if (client == null) {
      start();
    }
    int kills = workAndKill(kill, problems);
    long inFlight = ledger.count(round, Set.of(Answer.NONE));
    long unsettled = ledger.count(round, Set.of(Answer.UNSETTLED));
    if (kill == ServerKillKind.OPENING) {
      ServedProcess opened = startProcess();
      opened.letWork(Duration.ofNanos(random.nextLong(opening.toNanos())));
      opened.kill();
      kills++;
    }
    double reopening = start();
    resolve(problems);
    check(problems);
    return new Result(kill, kills,
        ledger.count(round, Set.of(Answer.STORED, Answer.DELETED, Answer.FOUND_LANDED)), unsettled, inFlight,
        writers.stream().mapToLong(writer -> writer.dialogue().size()).sum(), changes.events(), reopening, problems);
  }

  /** Checks without a kill before. */
  List<Problem> check() throws IOException, InterruptedException, SQLException {
    List<Problem> problems = new ArrayList<>();
    for (RestWriter writer : writers) {
      writer.dialogue().check(client(), problems);
    }
    check(problems);
    return problems;
  }

  /** The requests and answers so far. */
  List<Attempt> attempts() {
    return ledger.attempts();
  }

  // Working and killing

  private int workAndKill(ServerKillKind kill, List<Problem> problems) throws IOException, InterruptedException {
    ServedProcess victim = Objects.requireNonNull(server);
    RestClient writing = client();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> working = new ArrayList<>();
      for (RestWriter writer : writers) {
        working.add(threads.submit(() -> {
          writer.work(writing, round);
          return null;
        }));
      }
      victim.letWork(instant());
      if (kill == ServerKillKind.HANGING_POSTGRES) {
        hang(victim, random.nextBoolean());
      }
      for (Future<?> one : working) {
        if (one.isDone()) {
          problems.add(new Problem(null, "a request was not answered although the server was not killed yet"));
        }
      }
      ServerProcess postgres = postgres();
      victim.kill();
      if (kill == ServerKillKind.SERVER_AND_POSTGRES) {
        postgres.kill();
      } else if (kill == ServerKillKind.HANGING_POSTGRES) {
        postgres.proceed();
      }
      for (Future<?> one : working) {
        await(one, problems);
      }
    }
    writing.close();
    client = null;
    return kill == ServerKillKind.SERVER_AND_POSTGRES ? 2 : 1;
  }

  /** Lets PostgreSQL hang until writes are unsettled, and perhaps go on while the server still works. */
  private void hang(ServedProcess victim, boolean goesOn) throws IOException, InterruptedException {
    ServerProcess postgres = postgres();
    postgres.hang();
    long end = System.nanoTime() + LONGEST_HANG.toNanos();
    while (ledger.count(round, Set.of(Answer.UNSETTLED)) == 0 && System.nanoTime() - end < 0) {
      victim.letWork(POLL);
    }
    if (goesOn) {
      postgres.proceed();
      victim.letWork(instant());
    }
  }

  private static void await(Future<?> working, List<Problem> problems) throws InterruptedException {
    try {
      working.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      problems.add(new Problem(null, "a writer failed: " + e.getCause()));
    } catch (TimeoutException e) {
      problems.add(new Problem(null, "a request hangs after the server was killed"));
      working.cancel(true);
    }
  }

  private Duration instant() {
    return Duration.ofMillis(SHORTEST_WORK + random.nextInt(Math.max(1, longestWork - SHORTEST_WORK)));
  }

  // Servers

  private ServedProcess startProcess() throws IOException {
    ServedProcess process = ServedProcess.start(data(), directory.resolve("server-" + started++ + ".log"));
    server = process;
    return process;
  }

  /** Returns how long it took until the server listened, in seconds. */
  private double start() throws IOException, InterruptedException {
    long begun = System.nanoTime();
    URI uri = startProcess().awaitListening();
    opening = Duration.ofNanos(System.nanoTime() - begun);
    ServerFile file = ServerFile.read(data()).orElseThrow(() -> new IOException("the server has written no file"));
    client = new RestClient(uri, file.key());
    changes.follow(uri);
    return opening.toNanos() / 1e9;
  }

  private Path data() {
    return directory.resolve("data");
  }

  private ServerProcess postgres() throws IOException {
    return ServerProcess.of(data()).orElseThrow(() -> new IOException("PostgreSQL does not run"));
  }

  private RestClient client() {
    return Objects.requireNonNull(client, "no server runs");
  }

  // Checks

  private void resolve(List<Problem> problems) throws IOException, InterruptedException {
    RestClient asking = client();
    for (RestWriter writer : writers) {
      // Before it is sent again, an append must be there as a whole or not at all.
      writer.dialogue().check(asking, problems);
      writer.resolve(asking);
      writer.dialogue().check(asking, problems);
    }
  }

  private void check(List<Problem> problems) throws IOException, InterruptedException, SQLException {
    JsonNode report = client().read("POST", "/api/v1/verify", null);
    report.path("inconsistencies").forEach(found -> problems
        .add(new Problem(MemoryId.parse(found.path("memory").asText()), "verify: " + found.path("problem").asText())));
    StoredRows stored;
    try (Connection connection = connect()) {
      stored = StoredRows.read(connection);
    }
    List<Attempt> attempts = ledger.attempts();
    problems.addAll(Checker.check(attempts, stored));
    checkChanges(attempts, stored, problems);
    checkSearches(stored, problems);
    if (!problems.isEmpty()) {
      Evidence.write(directory.resolve("evidence-round-" + round), problems, attempts, stored);
    }
  }

  /** A direct connection to PostgreSQL between rounds, past all of the product's code. */
  Connection connect() throws IOException, SQLException {
    ServerProcess postgres = postgres();
    return DriverManager.getConnection(postgres.jdbcUrl(postgres.port()));
  }

  /** Checks that the stream had every acknowledged operation, and every other one that has landed. */
  private void checkChanges(List<Attempt> attempts, StoredRows stored, List<Problem> problems)
      throws InterruptedException {
    Set<OperationId> expected = new HashSet<>();
    attempts.stream().filter(attempt -> attempt.fate() == Attempt.Fate.LANDED)
        .forEach(attempt -> expected.add(Objects.requireNonNull(attempt.op)));
    stored.history().values().forEach(list -> list.forEach(entry -> expected.add(entry.op())));
    changes.missing(expected, PATIENCE)
        .forEach(op -> problems.add(new Problem(null, "the stream of changes has missed: " + op)));
  }

  private void checkSearches(StoredRows stored, List<Problem> problems) throws IOException, InterruptedException {
    List<Row> live = new ArrayList<>(
        stored.core().values().stream().filter(row -> row.state() == StoredRows.LIVE).toList());
    Collections.shuffle(live, random);
    for (Row row : live.subList(0, Math.min(SEARCHES, live.size()))) {
      ObjectNode search = RestClient.JSON.createObjectNode().put("query", row.content()).put("limit", 5);
      search.putObject("scope").put("user", row.user());
      JsonNode hits = client().read("POST", "/api/v1/memories/search", search).path("hits");
      if (!hits.path(0).path("memory").path("id").asText().equals(row.memory().toString())) {
        problems.add(new Problem(row.memory(), "a search does not find it by its content: " + row.content()));
      }
    }
  }

  // Ending

  /** Kills the PostgreSQL server that runs on the directory of such rounds, if there is one. */
  static void killPostgres(Path directory) throws IOException {
    ServerProcess.of(directory.resolve("data")).ifPresent(ServerProcess::kill);
  }

  private void endProcesses() throws IOException {
    ServedProcess last = server;
    if (last != null) {
      last.close();
    }
    killPostgres(directory);
  }

  private void endAtExit() {
    try {
      endProcesses();
    } catch (IOException e) {
      System.err.println("PostgreSQL may be left running in " + directory + ": " + e);
    }
  }

  @Override
  public void close() throws IOException {
    Runtime.getRuntime().removeShutdownHook(hook);
    if (client != null) {
      client.close();
    }
    endProcesses();
  }
}
