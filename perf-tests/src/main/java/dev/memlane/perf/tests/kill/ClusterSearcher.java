package dev.memlane.perf.tests.kill;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.JavaProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/**
 * A process that opens a memory on a shared index. From the first line of its input on it searches, one search after the
 * other, until its input ends. This class is also how the process that starts it sees it. Safe for use by several threads.
 */
final class ClusterSearcher implements AutoCloseable {

  private static final String OPENED = "opened";
  private static final String FOUND = "found";
  private static final String FAILED = "failed";
  private static final int LIMIT = 10;

  private final Process process;
  private final CompletableFuture<Opening> opening = new CompletableFuture<>();
  private List<Long> micros = new ArrayList<>();
  private List<String> failures = new ArrayList<>();

  /**
   * What opening took.
   *
   * @param seconds from the call of open to its return
   * @param bytes what the process has in its directory
   */
  record Opening(double seconds, long bytes) {}

  /**
   * What the searches of some time took.
   *
   * @param micros in microseconds, sorted; of those that did not fail
   * @param failures the messages of those that failed
   */
  record Searches(List<Long> micros, List<String> failures) {

    double millisAt(double share) {
      return micros.isEmpty() ? Double.NaN : micros.get((int) Math.min(micros.size() - 1, share * micros.size())) / 1e3;
    }
  }

  private ClusterSearcher(Process process) {
    this.process = process;
  }

  /** {@code JDBC_URL DIRECTORY INDEX SEED USERS}: searches from the first byte of its input until that ends. */
  public static void main(String[] arguments) throws IOException {
    Logger.getLogger("").setLevel(Level.SEVERE);
    PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    Path directory = Path.of(arguments[1]);
    Random random = new Random(Long.parseLong(arguments[3]));
    int users = Integer.parseInt(arguments[4]);
    long begun = System.nanoTime();
    try (Memlane memlane = Memlane.builder(directory).postgres(arguments[0], null, null).embedder(new HashEmbedder())
        .sharedIndex(SharedIndexAddress.read(arguments[2]).opener()).open()) {
      output.printf(Locale.ROOT, "%s\t%f\t%d%n", OPENED, (System.nanoTime() - begun) / 1e9, bytes(directory));
      if (System.in.read() < 0) {
        return;
      }
      Thread ends = Thread.ofPlatform().daemon().start(() -> {
        try {
          System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
          // The same as the end of input: the process that reads the answers is gone.
        }
      });
      while (ends.isAlive()) {
        SearchRequest request = SearchRequest.builder(ClusterTexts.query(random))
            .scope(Scope.user(ClusterTexts.user(random.nextInt(users)))).limit(LIMIT).build();
        long start = System.nanoTime();
        try {
          memlane.blocking().search(request);
          output.println(FOUND + "\t" + (System.nanoTime() - start) / 1_000);
        } catch (MemlaneException e) {
          output.println(FAILED + "\t" + String.valueOf(e.getMessage()).replace('\n', ' '));
        }
      }
    }
  }

  private static long bytes(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      long sum = 0;
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        sum += Files.size(file);
      }
      return sum;
    }
  }

  /** Starts such a process. */
  static ClusterSearcher start(String jdbcUrl, Path directory, SharedIndexAddress index, long seed, int users)
      throws IOException {
    Process process = JavaProcess.prepare(List.of("-Xmx256m"), ClusterSearcher.class.getName(), jdbcUrl,
        directory.toString(), index.line(), Long.toString(seed), Integer.toString(users))
        .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    ClusterSearcher searcher = new ClusterSearcher(process);
    Thread.ofVirtual().name("searcher").start(searcher::listen);
    return searcher;
  }

  private void listen() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        String[] words = line.split("\t", -1);
        switch (words[0]) {
          case OPENED -> opening.complete(new Opening(Double.parseDouble(words[1]), Long.parseLong(words[2])));
          case FOUND -> add(Long.parseLong(words[1]));
          default -> addFailure(words[words.length - 1]);
        }
      }
    } catch (IOException | RuntimeException e) {
      opening.completeExceptionally(e);
    }
    opening.completeExceptionally(new IOException("a searching process ended before it was open"));
  }

  private synchronized void add(long took) {
    micros.add(took);
  }

  private synchronized void addFailure(String message) {
    failures.add(message);
  }

  /** Lets it search. */
  void search() throws IOException {
    process.getOutputStream().write('\n');
    process.getOutputStream().flush();
  }

  /** Waits until it is open. */
  Opening awaitOpen() throws Exception {
    return opening.get(2, TimeUnit.MINUTES);
  }

  /** The searches since the last call. */
  synchronized Searches take() {
    Searches taken = new Searches(micros.stream().sorted().toList(), List.copyOf(failures));
    micros = new ArrayList<>();
    failures = new ArrayList<>();
    return taken;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
