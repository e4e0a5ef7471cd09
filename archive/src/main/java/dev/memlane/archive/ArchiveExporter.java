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
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A writer of archives: memories with their histories, and conversations, read page by page and written as JSON Lines.
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
 * <b>Format.</b> One JSON object on each line, in UTF-8. The first line is a header; a line for each memory follows, in
 * order of id, then a line for each message, by conversation and in order; the last line counts them, so that a file that was cut off is recognised. Absent values are left out. A
 * vector is base64 of little-endian 32-bit floats, and {@code of} is the hash of the text that it was made from.
 *
 * <pre>
 * {"memlane":"export","format":2}
 * {"id":"...","state":"live","user":"ada","content":"...","version":2,"op":"...",...,"history":[{"op":"...",...}]}
 * {"conversation":{"user":"ada","run":"7"},"position":1,"id":"...","role":"user","format":"...","payload":"...",...}
 * {"memories":1,"deleted":0,"messages":1}
 * </pre>
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
  private final Progress progress;
  private final BooleanSupplier stopped;

  private ArchiveExporter(Builder builder) {
    this.memory = builder.memory;
    this.scope = builder.scope;
    this.vectors = builder.vectors;
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
    private final Writer writer;
    private long memories;
    private long deleted;
    private long messages;

    Run(OutputStream output) {
      this.writer = new BufferedWriter(new OutputStreamWriter(output, StandardCharsets.UTF_8), 1 << 16);
    }

    ExportReport run() {
      // Counting takes time, and only a progress listener needs the total.
      long total = progress.equals(Progress.NONE) ? UNKNOWN_TOTAL : BlockingMemory.await(memory.count(scope, null));
      progress.at(0, total);
      try {
        writePages(total);
        writeConversations();
        line(ArchiveLineFormatter.footer(memories, deleted, messages));
        writer.flush();
      } catch (IOException e) {
        throw new ArchiveException(Reason.WRITE_FAILED,
            "the export could not be written: " + (e.getMessage() == null ? e : e.getMessage()), e);
      }
      return new ExportReport(memories, deleted, messages, Duration.ofNanos(System.nanoTime() - start));
    }

    private void writePages(long total) throws IOException {
      line(ArchiveLineFormatter.header(scope));
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
          line(ArchiveLineFormatter.message(conversation, archived));
          messages++;
        }
        after = page.next();
      }
    }

    private CompletableFuture<ArchivePage> read(@Nullable MemoryId after) {
      return memory.exportPage(scope, after, PAGE, vectors);
    }

    private void write(ArchivedMemory archived) throws IOException {
      line(ArchiveLineFormatter.body(archived));
      if (archived.row() instanceof ArchivedRow.Live) {
        memories++;
      } else {
        deleted++;
      }
    }

    private void line(String line) throws IOException {
      writer.write(line);
      writer.write('\n');
    }
  }

  /** The settings of an exporter. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private @Nullable Scope scope;
    private boolean vectors = true;
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
