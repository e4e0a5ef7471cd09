package dev.memlane.archive;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.Scope;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A receiver of what an archive holds, which writes it in one format. It is called once with {@link #begin}, then for
 * each memory in order of id, then for each message by conversation and in order, and at last with {@link #end}. An
 * archive that did not get that call is not whole. Used by one thread at a time.
 */
public interface ArchiveSink {

  /**
   * Begins the archive.
   *
   * @param scope the scope whose memories follow; null for all
   */
  void begin(@Nullable Scope scope) throws IOException;

  /** Writes a memory, live or deleted, with its history. */
  void write(ArchivedMemory memory) throws IOException;

  /** Writes a message of a conversation. */
  void write(Scope conversation, ArchivedMessage message) throws IOException;

  /** Ends the archive, and flushes what it was written to. */
  void end(ArchiveCounts counts) throws IOException;
}
