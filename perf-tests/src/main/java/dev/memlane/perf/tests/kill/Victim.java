package dev.memlane.perf.tests.kill;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.VerifyReport;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The process that is killed: a memory, and sixteen writers that add, update and delete in it until they are stopped,
 * or until the process that started it is gone.
 *
 * <p>
 * Its settings come on standard input, one on each line, ended by {@code go}. Then {@code finish} requests an orderly end
 * with a comparison of the stores, {@code leave} one without, and the end of input an immediate end. Requests and answers of the writers go to standard output, one on each
 * line. A request is written before its call, and an answer after it ({@link VictimReport}).
 */
final class Victim {

  static final int WRITERS = 16;
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private Victim() {}

  /**
   * The settings of a victim.
   *
   * @param server the database's address with user and password, or null to start a server in the directory
   * @param index the index that it shares; null for one in the directory
   * @param name the prefix of the names of this victim's requests; no other victim has it
   * @param round the prefix of the keys that all victims of a round share
   * @param retries adds in flight when the previous victim was killed, to be sent again
   */
  record Settings(Path directory, @Nullable String server, @Nullable SharedIndexAddress index, String name, char lane,
      int round, long seed,
      Duration deadline, List<Retry> retries) {

    /** An add under a key, to be sent again. */
    record Retry(int writer, String key, String token) {}

    /** The lines for these settings, without {@code go}. */
    List<String> lines() {
      List<String> lines = new ArrayList<>(List.of("directory\t" + directory, "name\t" + name, "lane\t" + lane,
          "round\t" + round, "seed\t" + seed, "deadline\t" + deadline.toMillis()));
      if (server != null) {
        lines.add("server\t" + server);
      }
      if (index != null) {
        lines.add("index\t" + index.line());
      }
      retries.forEach(retry -> lines.add("retry\t" + retry.writer + "\t" + retry.key + "\t" + retry.token));
      return lines;
    }

    static Settings read(BufferedReader input) throws IOException {
      Path directory = Path.of("");
      String server = null;
      SharedIndexAddress index = null;
      String name = "";
      char lane = '-';
      int round = 0;
      long seed = 0;
      Duration deadline = Duration.ZERO;
      List<Retry> retries = new ArrayList<>();
      for (String line = input.readLine(); !"go".equals(line); line = input.readLine()) {
        if (line == null) {
          throw new IOException("the settings are missing");
        }
        String[] words = line.split("\t", -1);
        switch (words[0]) {
          case "directory" -> directory = Path.of(words[1]);
          case "server" -> server = words[1];
          case "index" -> index = SharedIndexAddress.read(words[1]);
          case "name" -> name = words[1];
          case "lane" -> lane = words[1].charAt(0);
          case "round" -> round = Integer.parseInt(words[1]);
          case "seed" -> seed = Long.parseLong(words[1]);
          case "deadline" -> deadline = Duration.ofMillis(Long.parseLong(words[1]));
          case "retry" -> retries.add(new Retry(Integer.parseInt(words[1]), words[2], words[3]));
          default -> throw new IOException("an unknown setting: " + line);
        }
      }
      return new Settings(directory, server, index, name, lane, round, seed, deadline, retries);
    }
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Settings settings = Settings.read(input);
    CountDownLatch stop = new CountDownLatch(1);
    AtomicBoolean comparing = new AtomicBoolean(true);
    Thread.ofPlatform().daemon().name("commands").start(() -> obey(input, stop, comparing));
    VictimReport report = new VictimReport(new FileOutputStream(FileDescriptor.out));
    Memlane.Builder builder = Memlane.builder(settings.directory).embedder(new HashEmbedder())
        .settings(orchestrator -> orchestrator.writeDeadline(settings.deadline));
    if (settings.server != null) {
      builder.postgres(settings.server, null, null);
    }
    if (settings.index != null) {
      builder.sharedIndex(settings.index.opener());
    }
    try (Memlane memlane = builder.open()) {
      List<Thread> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        VictimWriter writer = new VictimWriter(memlane.blocking(), settings, i, report, stop);
        writers.add(Thread.ofPlatform().daemon().name("writer-" + i).start(writer));
      }
      for (Thread writer : writers) {
        writer.join();
      }
      report.done(end(memlane.memory(), settings.index != null, comparing.get()));
    }
  }

  /** Returns what is wrong after everything has been settled, without opening anything again. */
  private static List<String> end(MemoryOrchestrator memory, boolean shared, boolean comparing)
      throws InterruptedException {
    try {
      memory.awaitSettled().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      return List.of("what was unsettled is not settled after " + PATIENCE.toSeconds() + " s: "
          + memory.blocking().statistics().unsettled());
    }
    if (!comparing) {
      return List.of();
    }
    VerifyReport comparison = shared
        ? SharedComparison.run(memory.blocking(), PATIENCE)
        : memory.blocking().verify(false);
    return comparison.inconsistencies().stream().map(found -> found.memory() + ": " + found.problem()).toList();
  }

  private static void obey(BufferedReader input, CountDownLatch stop, AtomicBoolean comparing) {
    try {
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        if (line.equals("leave")) {
          comparing.set(false);
        }
        if (line.equals("leave") || line.equals("finish")) {
          stop.countDown();
        }
      }
    } catch (IOException e) {
      // The same as the end of input: the process that started this one is gone.
      System.err.println("the commands ended: " + e);
    }
    if (stop.getCount() > 0) {
      Runtime.getRuntime().halt(3);
    }
  }
}
