package dev.memlane.archive.parquet;

import dev.memlane.archive.ArchiveCounts;
import dev.memlane.archive.ArchiveEntry;
import dev.memlane.archive.ArchiveSource;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.Scope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an archive holds, without the places at which it stands there. */
record Entries(List<ArchivedMemory> memories, List<Scope> conversations, List<ArchivedMessage> messages,
    List<String> damaged, @Nullable ArchiveCounts counts) {

  static Entries of(RandomArchive archive) {
    return new Entries(archive.memories(), archive.conversations(), archive.messages(), List.of(), archive.counts());
  }

  /** Reads all. */
  static Entries read(ArchiveSource source) throws IOException {
    List<ArchivedMemory> memories = new ArrayList<>();
    List<Scope> conversations = new ArrayList<>();
    List<ArchivedMessage> messages = new ArrayList<>();
    List<String> damaged = new ArrayList<>();
    ArchiveCounts counts = null;
    for (ArchiveEntry entry = source.next(); entry != null; entry = source.next()) {
      switch (entry) {
        case ArchiveEntry.OfMemory of -> memories.add(of.memory());
        case ArchiveEntry.OfMessage of -> {
          conversations.add(of.conversation());
          messages.add(of.message());
        }
        case ArchiveEntry.Damaged(long number, String problem) -> damaged.add(number + ": " + problem);
        case ArchiveEntry.End end -> counts = end.counts();
      }
    }
    return new Entries(memories, conversations, messages, damaged, counts);
  }
}
