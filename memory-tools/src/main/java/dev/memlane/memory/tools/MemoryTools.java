package dev.memlane.memory.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.lanes.Access;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.Tool;
import dev.memlane.lanes.ToolException;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.lanes.ToolResult;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A memory as tools that a model can call: {@code memory_add}, {@code memory_add_batch}, {@code memory_search},
 * {@code memory_get}, {@code memory_list}, {@code memory_update}, {@code memory_delete} and {@code memory_history}.
 *
 * <pre>{@code
 * MemoryTools memory = MemoryTools.of(memlane.memory(), Scope.user("ada"));
 * ToolExecutor<String, String> tools = ToolExecutor.of(lanes, memory.tools());
 *
 * memory.definitions();                                        // is what the model is told
 * for (ToolResult<String> result : tools.run(calls)) {         // what it asks for, its arguments as JSON
 *   answer(result.id(), MemoryTools.text(result));             // is what it is answered
 * }
 * }</pre>
 *
 * <p>
 * <b>Scope.</b> Whose memories they are about is said here, and never by the model: it finds, reads, changes and deletes
 * nothing outside, also if it knows the id. What was deleted is gone for it, with its history.
 *
 * <p>
 * <b>Order.</b> A search or list after an add, update or delete finds what that left, and one before doesn't; so does a get
 * after an update of the same memory. Adds, and changes of different memories, go at the same time; all {@code memory_add} that
 * can are one batch.
 *
 * <p>
 * Reads run in lane {@code query}, and may be tried again; writes in lane {@code execute}, once. Safe for use by several
 * threads.
 */
public final class MemoryTools {

  private static final int USUAL_HITS = 10;
  private static final int USUAL_PAGE = 20;
  private static final int MOST = 100;
  private static final int MOST_IN_BATCH = 1_000;
  private static final Set<String> CLEARABLE = Set.of("actor", "occurredAt", "expiresAt");

  private final BlockingMemory memory;
  private final Scope scope;
  private final Scope searched;
  private final @Nullable String actor;
  private final TimeParser times;
  private final Definitions definitions = new Definitions();
  /** What the memories of the scope are called where order is concerned. */
  private final String root;
  /** Memories without a key have no name until they are stored. */
  private final AtomicLong nameless = new AtomicLong();

  private MemoryTools(Builder builder) {
    this.memory = builder.memory.blocking();
    this.scope = builder.scope;
    this.searched = builder.searched == null ? builder.scope : builder.searched;
    this.actor = builder.actor;
    this.times = builder.times;
    this.root = "memory/" + URLEncoder.encode(searched.toString(), StandardCharsets.UTF_8);
    if (!searched.matches(scope)) {
      throw new InvalidInputException("what is stored in scope " + scope + " would not be found in scope " + searched
          + "; search in that scope, or in one that names less");
    }
  }

  /** The tools for one scope's memories. */
  public static MemoryTools of(MemoryOrchestrator memory, Scope scope) {
    return builder(memory, scope).build();
  }

  /**
   * Begins to build the tools.
   *
   * @param memory stays the caller's to close
   * @param scope where memories are stored, and found unless {@link Builder#searching} says otherwise
   */
  public static Builder builder(MemoryOrchestrator memory, Scope scope) {
    return new Builder(memory, scope);
  }

  /** What a model is to be told of the tools, in the form that most take. */
  public List<ToolDefinition> definitions() {
    return definitions.all();
  }

  /** The tools, to be given to a {@link ToolExecutor}, with others if need be; it needs the lanes query and execute. */
  public List<Tool<String, String>> tools() {
    return List.of(
        Tool.<String, String>batched("memory_add", this::addAll).accessing(this::accessOfAdd),
        Tool.<String, String>of("memory_add_batch", this::addBatch).accessing(this::accessOfAddBatch),
        reading("memory_search", this::search, arguments -> Access.reads(root)),
        reading("memory_get", this::get, arguments -> Access.reads(path(arguments.id()))),
        reading("memory_list", this::list, arguments -> Access.reads(root)),
        writing("memory_update", this::update),
        writing("memory_delete", this::delete),
        reading("memory_history", this::history, arguments -> Access.reads(path(arguments.id()))));
  }

  /** The tools on lanes, by themselves. */
  public ToolExecutor<String, String> executor(LaneExecutor lanes) {
    return ToolExecutor.of(lanes, tools());
  }

