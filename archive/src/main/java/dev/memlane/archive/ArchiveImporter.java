package dev.memlane.archive;

import dev.memlane.archive.ArchiveException.Reason;
import dev.memlane.archive.LineNotice.Kind;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.InvalidInputException;
import dev.memlane.orchestrator.Edits;
import dev.memlane.orchestrator.ImportOutcome;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A reader of archives, which restores their memories as they were: ids, versions, operations, times, keys, vectors and
 * histories, deleted memories included.
 *
 * <pre>{@code
 * ImportReport report = ArchiveImporter.of(memory).importFrom(Path.of("backup.jsonl"));
 * if (!report.isComplete()) {
 *   report.failures().forEach(System.err::println);
 * }
 * }</pre>
 *
 * <p>
 * <b>What exists is never changed.</b> A memory that exists in the same state counts as already there; one in another
 * state is kept and reported. So a repeated import resumes where the last one ended.
 *
 * <p>
 * <b>A line fails alone.</b> Only {@value #GIVE_UP} failures in a row end the import early, because then the lines are
 * not the cause.
 *
 * <p>
 * <b>Memory.</b> Lines are read in chunks of {@value #CHUNK}, or fewer where they are long, and at most
 * {@value #IN_FLIGHT} chunks are in flight. Memory is bounded by that, whatever the archive's size.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class ArchiveImporter {

  static final int CHUNK = 1_000;
  private static final int IN_FLIGHT = 3;
  private static final long MOST_CHARACTERS = 16L << 20;
  private static final int GIVE_UP = 1_000;
  private static final long UNKNOWN_TOTAL = -1;
  private static final String STOPPED = "stopped";

  private final MemoryOrchestrator memory;
  private final Edits edits;
  private final Progress progress;
  private final Consumer<LineNotice> notices;
  private final BooleanSupplier stopped;

  private ArchiveImporter(Builder builder) {
    this.memory = builder.memory;
    this.edits = builder.edits;
    this.progress = builder.progress;
    this.notices = builder.notices;
    this.stopped = builder.stopped;
  }

  /** An importer that refuses edited lines. */
  public static ArchiveImporter of(MemoryOrchestrator memory) {
    return builder(memory).build();
  }

  /** @param memory stays open; the caller closes it */
  public static Builder builder(MemoryOrchestrator memory) {
    return new Builder(memory);
  }

  /**
   * Imports a file, which is not compressed.
   *
   * @throws IOException if the file cannot be opened
   * @throws ArchiveException if it is no archive, or one of a newer format; nothing was imported
   */
  public ImportReport importFrom(Path file) throws IOException {
    try (InputStream input = Files.newInputStream(file)) {
      return importFrom(input);
    }
  }

  /**
   * Imports what a stream holds, and leaves it open. If the stream fails, the import ends after the last full chunk,
   * and {@link ImportReport#ended} says why.
   *
   * @throws ArchiveException if it is no archive, or one of a newer format; nothing was imported
   */
  public ImportReport importFrom(InputStream input) {
    return new Run(new LineReader(input, ArchiveLine.LONGEST_BYTES)).run();
  }

  /** Lines that are imported together. */
  private static final class Chunk {
    final List<Long> lines = new ArrayList<>();
    final List<ArchivedMemory> memories = new ArrayList<>();
    long characters;
    CompletableFuture<List<ImportOutcome>> outcomes = CompletableFuture.completedFuture(List.of());

    boolean isFull() {
      return memories.size() == CHUNK || characters >= MOST_CHARACTERS;
    }
  }

  /** One import. */
  private final class Run {

    private final long start = System.nanoTime();
    private final LineReader reader;
    private final Deque<Chunk> inFlight = new ArrayDeque<>();
    private final List<LineNotice> failures = new ArrayList<>();
    private Chunk gathering = new Chunk();
    private ArchiveLine.@Nullable Footer footer;
    private long read;
    private long restored;
    private long alreadyThere;
    private long different;
    private long failed;
    private long failedInARow;
    private long edited;
    private long noticed;
    private @Nullable String ended;

    Run(LineReader reader) {
      this.reader = reader;
    }

    ImportReport run() {
      readAll();
      while (!inFlight.isEmpty()) {
        settle();
      }
      ArchiveLine.Footer last = footer;
      boolean whole = ended == null && last != null && last.memories() + last.deleted() == read;
      return new ImportReport(read, restored, alreadyThere, different, failed, edited, failures, whole,
          Duration.ofNanos(System.nanoTime() - start), ended);
    }

    private void readAll() {
      try {
        requireHeader(reader.next());
        LineReader.Line line = reader.next();
        while (line != null && ended == null) {
          accept(line);
          if (gathering.isFull()) {
            send();
          }
          if (stopped.getAsBoolean()) {
            ended = STOPPED;
          }
          line = reader.next();
        }
      } catch (IOException e) {
        ended = "the archive could not be read to its end: " + (e.getMessage() == null ? e : e.getMessage());
      }
      if (ended != null) {
        // These lines were not sent: they count as not read, and the next import restores them.
        read -= gathering.memories.size();
      } else if (!gathering.memories.isEmpty()) {
        send();
      }
    }

    private void requireHeader(LineReader.@Nullable Line line) {
      ArchiveLine first = null;
      try {
        first = line == null || line.problem() != null ? null : ArchiveLineParser.parse(line.text());
      } catch (InvalidInputException e) {
        // Reported below: the details of a line of another kind of file help no reader.
      }
      if (!(first instanceof ArchiveLine.Header header)) {
        throw new ArchiveException(Reason.NOT_AN_ARCHIVE,
            "this is no archive: its first line is not an archive's header; import a file that was exported");
      }
      if (header.format() > ArchiveLine.FORMAT) {
        throw new ArchiveException(Reason.NEWER_FORMAT, "the archive has format " + header.format()
            + ", and this version reads formats up to " + ArchiveLine.FORMAT
            + ": use the version that wrote it, or a newer one");
      }
    }

    private void accept(LineReader.Line line) {
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
        switch (ArchiveLineParser.parse(line.text())) {
          case ArchiveLine.Body body -> gather(line, body.memory());
          case ArchiveLine.Footer last -> footer = last;
          case ArchiveLine.Header header ->
            throw new InvalidInputException("it is the first line of another export; import each file by itself");
        }
      } catch (InvalidInputException e) {
        read++;
        failed++;
        report(new LineNotice(line.number(), Kind.DAMAGED, String.valueOf(e.getMessage())));
      }
    }

    private void gather(LineReader.Line line, ArchivedMemory archived) {
      read++;
      gathering.lines.add(line.number());
      gathering.memories.add(archived);
      gathering.characters += line.text().length();
      if (edits == Edits.TAKEN && archived.contradiction() != null) {
        edited++;
        notice(new LineNotice(line.number(), Kind.EDIT_ACCEPTED,
            "it was edited, and the edit is accepted: " + archived.contradiction()));
      }
    }

    private void send() {
      Chunk sent = gathering;
      gathering = new Chunk();
      sent.outcomes = memory.importMemories(sent.memories, edits);
      inFlight.add(sent);
      while (inFlight.size() >= IN_FLIGHT) {
        settle();
      }
    }

    private void settle() {
      Chunk chunk = inFlight.remove();
      List<ImportOutcome> outcomes = Futures.join(chunk.outcomes);
      for (int i = 0; i < outcomes.size(); i++) {
        count(chunk.lines.get(i), outcomes.get(i));
      }
      progress.at(restored + alreadyThere + different + failed, UNKNOWN_TOTAL);
    }

    private void count(long line, ImportOutcome outcome) {
      switch (outcome) {
        case ImportOutcome.Restored ignored -> restored++;
        case ImportOutcome.AlreadyThere ignored -> alreadyThere++;
        case ImportOutcome.Different found -> {
          different++;
          report(new LineNotice(line, Kind.DIFFERENT, found.describe()));
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
      if (stopped.getAsBoolean()) {
        // The stop is the cause, not the line: it counts as not read, and the next import restores it.
        read--;
        ended = STOPPED;
        return;
      }
      failed++;
      boolean contradictory = outcome instanceof ImportOutcome.Failed(var id, InvalidInputException cause);
      report(new LineNotice(line, contradictory ? Kind.CONTRADICTORY : Kind.FAILED, outcome.describe()));
    }

    private void report(LineNotice failure) {
      if (failures.size() < ImportReport.MOST_FAILURES) {
        failures.add(failure);
        notice(failure);
      }
    }

    private void notice(LineNotice notice) {
      if (noticed++ < ImportReport.MOST_FAILURES) {
        notices.accept(notice);
      }
    }
  }

  /** The settings of an importer. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private Edits edits = Edits.REFUSED;
    private Progress progress = Progress.NONE;
    private Consumer<LineNotice> notices = notice -> {};
    private BooleanSupplier stopped = () -> false;

    private Builder(MemoryOrchestrator memory) {
      this.memory = memory;
    }

    /** What happens to lines that were edited after the export; refused by default. */
    public Builder edits(Edits edits) {
      this.edits = edits;
      return this;
    }

    /**
     * Sets the listener that receives the number of lines done, after each chunk. The total is -1, because it is not
     * known before the last line. The importing thread calls it.
     */
    public Builder progress(Progress progress) {
      this.progress = progress;
      return this;
    }

    /**
     * Sets the listener for lines that failed, differ from what exists, or were accepted as edits. It receives at most
     * {@value ImportReport#MOST_FAILURES} notices, from the importing thread.
     */
    public Builder onNotice(Consumer<LineNotice> notices) {
      this.notices = notices;
      return this;
    }

    /**
     * Sets what is asked after each line whether to stop. A stopped import returns its report; importing again resumes.
     */
    public Builder stopWhen(BooleanSupplier stopped) {
      this.stopped = stopped;
      return this;
    }

    public ArchiveImporter build() {
      return new ArchiveImporter(this);
    }
  }
}
