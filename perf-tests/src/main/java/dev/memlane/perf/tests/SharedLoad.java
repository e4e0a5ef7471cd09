package dev.memlane.perf.tests;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.VerifyReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A test of two processes on one PostgreSQL server of the user's own: how soon one finds what the other writes, that
 * one key never makes two memories, and that a killed process catches up.
 *
 * <p>
 * The other process is this class with other arguments. It prints each memory on its output as soon as the memory is
 * acknowledged. Both processes run on one machine, so their clocks agree.
 */
public final class SharedLoad {

  private static final Scope KEYED = Scope.user("keyed");
  private static final Scope SCOPE = Scope.user("shared");
  private static final int KEYS = 1_000;
  private static final int SAMPLES = 100;
  private static final String READY = "ready";

  private final String jdbcUrl;
  private final Path directory;

  private SharedLoad(String jdbcUrl, Path directory) {
    this.jdbcUrl = jdbcUrl;
    this.directory = directory;
  }

  /** Takes the database's address, with user and password; for the other process also a directory and {@code write}. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Logger.getLogger("").setLevel(Level.SEVERE);
    if (arguments.length == 3 && arguments[2].equals("write")) {
      new SharedLoad(arguments[0], Path.of(arguments[1])).write();
      return;
    }
    if (arguments.length != 1) {
      System.err.println("usage: perf-tests/run shared JDBC_URL    (an empty database; user and password in the URL)");
      System.exit(2);
    }
    Path directory = Path.of("perf-tests", "target", "shared");
    Directories.delete(directory);
    boolean right = new SharedLoad(arguments[0], directory).run();
    System.exit(right ? 0 : 1);
  }

  private MemoryOrchestrator open(String name) {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).indexDirectory(directory.resolve(name))
        .embedder(new HashEmbedder()).open();
  }

  private boolean run() throws IOException, InterruptedException {
    boolean right;
    try (MemoryOrchestrator here = open("here")) {
      Process process = JavaProcess
          .prepare(List.of(), SharedLoad.class.getName(), jdbcUrl, directory.toString(), "write").start();
      try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
        right = keys(here.blocking(), output);
        right &= lags(here.blocking(), output);
        process.toHandle().destroyForcibly();
        process.waitFor(1, TimeUnit.MINUTES);
      } finally {
        process.destroyForcibly();
      }
      here.blocking().addMemories(IntStream.range(0, KEYS).mapToObj(i -> NewMemory.of("after the kill " + i, SCOPE))
          .toList()).forEach(SharedLoad::requireStored);
      VerifyReport report = here.blocking().verify(false);
      System.out.printf(Locale.ROOT, "one killed, the other wrote %d more and reports: %s%n", KEYS, say(report));
      right &= report.isClean();
    }
    long begun = System.nanoTime();
    try (MemoryOrchestrator there = open("there")) {
      double seconds = (System.nanoTime() - begun) / 1e9;
      VerifyReport report = there.blocking().verify(false);
      System.out.printf(Locale.ROOT, "the directory of the killed one, opened again in %.2f s: %s%n", seconds,
          say(report));
      right &= report.isClean() && report.core() == report.vector();
    }
    return right;
  }

  private static String say(VerifyReport report) {
    return (report.isClean() ? "all agree" : report.inconsistencies().size() + " MEMORIES DIFFER") + ", core "
        + report.core() + ", history " + report.history() + ", vector " + report.vector();
  }

  private static List<NewMemory> keyed() {
    return IntStream.range(0, KEYS)
        .mapToObj(i -> NewMemory.builder("the same from both, " + i, KEYED).key("key " + i).build()).toList();
  }

  private static long stored(List<WriteOutcome> outcomes) {
    return outcomes.stream().filter(WriteOutcome.Stored.class::isInstance).count();
  }

  private static void requireStored(WriteOutcome outcome) {
    if (!(outcome instanceof WriteOutcome.Stored)) {
      throw new IllegalStateException(outcome.describe());
    }
  }

  /** Adds the same keys in both processes at once. */
  private static boolean keys(BlockingMemory here, BufferedReader output) throws IOException {
    requireLine(READY, output.readLine());
    List<WriteOutcome> outcomes = here.addMemories(keyed());
    long there = Long.parseLong(String.valueOf(output.readLine()));
    long all = here.count(KEYED, null);
    boolean allSucceeded = outcomes.stream().allMatch(WriteOutcome::succeeded);
    System.out.printf(Locale.ROOT, "%d keys added by both at once: %d stored here, %d there, %d memories%n", KEYS,
        stored(outcomes), there, all);
    return all == KEYS && stored(outcomes) + there == KEYS && allSucceeded;
  }

  private static void requireLine(String wanted, @Nullable String line) {
    if (!wanted.equals(line)) {
      throw new IllegalStateException("the other process said: " + line);
    }
  }

  /** Searches for samples of what the other process writes, each until it is found. */
  private static boolean lags(BlockingMemory here, BufferedReader output) throws IOException {
    List<Long> lags = new ArrayList<>();
    while (lags.size() < SAMPLES) {
      String line = output.readLine();
      while (output.ready()) {
        line = output.readLine();
      }
      String[] words = String.valueOf(line).split(" ", -1);
      SearchRequest request = SearchRequest.builder(words[0]).scope(SCOPE).mode(SearchRequest.Mode.LEXICAL).limit(1)
          .build();
      while (here.search(request).isEmpty()) {
        LockSupport.parkNanos(1_000_000);
      }
      lags.add(System.currentTimeMillis() - Long.parseLong(words[1]));
    }
    Collections.sort(lags);
    System.out.printf(Locale.ROOT, "found here after it was acknowledged there: p50 %d ms, p90 %d ms, longest %d ms, "
        + "of %d samples%n", lags.get(SAMPLES / 2), lags.get(SAMPLES * 9 / 10), lags.getLast(), SAMPLES);
    return lags.getLast() <= 1_500;
  }

  /** Runs the other process: adds the keys, then one memory after the other until it is killed. */
  private void write() {
    try (MemoryOrchestrator there = open("there")) {
      System.out.println(READY);
      System.out.println(stored(there.blocking().addMemories(keyed())));
      for (int i = 0; !System.out.checkError(); i++) {
        Memory memory = there.blocking().addMemory(NewMemory.of("word" + i + "x written there", SCOPE));
        System.out.println(memory.content().split(" ", -1)[0] + " " + System.currentTimeMillis());
        LockSupport.parkNanos(2_000_000);
      }
    }
  }
}
