package dev.memlane.perf.tests.lanes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.perf.tests.Directories;
import dev.memlane.perf.tests.JavaProcess;
import dev.memlane.testing.OwnServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Kills a server with durable tasks at random instants, while tasks are submitted, done by workers over HTTP and done by a
 * handler. Workers outlive the kills: they go on with their claims at the next server. Afterwards each acknowledged task must
 * have ended as done or as a dead letter, none that is not idempotent may have been handed out twice, each acknowledged result
 * must be there, and no claim may have been over within its lease.
 */
public final class LaneKillLoad {

  private static final int SUBMITTERS = 2;
  private static final int WORKERS = 8;
  private static final int SHORTEST_LIFE = 500;
  private static final int LONGEST_LIFE = 3_000;
  private static final int LONGEST_QUICK_WORK = 20;
  private static final int LONGEST_SLOW_WORK = 3_000;
  private static final int RENEWED_EVERY = 200;
  /** Longer than a server takes to come back, in seconds. */
  private static final int LEASE = 20;
  private static final int SHORT_LEASE = 1;
  private static final int SUBMISSION_PAUSE = 5;
  private static final String USAGE = """
      usage: perf-tests/run kill-lanes [--kills N] [--seed S]
        --kills N  how many kills (20)
        --seed S   the same instants again (the threads' order is chance)""";

  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
  private final TaskLedger ledger = new TaskLedger();
  private final Servers servers = new Servers();
  private final PrintStream output;
  private final Path directory;
  private final Random random;

  /** @param directory an empty directory */
  LaneKillLoad(PrintStream output, Path directory, long seed) {
    this.output = output;
    this.directory = directory;
    this.random = new Random(seed);
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    int kills = 20;
    long seed = System.nanoTime() & 0xffffff;
    try {
      for (int i = 0; i < arguments.length; i += 2) {
        String value = i + 1 < arguments.length ? arguments[i + 1] : "";
        switch (arguments[i]) {
          case "--kills" -> kills = Integer.parseInt(value);
          case "--seed" -> seed = Long.parseLong(value);
          default -> throw new NumberFormatException("unknown: " + arguments[i]);
        }
      }
    } catch (NumberFormatException e) {
      System.err.println(e.getMessage() + "\n" + USAGE);
      System.exit(2);
    }
    Logger.getLogger("").setLevel(Level.SEVERE);
    Path directory = Path.of("perf-tests", "target", "kill-lanes");
    Directories.delete(directory);
    Files.createDirectories(directory);
    System.out.println("seed " + seed);
    List<String> problems = new LaneKillLoad(System.out, directory, seed).run(kills);
    System.exit(problems.isEmpty() ? 0 : 1);
  }

  /**
   * Kills the server this often, and lets it come to an end after that.
   *
   * @return the broken promises
   */
  List<String> run(int kills) throws IOException, InterruptedException {
    try (OwnServer postgres = OwnServer.start(Files.createDirectory(directory.resolve("postgres")), Map.of())) {
      String url = postgres.freshDatabase();
      Workers workers = new Workers();
      for (int i = 1; i <= kills; i++) {
        int life = SHORTEST_LIFE + random.nextInt(LONGEST_LIFE - SHORTEST_LIFE);
        Victim victim = new Victim(url);
        try {
          servers.begin(victim.server);
          Submitters submitters = new Submitters(victim.server);
          Thread.sleep(life);
          victim.kill();
          submitters.stop();
        } finally {
          victim.kill();
        }
        output.printf(Locale.ROOT,
            "kill %d after %d ms: %d tasks and %d results acknowledged so far, %d claims went on after a kill%n", i,
            life, ledger.acknowledged().size(), ledger.reports(), ledger.claimsThatWentOn());
      }
      Victim last = new Victim(url);
      try {
        servers.begin(last.server);
        check(last.server);
        workers.stop();
      } finally {
        last.kill();
      }
    }
    List<String> problems = ledger.problems();
    problems.stream().limit(20).forEach(output::println);
    output.printf(Locale.ROOT, "%d kills, %d broken promises%n", kills, problems.size());
    return problems;
  }

  /** Where the present server is. Safe for use by several threads. */
  private static final class Servers {

    @GuardedBy("this")
    private @Nullable URI present;

    synchronized void begin(URI server) {
      present = server;
      notifyAll();
    }

