package dev.memlane.cli;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Stores the lines of files: reads them in chunks of {@value #CHUNK} and has several chunks on their way at once, so that
 * one is read and embedded while another is written: {@value #LEAST_IN_FLIGHT}, or twice as many texts as the embedder can
 * have in requests at the same time. Memory is bounded by that and by a number of characters, whatever the files' size, but
 * for the keys' bookkeeping ({@link DerivedKeys}).
 *
 * <p>
 * A line fails alone. Only when {@value #GIVE_UP} writes in a row have failed does the whole end early: then it is not
 * the lines. Used once, by one thread.
 */
final class Ingestion {

  static final int CHUNK = 256;
  private static final int LEAST_IN_FLIGHT = 2;
  private static final int MOST_IN_FLIGHT = 32;
  private static final long MOST_CHARACTERS = 16L << 20;
  private static final int GIVE_UP = 1_000;
  private static final int MOST_WARNINGS = 20;
  /** What differs in messages about lines of which the same is wrong. */
  private static final Pattern SPECIFIC = Pattern.compile("\"[^\"]*\"|[0-9]+|, near .*|and this is .*|first one is .*");

  private final MemoryOrchestrator memory;
  private final IngestLine.Defaults defaults;
  private final Console console;
  private final Stop stop;

  private final Deque<Chunk> inFlight = new ArrayDeque<>();
  private final List<IngestReport.Failure> failures = new ArrayList<>();
  /** By file and reason. */
  private final Map<String, Repeated> repeated = new LinkedHashMap<>();
  private final Set<String> warned = new HashSet<>();
  private long charactersInFlight;
  private long read;
  private long stored;
  private long duplicates;
  private long deleted;
  private long failed;
  private long failedInARow;
  private @Nullable String ended;

  Ingestion(MemoryOrchestrator memory, IngestLine.Defaults defaults, Console console, Stop stop) {
    this.memory = memory;
    this.defaults = defaults;
    this.console = console;
    this.stop = stop;
  }

  private record Chunk(Source source, List<Long> lines, List<NewMemory> memories,
      CompletableFuture<List<WriteOutcome>> outcomes) {

    long characters() {
      return memories.stream().mapToLong(memory -> memory.content().length()).sum();
    }
  }

  /** Stores all lines of all sources, one source after the other. */
  IngestReport run(List<Source> sources) {
    long start = System.nanoTime();
    try (Bar bar = Bar.start(console, "Ingesting", " lines", total(sources))) {
      for (Source source : sources) {
        if (ended == null) {
          ingest(source, bar);
        }
      }
      while (!inFlight.isEmpty()) {
        settle(bar);
      }
    }
    repeated.values().forEach(same -> same.tell(console));
    if (failed > failures.size()) {
      console.say((failed - failures.size()) + " more lines failed; they are only counted");
    }
    return new IngestReport(read, stored, duplicates, deleted, memory.embeddingStatistics().embedded(), failed,
        List.copyOf(failures), System.nanoTime() - start, ended);
  }

  private void ingest(Source source, Bar bar) {
    try {
      ingest(source, source.open(console, stop), bar);
    } catch (IOException e) {
      ended = source.shown() + " could not be read to its end: " + Problems.of(e);
    }
  }

  private static Source.Lines lines(TextInput input) throws IOException {
    return switch (input.form()) {
      case LINES -> new LineReader(input.stream())::next;
      case CARRIAGE_RETURNS -> new LineReader(input.stream(), LineReader.LONGEST_BYTES, (byte) '\r')::next;
      case VALUES -> new JsonValues(input.stream())::next;
    };
  }

  private void ingest(Source source, TextInput opened, Bar bar) throws IOException {
    try (opened) {
      Source.Lines lines = lines(opened);
      DerivedKeys keys = new DerivedKeys(source.name());
      List<Long> numbers = new ArrayList<>();
      List<NewMemory> memories = new ArrayList<>();
      LineReader.Line line = source.next(lines, stop);
      while (line != null && ended == null) {
        NewMemory parsed = parse(source, line, keys);
        if (parsed != null) {
          numbers.add(line.number());
          memories.add(parsed);
        }
        if (memories.size() == CHUNK) {
          send(source, numbers, memories, bar);
          numbers = new ArrayList<>();
          memories = new ArrayList<>();
        }
        if (stop.requested()) {
          ended = "stopped";
        }
        line = source.next(lines, stop);
      }
      if (ended == null && !memories.isEmpty()) {
        send(source, numbers, memories, bar);
      }
    }
  }

  private @Nullable NewMemory parse(Source source, LineReader.Line line, DerivedKeys keys) {
    if (line.problem() == null && line.text().isBlank()) {
      return null;
    }
    read++;
    if (line.problem() != null) {
      fail(source, line.number(), line.problem());
      return null;
    }
    try {
      String key = keys.next(line.text());
      IngestLine parsed = line.value() == null
          ? IngestLine.parse(line.text(), defaults, key)
          : IngestLine.parse(line.value(), defaults, key);
      parsed.unknownFields().forEach(field -> warn(source, line.number(), field));
      return parsed.memory();
    } catch (InvalidInputException e) {
      fail(source, line.number(), String.valueOf(e.getMessage()));
      return null;
    }
  }

  private void warn(Source source, long line, String field) {
    if (warned.size() < MOST_WARNINGS && warned.add(field)) {
      String meant = IngestLine.meant(field);
      console.say(source.shown() + ":" + line + ": the field \"" + Layout.shortened(field, 60) + "\" is ignored"
          + (meant == null ? "" : "; is \"" + meant + "\" meant?") + " (said once)");
    }
  }

  private void send(Source source, List<Long> lines, List<NewMemory> memories, Bar bar) {
    Chunk sent = new Chunk(source, lines, memories, memory.addMemories(memories));
    inFlight.add(sent);
    charactersInFlight += sent.characters();
    int most = mostInFlight();
    while (inFlight.size() > most || inFlight.size() > LEAST_IN_FLIGHT && charactersInFlight > MOST_CHARACTERS) {
      settle(bar);
    }
  }

  private int mostInFlight() {
    long texts = 2L * memory.embeddingStatistics().capacity();
    return Math.clamp(texts / CHUNK, LEAST_IN_FLIGHT, MOST_IN_FLIGHT);
  }

  private void settle(Bar bar) {
    Chunk chunk = inFlight.remove();
    charactersInFlight -= chunk.characters();
    List<WriteOutcome> outcomes = Futures.join(chunk.outcomes());
    for (int i = 0; i < outcomes.size(); i++) {
      count(chunk.source(), chunk.lines().get(i), outcomes.get(i));
    }
    bar.at(stored + duplicates + failed);
  }

  private void count(Source source, long line, WriteOutcome outcome) {
    switch (outcome) {
      case WriteOutcome.Stored ignored -> stored++;
      case WriteOutcome.DuplicateOf ignored -> duplicates++;
      case WriteOutcome.WasDeleted ignored -> {
        duplicates++;
        deleted++;
      }
      default -> {
        if (stop.requested()) {
          // Not the line's fault: it counts as not read, and the next run stores it.
          read--;
          ended = "stopped";
          return;
        }
        fail(source, line, outcome.describe());
        failedInARow++;
        if (failedInARow == GIVE_UP) {
          ended = GIVE_UP + " writes in a row failed, the last one in line " + line;
        }
        return;
      }
    }
    failedInARow = 0;
  }

  private void fail(Source source, long line, String error) {
    failed++;
    if (failures.size() < IngestReport.MOST_FAILURES) {
      IngestReport.Failure failure = new IngestReport.Failure(source.shown(), line, error);
      failures.add(failure);
      String kind = source.shown() + SPECIFIC.matcher(error).replaceAll("#");
      Repeated before = repeated.putIfAbsent(kind, new Repeated(failure));
      if (before == null) {
        console.say(failure.toString());
      } else {
        before.add(line);
      }
    }
  }

  /** Lines that failed for the same reason as another one, which has been told. */
  private static final class Repeated {

    private static final int SHOWN = 10;

    private final IngestReport.Failure first;
    private final List<Long> lines = new ArrayList<>();
    private int more;

    Repeated(IngestReport.Failure first) {
      this.first = first;
    }

    void add(long line) {
      if (lines.size() < SHOWN) {
        lines.add(line);
      } else {
        more++;
      }
    }

    void tell(Console console) {
      if (!lines.isEmpty()) {
        console.say(first.file() + ": the same in line" + (lines.size() + more == 1 ? " " : "s ")
            + lines.stream().map(String::valueOf).collect(Collectors.joining(", "))
            + (more == 0 ? "" : " and " + Layout.number(more) + " more") + " as in line " + first.line());
      }
    }
  }

  /** How many lines there are, if a bar needs to know and they can be counted. */
  private long total(List<Source> sources) {
    if (!console.terminal() || !sources.stream().allMatch(s -> s.path() != null && Files.isRegularFile(s.path()))) {
      return Bar.UNKNOWN;
    }
    long total = 0;
    for (Source source : sources) {
      try (TextInput text = TextInput.open(Files.newInputStream(Objects.requireNonNull(source.path())), false)) {
        if (text.packed() || text.form() != TextInput.Form.LINES) {
          return Bar.UNKNOWN;
        }
        InputStream input = text.stream();
        byte[] buffer = new byte[1 << 16];
        byte last = '\n';
        for (int n = input.read(buffer); n > 0; n = input.read(buffer)) {
          for (int i = 0; i < n; i++) {
            total += buffer[i] == '\n' ? 1 : 0;
          }
          last = buffer[n - 1];
        }
        total += last == '\n' ? 0 : 1;
      } catch (IOException e) {
        // Reading the file itself meets the same error and tells it.
        return Bar.UNKNOWN;
      }
    }
    return total;
  }
}