  /** What the model is answered: what the tool did, or why it didn't, and what the model can do about it. */
  public static String text(ToolResult<String> result) {
    return switch (result) {
      case ToolResult.Success<String> success -> success.value();
      case ToolResult.Failure<String> failure -> "Error: " + Failures.describe(failure.failure());
    };
  }

  private Tool<String, String> reading(String name, Function<Arguments, String> work,
      Function<Arguments, Access> access) {
    return Tool.<String, String>of(name, json -> work(name, json, work)).lane("query").idempotent(true)
        .accessing(json -> access.apply(arguments(name, json)));
  }

  private Tool<String, String> writing(String name, Function<Arguments, String> work) {
    return Tool.<String, String>of(name, json -> work(name, json, work))
        .accessing(json -> Access.writes(path(arguments(name, json).id())));
  }

  private String work(String tool, String json, Function<Arguments, String> work) {
    try {
      return work.apply(arguments(tool, json));
    } catch (MemlaneException e) {
      throw Failures.asAsked(e);
    }
  }

  private Arguments arguments(String tool, @Nullable String json) {
    return Arguments.parse(json, definitions.schema(tool), times);
  }

  // Order

  private String path(MemoryId id) {
    return root + "/" + id;
  }

  private Access accessOfAdd(String json) {
    return Access.writes(path(newMemory(arguments("memory_add", json))));
  }

  private Access accessOfAddBatch(String json) {
    // Those without a key have one new name together: nobody else can mean one of them.
    String nameless = newPath();
    return new Access(List.of(), items(json).stream().flatMap(item -> Stream.ofNullable(item.memory))
        .map(item -> item.key() == null ? nameless : path(item)).distinct().toList());
  }

  private String path(NewMemory added) {
    String key = added.key();
    return key == null ? newPath() : path(MemoryId.derive(scope, key));
  }

  private String newPath() {
    return root + "/new-" + nameless.incrementAndGet();
  }

  // Writes

  private NewMemory newMemory(Arguments arguments) {
    Metadata metadata = arguments.metadataOrNull("metadata");
    return NewMemory.builder(arguments.text("content"), scope).actor(arguments.textOrNull("actor"))
        .occurredAt(arguments.timeOrNull("occurredAt")).expiresAt(arguments.timeOrNull("expiresAt"))
        .key(arguments.textOrNull("key"))
        .metadata(metadata == null ? Metadata.empty() : metadata).build();
  }

  private List<Callable<String>> addAll(List<String> calls) {
    List<NewMemory> memories = calls.stream().map(json -> newMemory(arguments("memory_add", json))).toList();
    List<Callable<String>> answers = new ArrayList<>();
    for (WriteOutcome outcome : memory.addMemories(memories)) {
      answers.add(() -> added(outcome).toString());
    }
    return answers;
  }