    /** Waits for another server than one that is gone; null for the first. */
    synchronized URI after(@Nullable URI gone) throws InterruptedException {
      while (present == null || present.equals(gone)) {
        wait();
      }
      return present;
    }
  }

  /** The process that is killed. */
  private final class Victim {

    private final Process process;
    private final URI server;

    Victim(String url) throws IOException {
      process = JavaProcess.prepare(List.of("-Xmx300m", "-XX:TieredStopAtLevel=1", JavaProcess.VECTOR_MODULE),
          LaneVictim.class.getName(), url, directory.resolve("index").toString(), begun().toString()).start();
      BufferedReader lines = process.inputReader();
      String port = lines.readLine();
      if (port == null) {
        throw new IllegalStateException("the server did not start");
      }
      server = URI.create("http://127.0.0.1:" + port + "/api/v1/");
    }

    /** Kills the process with SIGKILL, and waits for its end; does nothing if it has ended. */
    void kill() throws InterruptedException {
      process.destroyForcibly();
      process.waitFor();
    }
  }

  private Path begun() {
    return directory.resolve("begun");
  }

  private record Answer(int status, JsonNode body) {}

  private Answer call(URI server, String method, String path, String body) throws IOException, InterruptedException {
    HttpResponse<String> response = http.send(HttpRequest.newBuilder(server.resolve(path))
        .timeout(Duration.ofSeconds(90)).header("Content-Type", "application/json")
        .method(method, HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString());
    return new Answer(response.statusCode(),
        response.body().isEmpty() ? json.nullNode() : json.readTree(response.body()));
  }

  /** The threads that submit, until the server is gone. */
  private final class Submitters {

    private final URI server;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();

    Submitters(URI server) {
      this.server = server;
      for (int i = 0; i < SUBMITTERS; i++) {
        threads.add(Thread.ofVirtual().start(this::submit));
      }
    }

    private void submit() {
      List<TaskLedger.Submission> again = new ArrayList<>(ledger.takeUnanswered());
      while (!stopped.get()) {
        ThreadLocalRandom chance = ThreadLocalRandom.current();
        TaskLedger.Submission submission = again.isEmpty()
            ? new TaskLedger.Submission(UUID.randomUUID().toString(),
                chance.nextBoolean() ? LaneVictim.OUTSIDE : LaneVictim.INSIDE, chance.nextBoolean())
            : again.removeLast();
        try {
          Answer answer = call(server, "POST", "lanes/" + submission.lane() + "/tasks",
              "{\"name\": \"" + submission.lane() + "\", \"idempotent\": " + submission.idempotent() + ", \"key\": \""
                  + submission.key() + "\"}");
          if (answer.status == 200 || answer.status == 201) {
            ledger.acknowledge(submission, answer.body.path("task").path("id").textValue());
          } else {
            ledger.unanswered(submission);
          }
          Thread.sleep(chance.nextInt(SUBMISSION_PAUSE));
        } catch (IOException e) {
          // It was killed, perhaps before it answered.
          ledger.unanswered(submission);
          again.forEach(ledger::unanswered);
          return;
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
      again.forEach(ledger::unanswered);
    }

    void stop() throws InterruptedException {
      stopped.set(true);
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  /** The threads that do tasks. They outlive the servers. */
  private final class Workers {

    private final AtomicBoolean stopped = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();

    Workers() {
      for (int i = 0; i < WORKERS; i++) {
        threads.add(Thread.ofVirtual().start(this::work));
      }
    }

    private void work() {
      try {
        URI server = servers.after(null);
        while (!stopped.get()) {
          try {
            claim(server);
          } catch (IOException e) {
            // It was killed before it answered. A claim that was made is lost.
            server = servers.after(server);
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void claim(URI server) throws IOException, InterruptedException {
      ThreadLocalRandom chance = ThreadLocalRandom.current();
      boolean isShort = chance.nextInt(20) == 0;
      int lease = isShort ? SHORT_LEASE : LEASE;
      long now = System.nanoTime();
      Answer answer = call(server, "POST", "lanes/" + LaneVictim.OUTSIDE + "/claims?wait=1&lease=" + lease, "");
      if (answer.status == 200) {
        JsonNode claim = answer.body.path("claim");
        ledger.handOut(claim.path("task").textValue(), claim.path("attempt").intValue());
        if (!isShort || chance.nextBoolean()) {
          new Work(server, claim, lease, now).run();
        }
        // Otherwise the worker is gone, and the lease ends.
      }
    }

    void stop() throws InterruptedException {
      stopped.set(true);
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  /** A worker's work on one claim, at one server after the other. Used by one thread. */
  private final class Work {

    private final String task;
    private final int attempt;
    private final String path;
    private final int lease;
    private final URI claimedAt;
    private URI server;
    /** Before this time the claim can't be over, whatever the server's clock says. */
    private long leaseEnd;
    private boolean wentOn;

    Work(URI server, JsonNode claim, int lease, long askedAt) {
      this.task = claim.path("task").textValue();
      this.attempt = claim.path("attempt").intValue();
      this.path = "claims/" + claim.path("id").textValue();
      this.lease = lease;
      this.claimedAt = server;
      this.server = server;
      this.leaseEnd = askedAt + Duration.ofSeconds(lease).toNanos();
    }

    void run() throws InterruptedException {
      ThreadLocalRandom chance = ThreadLocalRandom.current();
      int millis = chance.nextInt(chance.nextInt(8) == 0 ? LONGEST_SLOW_WORK : LONGEST_QUICK_WORK);
      for (; millis > RENEWED_EVERY; millis -= RENEWED_EVERY) {
        Thread.sleep(RENEWED_EVERY);
        if (!renew()) {
          return;
        }
      }
      Thread.sleep(millis);
      if (chance.nextInt(10) == 0) {
        // The answer to a repeated one says that the claim is over.
        send("fail", "{\"failure\": \"by chance\"}", true);
      } else if (send("complete", "{\"result\": " + attempt + "}", false) == 200) {
        ledger.report(task, "" + attempt);
      }
    }

    private boolean renew() throws InterruptedException {
      long now = System.nanoTime();
      if (send("renew?lease=" + lease, "", false) != 204) {
        return false;
      }
      leaseEnd = now + Duration.ofSeconds(lease).toNanos();
      return true;
    }

    /** Sends a report until it is answered, at whichever server; returns the status. */
    private int send(String report, String body, boolean endsTheClaim) throws InterruptedException {
      boolean isRepeated = false;
      while (true) {
        try {
          Answer answer = call(server, "POST", path + "/" + report, body);
          if (answer.status == 410 && System.nanoTime() < leaseEnd && !(isRepeated && endsTheClaim)) {
            ledger.overWithinItsLease(task, report);
          }
          if (answer.status < 500) {
            if (answer.status < 300 && !server.equals(claimedAt) && !wentOn) {
              wentOn = true;
              ledger.wentOn();
            }
            return answer.status;
          }
          // The database does not answer yet.
          Thread.sleep(RENEWED_EVERY);
        } catch (IOException e) {
          server = servers.after(server);
        }
        isRepeated = true;
      }
    }
  }

  /** Waits for the end of each acknowledged task, and checks it. */
  private void check(URI server) throws IOException, InterruptedException {
    Map<String, JsonNode> tasks = new HashMap<>();
    for (String id : ledger.acknowledged().keySet()) {
      tasks.put(id, end(server, id));
    }
    Map<String, Set<Integer>> begun = attemptsBegun();
    Map<String, Integer> states = new HashMap<>();
    tasks.forEach((id, task) -> {
      String state = task.path("state").asText();
      states.merge(state, 1, Integer::sum);
      ledger.check(id, state, task.path("result").toString(), begun.getOrDefault(id, Set.of()));
    });
    output.println("in the end: " + states);
  }

  /** The attempts by task that the handler began. */
  private Map<String, Set<Integer>> attemptsBegun() throws IOException {
    Map<String, Set<Integer>> begun = new HashMap<>();
    for (String line : Files.exists(begun()) ? Files.readAllLines(begun()) : List.<String>of()) {
      // The last line of a process that was killed may be cut.
      String[] words = line.split(" ", 2);
      if (words.length == 2 && words[1].matches("[0-9]+")) {
        begun.computeIfAbsent(words[0], id -> new HashSet<>()).add(Integer.parseInt(words[1]));
      }
    }
    return begun;
  }

  private JsonNode end(URI server, String id) throws IOException, InterruptedException {
    JsonNode task = json.nullNode();
    for (int i = 0; i < 3; i++) {
      task = call(server, "GET", "tasks/" + id + "?wait=60", "").body.path("task");
      String state = task.path("state").asText();
      if (!state.equals("waiting") && !state.equals("running")) {
        break;
      }
    }
    return task;
  }
}
