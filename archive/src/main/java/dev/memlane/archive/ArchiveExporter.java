package dev.memlane.archive;

import dev.memlane.archive.ArchiveException.Reason;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.ArchivePage;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.ConversationPage;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MessageArchivePage;
import dev.memlane.orchestrator.Progress;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A writer of archives: memories with their histories, and conversations, read page by page and written as JSON Lines or
 * in another format.
 *
 * <pre>{@code
 * ExportReport report = ArchiveExporter.of(memory).exportTo(ArchiveFile.creating(Path.of("backup.jsonl")));
 * }</pre>
 *
 * <p>
 * <b>Content.</b> An archive holds live memories, expired ones included, and deleted ones, so that they stay deleted
 * when it is imported; and the messages of conversations. Writes may continue during an export: each memory is in the state that it had at some moment of
 * the export. Two exports of the same memories are the same bytes.
 *
 * <p>
 * <b>Format.</b> {@link JsonLines}, unless {@link Builder#format} sets another one. All formats hold the same.
 *
 * <p>
 * <b>Memory.</b> The next page is read while one is written, so at most two pages of {@value #PAGE} memories are held.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class ArchiveExporter {

  private static final int PAGE = 500;
  private static final long UNKNOWN_TOTAL = -1;

  private final MemoryOrchestrator memory;
  private final @Nullable Scope scope;
  private final boolean vectors;
  private final ArchiveFormat format;
  private final Progress progress;
  private final BooleanSupplier stopped;

  private ArchiveExporter(Builder builder) {
    this.memory = builder.memory;
    this.scope = builder.scope;
    this.vectors = builder.vectors;
    this.format = builder.format;
    this.progress = builder.progress;
    this.stopped = builder.stopped;
  }

  /** An exporter of all memories, with their vectors. */
  public static ArchiveExporter of(MemoryOrchestrator memory) {
    return builder(memory).build();
  }

  /** @param memory stays open; the caller closes it */
  public static Builder builder(MemoryOrchestrator memory) {
    return new Builder(memory);
  }

  /**
   * Writes an archive to a file.
   *
   * @throws ArchiveException if the file cannot be written or the export is stopped; no file is left behind then
   */
  public ExportReport exportTo(ArchiveFile file) {
    return file.write(this::exportTo);
  }

  /**
   * Writes an archive to a stream, and leaves it open. After a failure the stream holds a part of an archive, which
   * {@link ArchiveImporter} recognises as incomplete.
   *
   * @throws ArchiveException if the stream cannot be written or the export is stopped
   */
  public ExportReport exportTo(OutputStream output) {
    return new Run(output).run();
  }

  /** One export. */
  private final class Run {

    private final long start = System.nanoTime();
    private final ArchiveSink sink;
    private long memories;
    private long deleted;
    private long messages;

    Run(OutputStream output) {
      this.sink = format.sink(output);
    }

    ExportReport run() {
      // Counting takes time, and only a progress listener needs the total.
      long total = progress.equals(Progress.NONE) ? UNKNOWN_TOTAL : BlockingMemory.await(memory.count(scope, null));
      progress.at(0, total);
      try {
        writePages(total);
        writeConversations();
        sink.end(new ArchiveCounts(memories, deleted, messages));
      } catch (IOException e) {
        throw new ArchiveException(Reason.WRITE_FAILED,
            "the export could not be written: " + (e.getMessage() == null ? e : e.getMessage()), e);
      }
      return new ExportReport(memories, deleted, messages, Duration.ofNanos(System.nanoTime() - start));
    }

    private void writePages(long total) throws IOException {
      sink.begin(scope);
      CompletableFuture<ArchivePage> reading = read(null);
      while (true) {
        ArchivePage page = BlockingMemory.await(reading);
        MemoryId next = page.next();
        if (next != null) {
          reading = read(next);
        }
        for (ArchivedMemory archived : page.memories()) {
          write(archived);
        }
        // The total counts live memories only, and more may have been added since.
        progress.at(memories, total == UNKNOWN_TOTAL ? total : Math.max(total, memories));
        if (next == null) {
          break;
        }
        requireNotStopped();
      }
    }

    private void requireNotStopped() {
      if (stopped.getAsBoolean()) {
        throw new ArchiveException(Reason.STOPPED, "stopped; the export is not complete");
      }
    }

    private void writeConversations() throws IOException {
      Long after = 0L;
      while (after != null) {
        ConversationPage page = BlockingMemory.await(memory.conversations().list(scope, after, PAGE));
        for (Scope conversation : page.conversations()) {
          writeMessages(conversation);
        }
        after = page.next();
      }
    }

    private void writeMessages(Scope conversation) throws IOException {
      Long after = 0L;
      while (after != null) {
        requireNotStopped();
        MessageArchivePage page = BlockingMemory.await(memory.conversations().exportPage(conversation, after, PAGE));
        for (ArchivedMessage archived : page.messages()) {
          sink.write(conversation, archived);
          messages++;
        }
        after = page.next();
      }
    }

    private CompletableFuture<ArchivePage> read(@Nullable MemoryId after) {
      return memory.exportPage(scope, after, PAGE, vectors);
    }

    private void write(ArchivedMemory archived) throws IOException {
      sink.write(archived);
      if (archived.row() instanceof ArchivedRow.Live) {
        memories++;
      } else {
        deleted++;
      }
    }
  }

  /** The settings of an exporter. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private @Nullable Scope scope;
    private boolean vectors = true;
    private ArchiveFormat format = JsonLines.format();
    private Progress progress = Progress.NONE;
    private BooleanSupplier stopped = () -> false;

    private Builder(MemoryOrchestrator memory) {
      this.memory = memory;
    }

    /** The scope to export; null (the default) exports all scopes. */
    public Builder scope(@Nullable Scope scope) {
      this.scope = scope;
      return this;
    }

    /**
     * Whether to write the vectors (the default). Without them the archive is smaller, and an import embeds its texts
     * again.
     */
    public Builder vectors(boolean vectors) {
      this.vectors = vectors;
      return this;
    }

    /** Sets the format in which archives are written; {@link JsonLines} by default. */
    public Builder format(ArchiveFormat format) {
      this.format = format;
      return this;
    }

    /**
     * Sets the listener that receives the number of live memories written and their total, after each page. The
     * exporting thread calls it.
     */
    public Builder progress(Progress progress) {
      this.progress = progress;
      return this;
    }

    /** Sets what is asked after each page whether to stop, which ends the export with an exception. */
    public Builder stopWhen(BooleanSupplier stopped) {
      this.stopped = stopped;
      return this;
    }

    public ArchiveExporter build() {
      return new ArchiveExporter(this);
    }
  }
}
