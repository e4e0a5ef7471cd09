package dev.memlane.cli;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.InvalidInputException;
import dev.memlane.orchestrator.Edits;
import dev.memlane.orchestrator.ImportOutcome;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Brings back the lines of one file: reads them in chunks of {@value #CHUNK}, or fewer where they are long, and has
 * {@value #IN_FLIGHT} chunks on their way at once. Memory is bounded by that, whatever the file's size.
 *
 * <p>
 * A line fails alone. Only when {@value #GIVE_UP} in a row have failed does the whole end early: then it is not the lines.
 * Used once, by one thread.
 */
final class Import {

  static final int CHUNK = 1_000;
  private static final int IN_FLIGHT = 3;
  private static final long MOST_CHARACTERS = 16L << 20;
  private static final int GIVE_UP = 1_000;

  private final MemoryOrchestrator memory;
  private final Source source;
  private final Console console;
  private final Stop stop;
  private final Edits edits;

  private final Deque<Chunk> inFlight = new ArrayDeque<>();
  private final List<ImportReport.Failure> failures = new ArrayList<>();
  private Chunk gathering = new Chunk();
  private ArchiveLine.@Nullable Footer footer;
  private long read;
  private long restored;
  private long alreadyThere;
  private long different;
  private long failed;
  private long failedInARow;
  private long edited;
  private long told;
  private @Nullable String ended;

  /** @param edits what becomes of lines that were edited */
  Import(MemoryOrchestrator memory, Source source, Edits edits, Console console, Stop stop) {
    this.memory = memory;
    this.source = source;
    this.console = console;
    this.stop = stop;
    this.edits = edits;
  }

  /** Lines on their way. */
  private static final class Chunk {
    final List<Long> lines = new ArrayList<>();
    final List<ArchivedMemory> memories = new ArrayList<>();
    long characters;
    CompletableFuture<List<ImportOutcome>> outcomes = CompletableFuture.completedFuture(List.of());
  }

  /**
   * Brings everything back.
   *
   * @throws CommandFailure if the file is no export
   */
  ImportReport run() {
    long start = System.nanoTime();
    try (Bar bar = Bar.start(console, "Importing", " memories", Bar.UNKNOWN)) {
      readAll(bar);
      while (!inFlight.isEmpty()) {
        settle(bar);
      }
    }
    long untold = failed + different - failures.size();
    if (untold > 0) {
      console.say(Layout.number(untold) + " more lines brought nothing back; they are only counted");
    }
    ArchiveLine.Footer last = footer;
    boolean whole = ended == null && last != null && last.memories() + last.deleted() == read;
    return new ImportReport(read, restored, alreadyThere, different, failed, edited, List.copyOf(failures), whole,
        System.nanoTime() - start, ended);
  }

  private void readAll(Bar bar) {
    try (InputStream input = source.open(console, stop).stream()) {
      LineReader reader = new LineReader(input, ArchiveLine.LONGEST_BYTES);
      Source.Lines lines = reader::next;
      requireHeader(source.next(lines, stop));
      LineReader.Line line = source.next(lines, stop);
      while (line != null && ended == null) {
        take(line);
        if (gathering.memories.size() == CHUNK || gathering.characters >= MOST_CHARACTERS) {
          send(bar);
        }
        if (stop.requested()) {
          ended = "stopped";
        }
        line = source.next(lines, stop);
      }
      if (ended != null) {
        // Not sent, so the next run restores them.
        read -= gathering.memories.size();
      } else if (!gathering.memories.isEmpty()) {
        send(bar);
      }
    } catch (IOException e) {
      ended = source.shown() + " could not be read to its end: " + Problems.of(e);
    }
  }

  private void requireHeader(LineReader.@Nullable Line line) {
    ArchiveLine first = null;
    try {
      first = line == null || line.problem() != null ? null : ArchiveLine.parse(line.text());
    } catch (InvalidInputException e) {
      // Told below: what is wrong with a line of another kind of file helps nobody.
    }
    if (!(first instanceof ArchiveLine.Header header)) {
      throw new CommandFailure(source.shown() + " was not written by 'memlane export': its first line doesn't say so. "
          + "'memlane ingest' takes lines of your own");
    }
    if (header.format() > ArchiveLine.FORMAT) {
      throw new CommandFailure(
          source.shown() + " has format " + header.format() + ", and this version reads formats up to "
              + ArchiveLine.FORMAT + ": use the version that wrote it, or a newer one");
    }
  }

  private void take(LineReader.Line line) {
    if (line.problem() == null && line.text().isBlank()) {
      return;
    }
    try {
      if (footer != null) {
        throw new InvalidInputException("it comes after the last line of the export");
      }
      String problem = line.problem();
      if (problem != null) {
        throw new InvalidInputException(problem);
      }
      switch (ArchiveLine.parse(line.text())) {
        case ArchiveLine.Body body -> {
          read++;
          gathering.lines.add(line.number());
          gathering.memories.add(body.memory());
          if (edits == Edits.TAKEN && body.memory().contradiction() != null) {
            edited++;
            tell(line.number(), "it was edited, and is taken so: " + body.memory().contradiction());
          }
          gathering.characters += line.text().length();
        }
        case ArchiveLine.Footer last -> footer = last;
        case ArchiveLine.Header header ->
          throw new InvalidInputException("it is the first line of another export; import each file by itself");
      }
    } catch (InvalidInputException e) {
      read++;
      failed++;
      report(line.number(), String.valueOf(e.getMessage()));
    }
  }

  private void send(Bar bar) {
    Chunk sent = gathering;
    gathering = new Chunk();
    sent.outcomes = memory.importMemories(sent.memories, edits);
    inFlight.add(sent);
    while (inFlight.size() >= IN_FLIGHT) {
      settle(bar);
    }
  }

  private void settle(Bar bar) {
    Chunk chunk = inFlight.remove();
    List<ImportOutcome> outcomes = Futures.join(chunk.outcomes);
    for (int i = 0; i < outcomes.size(); i++) {
      count(chunk.lines.get(i), outcomes.get(i));
    }
    bar.at(restored + alreadyThere + different + failed);
  }

  private void count(long line, ImportOutcome outcome) {
    switch (outcome) {
      case ImportOutcome.Restored ignored -> restored++;
      case ImportOutcome.AlreadyThere ignored -> alreadyThere++;
      case ImportOutcome.Different found -> {
        different++;
        report(line, found.describe());
      }
      case ImportOutcome.Failed ignored -> fail(line, outcome);
      case ImportOutcome.Unsettled ignored -> fail(line, outcome);
    }
    failedInARow = outcome instanceof ImportOutcome.Failed || outcome instanceof ImportOutcome.Unsettled
        ? failedInARow + 1
        : 0;
    if (failedInARow == GIVE_UP) {
      ended = GIVE_UP + " memories in a row failed, the last one in line " + line;
    }
  }

  private void fail(long line, ImportOutcome outcome) {
    if (stop.requested()) {
      // Not the line's fault: it counts as not read, and the next run restores it.
      read--;
      ended = "stopped";
      return;
    }
    failed++;
    boolean wasEdited = outcome instanceof ImportOutcome.Failed(var id, InvalidInputException cause);
    report(line, outcome.describe() + (wasEdited ? "; --accept-edits takes what it says now for an edit" : ""));
  }

  private void report(long line, String error) {
    if (failures.size() < ImportReport.MOST_FAILURES) {
      failures.add(new ImportReport.Failure(line, error));
      tell(line, error);
    }
  }

  private void tell(long line, String what) {
    if (told++ < ImportReport.MOST_FAILURES) {
      console.say(source.shown() + ":" + line + ": " + what);
    }
  }
}
