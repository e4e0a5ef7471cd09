package dev.memlane.cli.internal.ingestion;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.data.OutcomeWords;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A reader of files that stores each of their lines as a memory. Used once, by one thread.
 *
 * <p>
 * <b>Pipeline.</b> Lines are read in chunks of {@value #CHUNK}, and several chunks are in flight at once, so that one
 * is read and embedded while another is written: at least {@value #LEAST_IN_FLIGHT}, and enough for twice as many texts
 * as the embedder can have in requests at the same time.
 *
 * <p>
 * <b>Memory</b> is bounded by the number of chunks and of characters in flight, whatever the files' size. Only the
 * derived keys need memory for each line ({@link DerivedKeys}).
 *
 * <p>
 * <b>A line fails alone.</b> Only {@value #GIVE_UP} failed writes in a row end the ingestion early, because then the
 * lines are not the cause.
 */
public final class Ingester {

  public static final int CHUNK = 256;
  private static final int LEAST_IN_FLIGHT = 2;
  private static final int IN_FLIGHT_TO_SERVER = 4;
  private static final int MOST_IN_FLIGHT = 32;
  private static final long MOST_CHARACTERS = 16L << 20;
  private static final int GIVE_UP = 1_000;
  private static final int MOST_WARNINGS = 20;

  private final OpenMemory memory;
  private final IngestLine.Defaults defaults;
  private final Console console;
  private final StopSignal stop;

  private final Deque<Chunk> inFlight = new ArrayDeque<>();
  private final List<IngestReport.Failure> failures = new ArrayList<>();
  private final RepeatedFailures printed;
  private final Set<String> warned = new HashSet<>();
  private long charactersInFlight;
  private long read;
  private long stored;
  private long duplicates;
  private long deleted;
  private long failed;
  private long failedInARow;
  private @Nullable String ended;

  public Ingester(OpenMemory memory, IngestLine.Defaults defaults, Console console, StopSignal stop) {
    this.memory = memory;
    this.defaults = defaults;
    this.console = console;
    this.stop = stop;
    this.printed = new RepeatedFailures(console);
  }

  /** Lines that are written together. */
  private record Chunk(InputSource source, List<Long> lines, List<NewMemory> memories,
      CompletableFuture<List<WriteOutcome>> outcomes) {

    long characters() {
      return memories.stream().mapToLong(memory -> memory.content().length()).sum();
    }
  }

  /** Stores all lines of all sources, one source after the other. */
  public IngestReport run(List<InputSource> sources) {
    long start = System.nanoTime();
    long total = console.terminal() ? LineCount.of(sources) : ProgressBar.UNKNOWN;
    try (ProgressBar bar = ProgressBar.start(console, "Ingesting", " lines", total)) {
      for (InputSource source : sources) {
        if (ended == null) {
          ingest(source, bar);
        }
      }
      while (!inFlight.isEmpty()) {
        settle(bar);
      }
    }
    printed.printRepetitions();
    if (failed > failures.size()) {
      console.say((failed - failures.size()) + " more lines failed; they are only counted");
    }
    return new IngestReport(read, stored, duplicates, deleted, embedded(), failed,
        List.copyOf(failures), System.nanoTime() - start, ended);
  }

  private @Nullable Long embedded() {
    EmbeddingStats embedding = memory.embedding();
    return embedding == null ? null : embedding.embedded();
  }

  private void ingest(InputSource source, ProgressBar bar) {
    try (TextInput input = source.open(console, stop)) {
      ingest(source, InputRecord.reader(input), bar);
    } catch (IOException e) {
      ended = source.shown() + " could not be read to its end: " + IoErrors.describe(e);
    }
  }

  private void ingest(InputSource source, InputRecord.Reader reader, ProgressBar bar) throws IOException {
    DerivedKeys keys = new DerivedKeys(source.name());
    List<Long> lines = new ArrayList<>();
    List<NewMemory> memories = new ArrayList<>();
    InputRecord next = reader.next();
    while (next != null && ended == null) {
      NewMemory parsed = parse(source, next, keys);
      if (parsed != null) {
        lines.add(next.line());
        memories.add(parsed);
      }
      if (memories.size() == CHUNK) {
        send(source, lines, memories, bar);
        lines = new ArrayList<>();
        memories = new ArrayList<>();
      }
      if (stop.requested()) {
        ended = "stopped";
      }
      next = reader.next();
    }
    if (ended == null && !memories.isEmpty()) {
      send(source, lines, memories, bar);
    }
  }

  private @Nullable NewMemory parse(InputSource source, InputRecord line, DerivedKeys keys) {
    if (line.isBlank()) {
      return null;
    }
    read++;
    if (line.problem() != null) {
      fail(source, line.line(), line.problem());
      return null;
    }
    try {
      String key = keys.next(line.text());
      IngestLine parsed = line.value() == null
          ? IngestLine.parse(line.text(), defaults, key)
          : IngestLine.parse(line.value(), defaults, key);
      parsed.unknownFields().forEach(field -> warn(source, line.line(), field));
      return parsed.memory();
    } catch (InvalidInputException e) {
      fail(source, line.line(), String.valueOf(e.getMessage()));
      return null;
    }
  }

  private void warn(InputSource source, long line, String field) {
    if (warned.size() < MOST_WARNINGS && warned.add(field)) {
      String meant = IngestLine.meant(field);
      console.say(source.shown() + ":" + line + ": the field \"" + TextLayout.shortened(field, 60) + "\" is ignored"
          + (meant == null ? "" : "; is \"" + meant + "\" meant?") + " (said once)");
    }
  }

  private void send(InputSource source, List<Long> lines, List<NewMemory> memories, ProgressBar bar) {
    Chunk sent = new Chunk(source, lines, memories, memory.addMemories(memories));
    inFlight.add(sent);
    charactersInFlight += sent.characters();
    int most = mostInFlight();
    while (inFlight.size() > most || inFlight.size() > LEAST_IN_FLIGHT && charactersInFlight > MOST_CHARACTERS) {
      settle(bar);
    }
  }

  private int mostInFlight() {
    EmbeddingStats embedding = memory.embedding();
    if (embedding == null) {
      return IN_FLIGHT_TO_SERVER;
    }
    long texts = 2L * embedding.capacity();
    return Math.clamp(texts / CHUNK, LEAST_IN_FLIGHT, MOST_IN_FLIGHT);
  }

  private void settle(ProgressBar bar) {
    Chunk chunk = inFlight.remove();
    charactersInFlight -= chunk.characters();
    List<WriteOutcome> outcomes;
    try {
      outcomes = BlockingMemory.await(chunk.outcomes());
    } catch (MemlaneException e) {
      // A server can't be reached any more. Its lines count as not read, and the next run stores them or finds them there.
      read -= chunk.lines().size();
      ended = ended == null ? e.getMessage() : ended;
      return;
    }
    for (int i = 0; i < outcomes.size(); i++) {
      count(chunk.source(), chunk.lines().get(i), outcomes.get(i));
    }
    bar.at(stored + duplicates + failed);
  }

  private void count(InputSource source, long line, WriteOutcome outcome) {
    switch (outcome) {
      case WriteOutcome.Stored ignored -> stored++;
      case WriteOutcome.DuplicateOf ignored -> duplicates++;
      case WriteOutcome.WasDeleted ignored -> {
        duplicates++;
        deleted++;
      }
      default -> {
        if (stop.requested()) {
          // The stop is the cause, not the line: it counts as not read, and the next run stores it.
          read--;
          ended = "stopped";
          return;
        }
        fail(source, line, OutcomeWords.describe(outcome));
        failedInARow++;
        if (failedInARow == GIVE_UP) {
          ended = GIVE_UP + " writes in a row failed, the last one in line " + line;
        }
        return;
      }
    }
    failedInARow = 0;
  }

  private void fail(InputSource source, long line, String error) {
    failed++;
    if (failures.size() < IngestReport.MOST_FAILURES) {
      IngestReport.Failure failure = new IngestReport.Failure(source.shown(), line, error);
      failures.add(failure);
      printed.add(failure);
    }
  }
}
