package dev.memlane.cli;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.ArchivePage;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Writes the lines of an export, page by page; the next page is read while one is written, so that two are in memory at
 * most. Used once, by one thread.
 */
final class Export {

  private static final int PAGE = 500;

  private final MemoryOrchestrator memory;
  private final @Nullable Scope scope;
  private final boolean vectors;
  private final Console console;
  private final Stop stop;
  private long memories;
  private long deleted;

  /**
   * @param scope whose memories are exported; null for all
   * @param vectors whether the vectors are exported as well
   */
  Export(MemoryOrchestrator memory, @Nullable Scope scope, boolean vectors, Console console, Stop stop) {
    this.memory = memory;
    this.scope = scope;
    this.vectors = vectors;
    this.console = console;
    this.stop = stop;
  }

  /**
   * Writes everything, and leaves the output open.
   *
   * @throws CommandFailure if it was stopped
   */
  ExportReport run(OutputStream output) {
    long start = System.nanoTime();
    Writer writer = new BufferedWriter(new OutputStreamWriter(output, StandardCharsets.UTF_8), 1 << 16);
    long total = console.terminal() ? Futures.join(memory.count(scope, null)) : Bar.UNKNOWN;
    try (Bar bar = Bar.start(console, "Exporting", " memories", total)) {
      line(writer, ArchiveLine.header(scope));
      CompletableFuture<ArchivePage> reading = read(null);
      while (true) {
        ArchivePage page = Futures.join(reading);
        MemoryId next = page.next();
        if (next != null) {
          reading = read(next);
        }
        for (ArchivedMemory archived : page.memories()) {
          write(writer, archived);
        }
        // What was deleted is no part of the total.
        bar.at(memories, total == Bar.UNKNOWN ? total : Math.max(total, memories));
        if (next == null) {
          break;
        }
        if (stop.requested()) {
          throw new CommandFailure("stopped; the export is not complete");
        }
      }
      line(writer, ArchiveLine.footer(memories, deleted));
      writer.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("the export could not be written", e);
    }
    return new ExportReport(memories, deleted, System.nanoTime() - start);
  }

  private CompletableFuture<ArchivePage> read(@Nullable MemoryId after) {
    return memory.exportPage(scope, after, PAGE, vectors);
  }

  private void write(Writer writer, ArchivedMemory archived) throws IOException {
    line(writer, ArchiveLine.body(archived));
    if (archived.row() instanceof ArchivedRow.Live) {
      memories++;
    } else {
      deleted++;
    }
  }

  private static void line(Writer writer, String line) throws IOException {
    writer.write(line);
    writer.write('\n');
  }
}
