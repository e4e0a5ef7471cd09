package dev.memlane.perf.tests.lanes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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

/**
 * Kills a server with durable tasks at random instants, while tasks are submitted, done by workers over HTTP and done by a
 * handler. Afterwards each acknowledged task must have ended as done or as a dead letter, none that is not idempotent may have
 * been handed out twice, and each acknowledged result must be there.
 */
public final class LaneKillLoad {

  private static final int SUBMITTERS = 2;
  private static final int WORKERS = 4;
  private static final int SHORTEST_LIFE = 500;
  private static final int LONGEST_LIFE = 3_000;
  private static final int LONGEST_WORK = 20;
  private static final int SUBMISSION_PAUSE = 5;
  private static final String USAGE = """
      usage: perf-tests/run kill-lanes [--kills N] [--seed S]
        --kills N  how many kills (20)
        --seed S   the same instants again (the threads' order is chance)""";

  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
  private final TaskLedger ledger = new TaskLedger();
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
      for (int i = 1; i <= kills; i++) {
        int life = SHORTEST_LIFE + random.nextInt(LONGEST_LIFE - SHORTEST_LIFE);
        Victim victim = new Victim(url);
        try {
          Load load = new Load(victim.server, true);
          Thread.sleep(life);
          victim.kill();
          load.stop();
        } finally {
          victim.kill();
        }
        output.printf(Locale.ROOT, "kill %d after %d ms: %d tasks and %d results acknowledged so far%n", i, life,
            ledger.acknowledged().size(), ledger.reports());
      }
      Victim last = new Victim(url);
      try {
        Load load = new Load(last.server, false);
        check(last.server);
        load.stop();
      } finally {
        last.kill();
      }
    }
    List<String> problems = ledger.problems();
    problems.stream().limit(20).forEach(output::println);
    output.printf(Locale.ROOT, "%d kills, %d broken promises%n", kills, problems.size());
    return problems;
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

  /** The threads that submit and work, until the server is gone or they are stopped. */
  private final class Load {

    private final URI server;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();

    Load(URI server, boolean submits) {
      this.server = server;
      for (int i = 0; i < WORKERS; i++) {
        threads.add(Thread.ofVirtual().start(this::work));
      }
      for (int i = 0; submits && i < SUBMITTERS; i++) {
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

    private void work() {
      try {
        while (!stopped.get()) {
          Answer answer = call(server, "POST", "lanes/" + LaneVictim.OUTSIDE + "/claims?wait=1&lease=60", "");
          JsonNode claim = answer.body.path("claim");
          if (answer.status == 200) {
            work(claim);
          }
        }
      } catch (IOException e) {
        // It was killed.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void work(JsonNode claim) throws IOException, InterruptedException {
      String task = claim.path("task").textValue();
      int attempt = claim.path("attempt").intValue();
      ledger.handOut(task, attempt);
      ThreadLocalRandom chance = ThreadLocalRandom.current();
      Thread.sleep(chance.nextInt(LONGEST_WORK));
      String path = "claims/" + claim.path("id").textValue();
      if (chance.nextInt(10) == 0) {
        call(server, "POST", path + "/fail", "{\"failure\": \"by chance\"}");
      } else if (call(server, "POST", path + "/complete", "{\"result\": " + attempt + "}").status == 200) {
        ledger.report(task, "" + attempt);
      }
    }

    void stop() throws InterruptedException {
      stopped.set(true);
      for (Thread thread : threads) {
        thread.join();
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
