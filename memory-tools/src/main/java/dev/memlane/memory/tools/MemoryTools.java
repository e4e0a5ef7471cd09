package dev.memlane.memory.tools;

import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.Tool;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.lanes.ToolResult;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A memory as tools that a model can call: {@code memory_add}, {@code memory_add_batch}, {@code memory_search},
 * {@code memory_context}, {@code memory_get}, {@code memory_list}, {@code memory_update}, {@code memory_delete} and
 * {@code memory_history}; with a {@link Builder#remembering chat model} also {@code memory_remember}.
 *
 * <pre>{@code
 * MemoryTools memory = MemoryTools.of(memlane.memory(), Scope.user("ada"));
 * ToolExecutor<String, String> tools = ToolExecutor.of(lanes, memory.tools());
 *
 * memory.definitions();                                        // goes to the model
 * for (ToolResult<String> result : tools.run(calls)) {         // calls come from the model, arguments as JSON
 *   answer(result.id(), MemoryTools.text(result));             // goes to the model
 * }
 * }</pre>
 *
 * <p>
 * <b>Scope.</b> The application sets the scope, never the model. The model cannot find, read, change or delete a memory
 * of another scope, even if it knows the id. For the model, a deleted memory is gone, with its history.
 *
 * <p>
 * <b>Order.</b> A search or list that follows an add, update or delete sees its effect, and one that precedes it does
 * not. The same holds for a get and an update of the same memory. Adds, and changes of different memories, run at the
 * same time. All {@code memory_add} calls that can run together are one batch.
 *
 * <p>
 * <b>Lanes.</b> Reads run in lane {@code query} and may be retried. Writes run in lane {@code execute}, once, and
 * {@code memory_remember} in lane {@code generate}, once.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class MemoryTools {

  /** How long a call of memory_remember waits for the model at most, unless set. Here, because that tool's class may not load. */
  private static final Duration REMEMBERING = Duration.ofSeconds(60);

  private final ScopedMemory scoped;
  private final CallReader calls;
  private final @Nullable RememberTools remember;

  private MemoryTools(ScopedMemory scoped, CallReader calls, @Nullable RememberTools remember) {
    this.scoped = scoped;
    this.calls = calls;
    this.remember = remember;
  }

  /** The tools for the memories of one scope. */
  public static MemoryTools of(MemoryOrchestrator memory, Scope scope) {
    return builder(memory, scope).build();
  }

  /**
   * Begins to build the tools.
   *
   * @param memory stays open; the caller closes it
   * @param scope where memories are stored, and found unless {@link Builder#searching} is set
   */
  public static Builder builder(MemoryOrchestrator memory, Scope scope) {
    return new Builder(memory, scope);
  }

  /** The descriptions and schemas of the tools, for the model. */
  public List<ToolDefinition> definitions() {
    return calls.definitions(remember != null);
  }

  /**
   * The tools, for a {@link ToolExecutor}. It may have other tools too, and needs the lanes {@code query},
   * {@code execute} and, with a chat model, {@code generate}.
   */
  public List<Tool<String, String>> tools() {
    AddTools add = new AddTools(scoped, calls);
    ReadTools read = new ReadTools(scoped, calls);
    ChangeTools change = new ChangeTools(scoped, calls);
    List<Tool<String, String>> tools = new ArrayList<>(List.of(add.add(), add.addBatch(), read.search(), read.context(),
        read.get(), read.list(), change.update(), change.delete(), read.history()));
    if (remember != null) {
      tools.add(remember.remember());
    }
    return List.copyOf(tools);
  }

  /** An executor of these tools alone. */
  public ToolExecutor<String, String> executor(LaneExecutor lanes) {
    return ToolExecutor.of(lanes, tools());
  }

  /** The answer for the model: what the tool did, or why it failed and what the model can do about it. */
  public static String text(ToolResult<String> result) {
    return switch (result) {
      case ToolResult.Success<String> success -> success.value();
      case ToolResult.Failure<String> failure -> "Error: " + FailureMessages.describe(failure.failure());
    };
  }

  @Override
  public String toString() {
    return "MemoryTools[" + scoped + "]";
  }

  /** The optional settings of the tools. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private final Scope scope;
    private @Nullable Scope searched;
    private @Nullable String actor;
    private @Nullable MemoryExtractor extractor;
    private Duration patience = REMEMBERING;
    private TimeParser times = TimeParser.standard();

    private Builder(MemoryOrchestrator memory, Scope scope) {
      this.memory = memory;
      this.scope = scope;
    }

    /**
     * Sets the scope in which memories are found. For example, all runs of a user can be searched while new memories
     * belong to one run.
     */
    public Builder searching(Scope searched) {
      this.searched = searched;
      return this;
    }

    /** Sets the author of updates and deletions in the history, such as the agent's name. */
    public Builder actor(String actor) {
      this.actor = actor;
      return this;
    }

    /**
     * Adds the tool {@code memory_remember}, by which a model has messages, or a conversation of the scope, remembered. It needs
     * {@code memlane-extraction}. A call waits for a minute at most.
     *
     * @param extractor of the same memory; stays open; null, the default, for no such tool
     */
    public Builder remembering(@Nullable MemoryExtractor extractor) {
      return remembering(extractor, REMEMBERING);
    }

    /** @param patience how long a call waits for the extractor, which goes on afterwards; not negative */
    public Builder remembering(@Nullable MemoryExtractor extractor, Duration patience) {
      if (patience.isNegative()) {
        throw new InvalidInputException("the patience is " + patience + "; it must not be negative");
      }
      this.extractor = extractor;
      this.patience = patience;
      return this;
    }

    /** Sets how times are parsed. A {@linkplain TimeParser#counting counting} parser accepts plain numbers as well. */
    public Builder times(TimeParser times) {
      this.times = times;
      return this;
    }

    /**
     * Builds the tools.
     *
     * @throws InvalidInputException if memories stored in the scope would not be found in the searched scope
     * @throws InvalidInputException if the actor is invalid
     */
    public MemoryTools build() {
      // Checks the actor now, because a model could do nothing about it.
      var unused = MemoryDeletion.of(MemoryId.derive(scope, "any")).by(actor);
      Scope found = searched == null ? scope : searched;
      if (!found.matches(scope)) {
        throw new InvalidInputException("memories stored in scope " + scope + " would not be found in scope " + found
            + "; search in that scope, or in one that names less");
      }
      ScopedMemory scoped = new ScopedMemory(memory.blocking(), scope, found, actor);
      CallReader calls = new CallReader(times);
      return new MemoryTools(scoped, calls,
          extractor == null ? null : new RememberTools(scoped, calls, extractor, patience));
    }
  }
}
