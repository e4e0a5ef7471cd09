package dev.memlane.archive;

import dev.memlane.archive.LineNotice.Kind;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageImportOutcome;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
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
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A reader of archives, which restores their memories as they were: ids, versions, operations, times, keys, vectors and
 * histories, deleted memories included. Messages of conversations are restored with their ids, positions and times.
 *
 * <pre>{@code
 * ImportReport report = ArchiveImporter.of(memory).importFrom(Path.of("backup.jsonl"));
 * if (!report.isComplete()) {
 *   report.failures().forEach(System.err::println);
 * }
 * }</pre>
 *
 * <p>
 * <b>What exists is never changed.</b> A memory or message that exists in the same state counts as already there; one in
 * another state is kept and reported. So a repeated import resumes where the last one ended.
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
   * Imports a file of JSON Lines, which is not compressed.
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
   * Imports the JSON Lines that a stream holds, and leaves it open. If the stream fails, the import ends after the last full chunk,
   * and {@link ImportReport#ended} says why.
   *
   * @throws ArchiveException if it is no archive, or one of a newer format; nothing was imported
   */
  public ImportReport importFrom(InputStream input) {
    return importFrom(JsonLines.source(input));
  }

  /**
   * Imports an archive of any format. If it cannot be read to its end, the import ends after the last full chunk, and
   * {@link ImportReport#ended} says why.
   *
   * @throws ArchiveException if it is no archive, or one of a newer format; nothing was imported
   */
  public ImportReport importFrom(ArchiveSource source) {
    return new Run(source).run();
  }

  /** Lines that are imported together: of memories, or of messages of one conversation. */
  private static final class Chunk {
    final @Nullable Scope conversation;
    final List<Long> lines = new ArrayList<>();
    final List<ArchivedMemory> memories = new ArrayList<>();
    final List<ArchivedMessage> messages = new ArrayList<>();
    final Set<Object> idsAndPositions = new HashSet<>();
    long characters;
    CompletableFuture<List<LineOutcome>> outcomes = CompletableFuture.completedFuture(List.of());

    Chunk(@Nullable Scope conversation) {
      this.conversation = conversation;
    }

    void add(long line, long length) {
      lines.add(line);
      characters += length;
    }

    /** Adds a message, unless the chunk has another one with its id or position. */
    boolean add(ArchivedMessage archived) {
      ConversationMessage message = archived.message();
      if (idsAndPositions.contains(message.id()) || idsAndPositions.contains(message.position())) {
        return false;
      }
      idsAndPositions.add(message.id());
      idsAndPositions.add(message.position());
      return messages.add(archived);
    }

    boolean isFull() {
      return lines.size() == CHUNK || characters >= MOST_CHARACTERS;
    }
  }

  /** What became of the memory or message in a line; the description is for reports. */
  private record LineOutcome(State state, String description) {

    enum State {
      RESTORED, ALREADY_THERE, DIFFERENT, CONTRADICTORY, FAILED
    }

    static LineOutcome of(ImportOutcome outcome) {
      State state = switch (outcome) {
        case ImportOutcome.Restored ignored -> State.RESTORED;
        case ImportOutcome.AlreadyThere ignored -> State.ALREADY_THERE;
        case ImportOutcome.Different ignored -> State.DIFFERENT;
        case ImportOutcome.Failed(var id, InvalidInputException cause) -> State.CONTRADICTORY;
        case ImportOutcome.Failed ignored -> State.FAILED;
        case ImportOutcome.Unsettled ignored -> State.FAILED;
      };
      return new LineOutcome(state, outcome.describe());
    }

    static LineOutcome of(ArchivedMessage archived, MessageImportOutcome outcome) {
      return switch (outcome) {
        case RESTORED -> new LineOutcome(State.RESTORED, "the message is restored");
        case ALREADY_THERE -> new LineOutcome(State.ALREADY_THERE, "the message is there already");
        case DIFFERENT -> new LineOutcome(State.DIFFERENT, "the conversation has another message with the id "
            + archived.message().id() + " or at the position " + archived.message().position()
            + "; nothing was changed");
      };
    }

    static LineOutcome failed(Throwable failure) {
      Throwable cause = failure instanceof CompletionException && failure.getCause() != null
          ? failure.getCause()
          : failure;
      return new LineOutcome(State.FAILED, "the message was not restored: " + cause.getMessage());
    }
  }

  /** One import. */
  private final class Run {

    private final long start = System.nanoTime();
    private final ArchiveSource source;
    private final Deque<Chunk> inFlight = new ArrayDeque<>();
    private final List<LineNotice> failures = new ArrayList<>();
    private Chunk gathering = new Chunk(null);
    private @Nullable ArchiveCounts end;
    private long read;
    private long restored;
    private long alreadyThere;
    private long different;
    private long failed;
    private long failedInARow;
    private long edited;
    private long noticed;
    private @Nullable String ended;

    Run(ArchiveSource source) {
      this.source = source;
    }

    ImportReport run() {
      readAll();
      while (!inFlight.isEmpty()) {
        settle();
      }
      ArchiveCounts last = end;
      boolean whole = ended == null && last != null && last.total() == read;
      return new ImportReport(read, restored, alreadyThere, different, failed, edited, failures, whole,
          Duration.ofNanos(System.nanoTime() - start), ended);
    }

    private void readAll() {
      try {
        ArchiveEntry entry = source.next();
        while (entry != null && ended == null) {
          accept(entry);
          if (gathering.isFull()) {
            send(gathering.conversation);
          }
          if (stopped.getAsBoolean()) {
            ended = STOPPED;
          }
          entry = source.next();
        }
      } catch (IOException e) {
        ended = "the archive could not be read to its end: " + (e.getMessage() == null ? e : e.getMessage());
      }
      if (ended != null) {
        // These lines were not sent: they count as not read, and the next import restores them.
        read -= gathering.lines.size();
      } else {
        send(null);
      }
    }

    private void accept(ArchiveEntry entry) {
      if (end != null) {
        damaged(entry.number(), "it comes after the last line of the export");
        return;
      }
      switch (entry) {
        case ArchiveEntry.OfMemory of -> gather(of);
        case ArchiveEntry.OfMessage of -> gather(of);
        case ArchiveEntry.Damaged(long number, String problem) -> damaged(number, problem);
        case ArchiveEntry.End(long number, ArchiveCounts counts) -> end = counts;
      }
    }

    private void damaged(long line, String problem) {
      read++;
      failed++;
      report(new LineNotice(line, Kind.DAMAGED, problem));
    }

    private void gather(ArchiveEntry.OfMemory of) {
      ArchivedMemory archived = of.memory();
      read++;
      if (gathering.conversation != null) {
        send(null);
      }
      gathering.add(of.number(), of.length());
      gathering.memories.add(archived);
      if (edits == Edits.TAKEN && archived.contradiction() != null) {
        edited++;
        notice(new LineNotice(of.number(), Kind.EDIT_ACCEPTED,
            "it was edited, and the edit is accepted: " + archived.contradiction()));
      }
    }

    private void gather(ArchiveEntry.OfMessage of) {
      read++;
      if (!of.conversation().equals(gathering.conversation)) {
        send(of.conversation());
      }
      if (!gathering.add(of.message())) {
        send(of.conversation());
        gathering.add(of.message());
      }
      gathering.add(of.number(), of.length());
    }

    /**
     * Sends what is gathered, if anything.
     *
     * @param conversation the conversation whose messages are gathered next; null for memories
     */
    private void send(@Nullable Scope conversation) {
      Chunk sent = gathering;
      gathering = new Chunk(conversation);
      if (sent.lines.isEmpty()) {
        return;
      }
      sent.outcomes = sent.conversation == null
          ? memory.importMemories(sent.memories, edits)
              .thenApply(outcomes -> outcomes.stream().map(LineOutcome::of).toList())
          : importMessages(sent.conversation, sent.messages);
      inFlight.add(sent);
      while (inFlight.size() >= IN_FLIGHT) {
        settle();
      }
    }

    private CompletableFuture<List<LineOutcome>> importMessages(Scope conversation, List<ArchivedMessage> messages) {
      return memory.conversations().importMessages(conversation, messages)
          .thenApply(outcomes -> IntStream.range(0, messages.size())
              .mapToObj(i -> LineOutcome.of(messages.get(i), outcomes.get(i))).toList())
          .exceptionally(failure -> Collections.nCopies(messages.size(), LineOutcome.failed(failure)));
    }

    private void settle() {
      Chunk chunk = inFlight.remove();
      List<LineOutcome> outcomes = BlockingMemory.await(chunk.outcomes);
      for (int i = 0; i < outcomes.size(); i++) {
        count(chunk.lines.get(i), outcomes.get(i));
      }
      progress.at(restored + alreadyThere + different + failed, UNKNOWN_TOTAL);
    }

    private void count(long line, LineOutcome outcome) {
      boolean failing = false;
      switch (outcome.state) {
        case RESTORED -> restored++;
        case ALREADY_THERE -> alreadyThere++;
        case DIFFERENT -> {
          different++;
          report(new LineNotice(line, Kind.DIFFERENT, outcome.description));
        }
        case CONTRADICTORY -> {
          failing = true;
          fail(line, Kind.CONTRADICTORY, outcome);
        }
        case FAILED -> {
          failing = true;
          fail(line, Kind.FAILED, outcome);
        }
      }
      failedInARow = failing ? failedInARow + 1 : 0;
      if (failedInARow == GIVE_UP) {
        ended = GIVE_UP + " lines in a row failed, the last one is line " + line;
      }
    }

    private void fail(long line, Kind kind, LineOutcome outcome) {
      if (stopped.getAsBoolean()) {
        // The stop is the cause, not the line: it counts as not read, and the next import restores it.
        read--;
        ended = STOPPED;
        return;
      }
      failed++;
      report(new LineNotice(line, kind, outcome.description));
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
