package dev.memlane.memory.tools;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.lanes.Access;
import dev.memlane.lanes.Tool;
import dev.memlane.lanes.ToolException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The tools that add memories, one or several. They run in lane {@code execute}, once. */
final class AddTools {

  private static final String ADD = "memory_add";
  private static final String ADD_BATCH = "memory_add_batch";
  private static final int MOST_IN_BATCH = 1_000;

  private final ScopedMemory scoped;
  private final CallReader calls;

  AddTools(ScopedMemory scoped, CallReader calls) {
    this.scoped = scoped;
    this.calls = calls;
  }

  /** The tool that adds one memory. Calls that may run together become one batch. */
  Tool<String, String> add() {
    return Tool.<String, String>batched(ADD, this::addAll)
        .accessing(json -> Access.writes(scoped.path(newMemory(calls.arguments(ADD, json)))));
  }

  /** The tool that adds several memories in one call. */
  Tool<String, String> addBatch() {
    return Tool.<String, String>of(ADD_BATCH, this::addBatch).accessing(this::accessOfBatch);
  }

  private NewMemory newMemory(Arguments arguments) {
    Metadata metadata = arguments.metadataOrNull("metadata");
    return NewMemory.builder(arguments.text("content"), scoped.scope()).actor(arguments.textOrNull("actor"))
        .occurredAt(arguments.timeOrNull("occurredAt")).expiresAt(arguments.timeOrNull("expiresAt"))
        .key(arguments.textOrNull("key"))
        .metadata(metadata == null ? Metadata.empty() : metadata).build();
  }

  private List<Callable<String>> addAll(List<String> all) {
    List<NewMemory> memories = all.stream().map(json -> newMemory(calls.arguments(ADD, json))).toList();
    List<Callable<String>> answers = new ArrayList<>();
    for (WriteOutcome outcome : scoped.memory().addMemories(memories)) {
      answers.add(() -> added(outcome).toString());
    }
    return answers;
  }

  private static ObjectNode added(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Stored(Memory stored) -> Answers.added(stored, false);
      case WriteOutcome.DuplicateOf(Memory there) -> Answers.added(there, true);
      default -> throw FailureMessages.translate(new MemoryWriteException(outcome, null));
    };
  }

  private Access accessOfBatch(String json) {
    // One path for all memories without a key is enough: no other call can refer to one of them.
    String unnamed = scoped.newPath();
    return new Access(List.of(), items(json).stream().flatMap(item -> Stream.ofNullable(item.memory))
        .map(item -> item.key() == null ? unnamed : scoped.path(item)).distinct().toList());
  }

  /** One item of a batch: a memory to store, or the reason why it cannot be stored. */
  private record Item(@Nullable NewMemory memory, @Nullable String error) {}

  private List<Item> items(String json) {
    Set<String> keys = new HashSet<>();
    return calls.arguments(ADD_BATCH, json).list("memories", MOST_IN_BATCH).stream().map(item -> {
      try {
        NewMemory added = newMemory(calls.batchItem(item));
        String key = added.key();
        return key == null || keys.add(key)
            ? new Item(added, null)
            : new Item(null, "its key is that of another one in this batch");
      } catch (ToolException | InvalidInputException e) {
        // The item fails alone, and its result says why.
        return new Item(null, FailureMessages.describe(e));
      }
    }).toList();
  }

  private String addBatch(String json) {
    List<Item> items = items(json);
    List<NewMemory> memories = items.stream().flatMap(item -> Stream.ofNullable(item.memory)).toList();
    List<WriteOutcome> written = scoped.memory().addMemories(memories);
    if (!written.isEmpty() && written.size() == items.size()
        && written.stream().allMatch(FailureMessages::isTemporary)) {
      // Nothing was written, and no item is the cause, so the call as a whole fails.
      throw new MemoryWriteException(written.getFirst(), null);
    }
    Iterator<WriteOutcome> outcomes = written.iterator();
    return Answers.results(items.stream().map(item -> item.error == null
        ? result(outcomes.next())
        : Answers.failed(item.error)).toList());
  }

  private static ObjectNode result(WriteOutcome outcome) {
    return outcome.succeeded() ? added(outcome) : Answers.failed(FailureMessages.describe(outcome));
  }
}
