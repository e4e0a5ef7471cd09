package dev.memlane.cli.internal.command;

import static dev.memlane.cli.internal.terminal.Json.object;
import static dev.memlane.cli.internal.terminal.Json.text;

import dev.memlane.model.Details;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Memories and their histories as JSON answers. */
final class MemoryJson {

  private MemoryJson() {}

  static Map<String, @Nullable Object> memory(Memory memory) {
    return object("id", memory.id().toString(), "content", memory.content(), "metadata", memory.metadata().toMap(),
        "user", memory.scope().user(), "agent", memory.scope().agent(), "run", memory.scope().run(), "actor",
        memory.actor(), "key", memory.key(), "occurredAt", text(memory.occurredAt()), "expiresAt",
        text(memory.expiresAt()), "createdAt",
        text(memory.createdAt()), "updatedAt", text(memory.updatedAt()), "version", memory.version(), "op",
        memory.op().toString());
  }

  static Map<String, @Nullable Object> historyEntry(HistoryEntry entry) {
    return object("version", entry.version(), "kind", entry.kind().name().toLowerCase(Locale.ROOT), "op",
        entry.op().toString(), "actor", entry.actor(), "at", text(entry.at()), "oldContent", entry.oldContent(),
        "newContent", entry.newContent(), "oldMetadata", map(entry.oldMetadata()), "newMetadata",
        map(entry.newMetadata()), "oldDetails", details(entry.oldDetails()), "newDetails",
        details(entry.newDetails()));
  }

  private static @Nullable Map<String, @Nullable Object> details(@Nullable Details details) {
    return details == null
        ? null
        : object("actor", details.actor(), "occurredAt", text(details.occurredAt()), "expiresAt",
            text(details.expiresAt()));
  }

  private static @Nullable Map<String, Object> map(@Nullable Metadata metadata) {
    return metadata == null ? null : metadata.toMap();
  }
}
