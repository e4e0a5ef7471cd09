package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.perf.tests.Directories;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A test that a memory is found at every moment while it is updated. One thread changes its content and metadata every
 * 50 ms, and a loop searches for it with words and a filter that fit all of its states. First both run in one process;
 * then the loop runs in another process on the same database.
 */
public final class FoundLoad {

  static final String SCHEMA = "found";
  private static final Duration INTERVAL = Duration.ofMillis(500);
  private static final long BETWEEN_UPDATES_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  /** Memories that could be found instead. */
  private static final int OTHERS = 1_000;

  private static final String USAGE = """
      usage: perf-tests/run found [--seconds N]
        --seconds N  for how long in each of the two ways (600)""";

  private final PrintStream output;
  private final Path directory;

  /** @param directory the directory for the data; data of an earlier run is deleted */
  FoundLoad(PrintStream output, Path directory) {
    this.output = output;
    this.directory = directory;
  }

  /** See {@code --help}. Exit status 1 if a search missed the memory. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    long seconds = 600;
    if (arguments.length == 1 && arguments[0].equals("--help")) {
      System.out.println(USAGE);
      return;
    }
    if (arguments.length > 0) {
      if (arguments.length != 2 || !arguments[0].equals("--seconds") || !arguments[1].matches("[1-9][0-9]{0,5}")) {
        System.err.println(USAGE);
        System.exit(2);
      }
      seconds = Long.parseLong(arguments[1]);
    }
    Logger.getLogger("").setLevel(Level.SEVERE);
    FoundLoad load = new FoundLoad(System.out, Path.of("perf-tests", "target", "found").toAbsolutePath());
    System.exit(load.run(Duration.ofSeconds(seconds)) ? 0 : 1);
  }

  /**
   * Runs both ways.
   *
   * @param each the time for each
   * @return whether no search missed the memory
   */
  boolean run(Duration each) throws IOException, InterruptedException {
    Directories.delete(directory);
    boolean found;
    try (Server server = Server.start(directory);
        MemoryOrchestrator memory = server.builder(SCHEMA).embedder(new HashEmbedder()).followEvery(INTERVAL).open()) {
      MemoryId id = fill(memory.blocking());
      found = inOneProcess(memory.blocking(), id, each);
      found &= fromAnother(server, memory.blocking(), id, each);
    }
    Directories.delete(directory);
    return found;
  }

  private static MemoryId fill(BlockingMemory memory) {
    List<WriteOutcome> others = memory.addMemories(IntStream.range(0, OTHERS)
        .mapToObj(i -> NewMemory.builder("the violins rehearse piece " + i, Seeker.SCOPE).metadata(metadata(i)).build())
        .toList());
    if (!others.stream().allMatch(WriteOutcome.Stored.class::isInstance)) {
      throw new IllegalStateException("not all of the other memories were stored");
    }
    return memory.addMemory(NewMemory.builder(content(0), Seeker.SCOPE).metadata(metadata(0)).build()).id();
  }

  private static String content(long number) {
    return Seeker.WORDS + ", state " + number;
  }

  private static Metadata metadata(long number) {
    return Metadata.of(Seeker.TOPIC, Seeker.TOPICS.get((int) (number % Seeker.TOPICS.size())));
  }

  private boolean inOneProcess(BlockingMemory memory, MemoryId id, Duration time) throws InterruptedException {
    Seeker seeker = new Seeker(memory, id);
    seeker.awaitFound();
    Thread seeking = Thread.ofPlatform().start(seeker::run);
    long updates;
    try {
      updates = update(memory, id, time, null);
    } finally {
      seeker.stop();
      seeking.join();
    }
    return report("in the same process", updates, seeker.tally());
  }

  private boolean fromAnother(Server server, BlockingMemory memory, MemoryId id, Duration time)
      throws IOException, InterruptedException {
    try (Seeker.Handle other = Seeker.start(server.jdbcUrl(), server.folder("index-of-the-other"), id)) {
      long updates = update(memory, id, time, other);
      return report("from another process", updates, other.stop());
    }
  }

  /**
   * Changes the memory until the time is over.
   *
   * @param other ends the loop when that process has ended
   * @return the number of acknowledged changes
   */
  private static long update(BlockingMemory memory, MemoryId id, Duration time, Seeker.@Nullable Handle other) {
    long updates = 0;
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() - end < 0 && (other == null || other.isAlive())) {
      updates++;
      Memory changed = memory
          .updateMemory(MemoryUpdate.content(id, content(updates)).withMetadata(metadata(updates)));
      if (!changed.content().equals(content(updates))) {
        throw new IllegalStateException("updated, but its content is: " + changed.content());
      }
      LockSupport.parkNanos(BETWEEN_UPDATES_NANOS);
    }
    return updates;
  }

  private boolean report(String where, long updates, Seeker.Tally tally) {
    output.printf(Locale.ROOT, "%s: %d updates, %d of %d searches missed the memory%n", where, updates,
        tally.missed(), tally.searches());
    if (tally.missed() > 0) {
      output.println("  the first that did: " + tally.firstMissed());
    }
    return tally.missed() == 0 && tally.searches() > 0;
  }
}