  private static ObjectNode added(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Stored(Memory stored) -> Answers.added(stored, false);
      case WriteOutcome.DuplicateOf(Memory there) -> Answers.added(there, true);
      default -> throw Failures.asAsked(new MemoryWriteException(outcome, null));
    };
  }

  /** One of a batch: a memory to be stored, or what is wrong with it. */
  private record Item(@Nullable NewMemory memory, @Nullable String error) {}

  private List<Item> items(String json) {
    JsonNode schema = definitions.schema("memory_add_batch");
    Set<String> keys = new HashSet<>();
    return arguments("memory_add_batch", json).list("memories", MOST_IN_BATCH).stream().map(item -> {
      try {
        NewMemory added = newMemory(Arguments.of(item, "a memory",
            schema.at("/properties/memories/items"), times));
        String key = added.key();
        return key == null || keys.add(key)
            ? new Item(added, null)
            : new Item(null, "its key is that of another one in this batch");
      } catch (ToolException | InvalidInputException e) {
        // It fails alone, and its answer says why.
        return new Item(null, Failures.describe(e));
      }
    }).toList();
  }

  private String addBatch(String json) {
    List<Item> items = items(json);
    List<NewMemory> memories = items.stream().flatMap(item -> Stream.ofNullable(item.memory)).toList();
    List<WriteOutcome> written = memory.addMemories(memories);
    if (!written.isEmpty() && written.size() == items.size()
        && written.stream().allMatch(Failures::isForNow)) {
      // Nothing was written, and none of the items is to blame for that.
      throw new MemoryWriteException(written.getFirst(), null);
    }
    Iterator<WriteOutcome> outcomes = written.iterator();
    return Answers.results(items.stream().map(item -> item.error == null
        ? result(outcomes.next())
        : Answers.failed(item.error)).toList());
  }

  private static ObjectNode result(WriteOutcome outcome) {
    return outcome.succeeded() ? added(outcome) : Answers.failed(Failures.describe(outcome));
  }

  private String update(Arguments arguments) {
    MemoryId id = arguments.id();
    MemoryUpdate.Builder update = MemoryUpdate.builder(id).content(arguments.textOrNull("content"))
        .metadata(arguments.metadataOrNull("metadata")).by(actor).expecting(arguments.operationOrNull("op"));
    Set<String> cleared = arguments.choices("clear", CLEARABLE);
    change(cleared, "actor", arguments.textOrNull("actor"), update::actor);
    change(cleared, "occurredAt", arguments.timeOrNull("occurredAt"), update::occurredAt);
    change(cleared, "expiresAt", arguments.timeOrNull("expiresAt"), update::expiresAt);
    MemoryUpdate built = update.build();
    require(id);
    return Answers.added(memory.updateMemory(built), false).toString();
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
    MemoryDeletion deletion = new MemoryDeletion(id, actor, arguments.operationOrNull("op"));
    require(id);
    return Answers.deleted(memory.deleteMemory(deletion));
  }

  // Reads

  /** A memory of the scope. Its scope never changes, so what is read here stays true for what follows. */
  private Memory require(MemoryId id) {
    return memory.get(id).filter(found -> searched.matches(found.scope()))
        .orElseThrow(
            () -> new ToolException("there is no memory " + id + "; memory_search finds the ids that there are"));
  }

  private String search(Arguments arguments) {
    return Answers.hits(memory.search(SearchRequest.builder(arguments.text("query")).scope(searched)
        .limit(arguments.count("limit", USUAL_HITS, MOST)).filter(searched(arguments)).build()));
  }

  /** What is to be found: by metadata and by when it happened. */
  private static @Nullable Filter searched(Arguments arguments) {
    Filter filter = arguments.filterOrNull("filter");
    Instant since = arguments.timeOrNull("since");
    Instant until = arguments.timeOrNull("until");
    if (since == null && until == null) {
      return filter;
    }
    Filter time = new Filter.Occurred(since, until);
    return filter == null ? time : Filter.and(filter, time);
  }

  private String get(Arguments arguments) {
    return Answers.memory(require(arguments.id()));
  }

  private String list(Arguments arguments) {
    return Answers.page(memory.list(searched, arguments.filterOrNull("filter"), arguments.idOrNull("after"),
        arguments.count("limit", USUAL_PAGE, MOST)));
  }

  private String history(Arguments arguments) {
    return Answers
        .history(memory.history(require(arguments.id()).id(), arguments.countOrNull("before", Integer.MAX_VALUE),
            arguments.count("limit", USUAL_PAGE, MOST)));
  }

  @Override
  public String toString() {
    return "MemoryTools[" + scope + (searched.equals(scope) ? "" : ", searching " + searched) + "]";
  }

  /** Collects what is optional. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private final Scope scope;
    private @Nullable Scope searched;
    private @Nullable String actor;
    private TimeParser times = TimeParser.standard();

    private Builder(MemoryOrchestrator memory, Scope scope) {
      this.memory = memory;
      this.scope = scope;
    }

    /** Where memories are found, such as in all runs of a user while those stored belong to one run. */
    public Builder searching(Scope searched) {
      this.searched = searched;
      return this;
    }

    /** Who updates and deletes, for the history; such as the agent's name. */
    public Builder actor(String actor) {
      this.actor = actor;
      return this;
    }

    /** How times are read: one that {@linkplain TimeParser#counting counts} takes plain numbers as well. */
    public Builder times(TimeParser times) {
      this.times = times;
      return this;
    }

    /**
     * @throws InvalidInputException if what is stored would not be found
     * @throws InvalidInputException if the actor can't be stored
     */
    public MemoryTools build() {
      // Checks the actor, about which a model could do nothing.
      var unused = MemoryDeletion.of(MemoryId.derive(scope, "any")).by(actor);
      return new MemoryTools(this);
    }
  }
}
