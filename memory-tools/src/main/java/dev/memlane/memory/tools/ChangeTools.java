package dev.memlane.memory.tools;

import dev.memlane.lanes.Access;
import dev.memlane.lanes.Tool;
import dev.memlane.lanes.ToolException;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The tools that change or delete a memory. They run in lane {@code execute}, once. */
final class ChangeTools {

  private static final Set<String> CLEARABLE = Set.of("actor", "occurredAt", "expiresAt");

  private final ScopedMemory scoped;
  private final CallReader calls;

  ChangeTools(ScopedMemory scoped, CallReader calls) {
    this.scoped = scoped;
    this.calls = calls;
  }

  Tool<String, String> update() {
    return tool("memory_update", this::update);
  }

  Tool<String, String> delete() {
    return tool("memory_delete", this::delete);
  }

  private Tool<String, String> tool(String name, Function<Arguments, String> work) {
    return Tool.<String, String>of(name, json -> calls.run(name, json, work))
        .accessing(json -> Access.writes(scoped.path(calls.arguments(name, json).id())));
  }

  private String update(Arguments arguments) {
    MemoryId id = arguments.id();
    MemoryUpdate.Builder update = MemoryUpdate.builder(id).content(arguments.textOrNull("content"))
        .metadata(arguments.metadataOrNull("metadata")).by(scoped.actor())
        .expecting(arguments.operationOrNull("op"));
    Set<String> cleared = arguments.choices("clear", CLEARABLE);
    change(cleared, "actor", arguments.textOrNull("actor"), update::actor);
    change(cleared, "occurredAt", arguments.timeOrNull("occurredAt"), update::occurredAt);
    change(cleared, "expiresAt", arguments.timeOrNull("expiresAt"), update::expiresAt);
    MemoryUpdate built = update.build();
    scoped.require(id);
    return Answers.added(scoped.memory().updateMemory(built), false).toString();
  }

  private static <T> void change(Set<String> cleared, String name, @Nullable T value,
      Consumer<@Nullable T> change) {
    if (value != null && cleared.contains(name)) {
      throw new ToolException("\"" + name + "\" is given and in \"clear\" as well; leave one out");
    }
    if (value != null || cleared.contains(name)) {
      change.accept(value);
    }
  }

  private String delete(Arguments arguments) {
    MemoryId id = arguments.id();
    MemoryDeletion deletion = new MemoryDeletion(id, scoped.actor(), arguments.operationOrNull("op"));
    scoped.require(id);
    return Answers.deleted(scoped.memory().deleteMemory(deletion));
  }
}
