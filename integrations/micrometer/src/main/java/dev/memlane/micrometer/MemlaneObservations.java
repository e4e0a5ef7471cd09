package dev.memlane.micrometer;

import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.listen.OperationEnd;
import dev.memlane.model.listen.OperationStart;
import dev.memlane.model.listen.OperationType;
import dev.memlane.model.listen.StepEnd;
import dev.memlane.model.listen.StepStart;
import dev.memlane.model.listen.StepType;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.SearchRequest;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The observations of memories, from which an application's tracing makes spans: one for each operation, by OpenTelemetry's
 * conventions for memory in generative AI, and below it one for each step.
 *
 * <pre>{@code
 * MemoryOrchestrator.builder().listener(new MemlaneObservations(registry))...open();
 * }</pre>
 *
 * <p>
 * An operation's parent is the observation that is current in the caller's thread, and a step's parent is its operation,
 * whatever threads do the work. A shared step that serves several callers has no parent: {@link MemlaneTracingHandler}
 * links its span to theirs. While an embedder or the database's driver is called, the step's observation is current, so
 * their own spans are its children.
 *
 * <p>
 * Texts are left out unless the application asks for them. Ids of memories are on spans only, never on meters. Safe for
 * use by several threads.
 */
public final class MemlaneObservations implements MemoryListener {

  /** The name of the observation of an operation. */
  static final String OPERATION = "gen_ai.memory.client";
  /** The name of the observation of a step. */
  static final String STEP = "memlane.observed.step";

  private final ObservationRegistry registry;
  private final boolean content;

  /** Creates observations without texts. */
  public MemlaneObservations(ObservationRegistry registry) {
    this(registry, false);
  }

  /**
   * Creates observations.
   *
   * @param content whether the spans hold queries and the contents of memories, which may be personal
   */
  public MemlaneObservations(ObservationRegistry registry, boolean content) {
    this.registry = registry;
    this.content = content;
  }

  @Override
  public @Nullable Object operationBegan(OperationStart start) {
    String name = operationName(start.type());
    MemoryObservationContext context = new MemoryObservationContext(List.of());
    Observation observation = Observation.createNotStarted(OPERATION, () -> context, registry);
    if (observation.isNoop()) {
      return null;
    }
    observation.contextualName(name).lowCardinalityKeyValue("gen_ai.operation.name", name)
        .lowCardinalityKeyValue("memlane.operation", Timers.value(start.type()));
    describe(start.request(), context, observation);
    return start(observation, (Observation) start.batch());
  }

  /** Starts below a parent. The parent is current meanwhile, because tracing prefers the current span to the parent's. */
  private static Observation start(Observation observation, @Nullable Observation parent) {
    if (parent == null) {
      return observation.start();
    }
    try (Observation.Scope scope = parent.openScope()) {
      return observation.parentObservation(scope.getCurrentObservation()).start();
    }
  }

  /** The convention's name of an operation; of our own where it has none. */
  private static String operationName(OperationType type) {
    return switch (type) {
      case ADD, ADD_MEMORIES -> "create_memory";
      case PUT, PUT_MEMORIES -> "upsert_memory";
      case UPDATE -> "update_memory";
      case DELETE, ERASE, DELETE_MEMORIES, DELETE_ALL, ERASE_ALL -> "delete_memory";
      case SEARCH -> "search_memory";
      case GET -> "get_memory";
    };
  }

  private void describe(Object request, MemoryObservationContext context, Observation observation) {
    switch (request) {
      case NewMemory added -> {
        context.setCount(1);
        records(observation, Records.of(added));
      }
      case MemoryUpdate update -> {
        context.setCount(1);
        recordId(observation, update.id());
        records(observation, Records.of(update));
      }
      case MemoryDeletion deletion -> {
        context.setCount(1);
        recordId(observation, deletion.id());
      }
      case MemoryId id -> recordId(observation, id);
      case List<?> memories -> context.setCount(memories.size());
      case SearchRequest search when content -> observation.highCardinalityKeyValue("gen_ai.memory.query.text",
          search.query());
      default -> {
        // The request says nothing that a span may hold.
      }
    }
  }

  private static void recordId(Observation observation, MemoryId id) {
    observation.highCardinalityKeyValue("gen_ai.memory.record.id", id.toString());
  }

  private void records(Observation observation, @Nullable Records records) {
    if (content && records != null) {
      observation.highCardinalityKeyValue("gen_ai.memory.records", records.toJson());
    }
  }

  @Override
  public void operationEnded(OperationEnd end, @Nullable Object context) {
    if (!(context instanceof Observation observation)) {
      return;
    }
    Object result = end.result();
    MemoryObservationContext described = (MemoryObservationContext) observation.getContext();
    switch (result) {
      case WriteOutcome.Stored stored when end.type() != OperationType.UPDATE ->
        recordId(observation, stored.memory().id());
      case WriteOutcome.Replaced replaced -> recordId(observation, replaced.memory().id());
      case WriteOutcome.DuplicateOf duplicate -> recordId(observation, duplicate.memory().id());
      case DeleteReport report -> described.setCount((int) Math.min(Integer.MAX_VALUE, report.deleted()));
      case List<?> hits when end.type() == OperationType.SEARCH -> {
        described.setCount(hits.size());
        records(observation, Records.ofHits(hits));
      }
      case null, default -> {
        // The outcome says all.
      }
    }
    Integer count = described.count();
    if (count != null) {
      observation.highCardinalityKeyValue("gen_ai.memory.record.count", count.toString());
    }
    observation.lowCardinalityKeyValue("memlane.outcome", end.outcome());
    stop(observation, end.cause());
  }

  private static void stop(Observation observation, @Nullable Throwable failure) {
    if (failure != null) {
      observation.highCardinalityKeyValue("error.type", failure.getClass().getName());
      observation.error(failure);
    }
    observation.stop();
  }

  @Override
  public @Nullable Object stepBegan(StepStart start) {
    List<Observation> served = start.contexts().stream().map(Observation.class::cast).toList();
    if (served.isEmpty()) {
      // The operation is not observed.
      return null;
    }
    boolean shared = served.size() > 1;
    MemoryObservationContext context = new MemoryObservationContext(shared ? served : List.of());
    Observation observation = Observation.createNotStarted(STEP, () -> context, registry);
    if (observation.isNoop()) {
      return null;
    }
    String step = Timers.value(start.type());
    observation.contextualName(step.replace('_', ' ')).lowCardinalityKeyValue("memlane.step", step);
    String model = start.model();
    if (start.type() == StepType.EMBEDDING_REQUEST && model != null) {
      observation.contextualName("embeddings " + model)
          .highCardinalityKeyValue("gen_ai.operation.name", "embeddings")
          .highCardinalityKeyValue("gen_ai.request.model", model)
          .highCardinalityKeyValue("memlane.endpoint", String.valueOf(start.endpoint()));
    }
    if (start.type().isShared()) {
      observation.highCardinalityKeyValue("memlane.batch.size", Integer.toString(start.size()));
    }
    if (shared) {
      context.setParentObservation(null);
      return observation.start();
    }
    return start(observation, served.getFirst());
  }

  @Override
  public void stepEnded(StepEnd end, @Nullable Object context) {
    if (context instanceof Observation observation) {
      stop(observation, end.failure());
    }
  }

  @Override
  public Runnable enter(Object context) {
    return ((Observation) context).openScope()::close;
  }
}
