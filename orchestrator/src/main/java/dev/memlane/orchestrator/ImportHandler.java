package dev.memlane.orchestrator;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Unit;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Brings archived memories back, with their histories, under their own operations.
 *
 * <p>
 * Each memory is a unit: core takes the row where there is none, or over the void row that was seen, and history takes
 * the entries. Its stamp is the unit's own fresh operation, so that neither an undo nor a late write of the memory's
 * operations finds what it expects. It takes no turn: towards writes of this process it is what a write of another
 * process is, and compare-and-set decides.
 *
 * <p>
 * A unit that has landed is never undone. The index follows core for a whole group at once, as after another process's
 * writes, and only then the memories are acknowledged; what is cut off between is mended by importing again, or by the
 * comparison at opening. In doubt, everything on its way to the memory is fenced, and the history is asked for the row's
 * operation.
 */
final class ImportHandler {

  /** How many memories are looked up, written and followed together. */
  private static final int GROUP = 1_000;
  /** A bound on what a transaction writes; a memory with more is alone. */
  private static final int MOST_ENTRIES = 10_000;
  private static final int FOLLOWED_AT_ONCE = 50;

  private final Stores stores;
  private final Environment environment;
  private final WriteProtocol protocol;
  private final InDoubtResolver inDoubtResolver;
  private final IndexFollower follower;
  private final BackgroundFollower backgroundFollower;
  private final Duration patience;

  ImportHandler(Stores stores, Environment environment, WriteProtocol protocol, InDoubtResolver inDoubtResolver, IndexFollower follower,
      BackgroundFollower backgroundFollower, Duration patience) {
    this.stores = stores;
    this.environment = environment;
    this.protocol = protocol;
    this.inDoubtResolver = inDoubtResolver;
    this.follower = follower;
    this.backgroundFollower = backgroundFollower;
    this.patience = patience;
  }

  /** See {@link MemoryOrchestrator#importMemories}. */
  CompletableFuture<List<ImportOutcome>> restore(List<ArchivedMemory> memories, Edits edits) {
    Instant now = environment.now().truncatedTo(ChronoUnit.MICROS);
    List<ArchivedMemory> sound = new ArrayList<>(memories.size());
    // By place; null where there is one to be restored.
    List<@Nullable ImportOutcome> refused = new ArrayList<>(memories.size());
    for (ArchivedMemory memory : memories) {
      String contradiction = memory.contradiction();
      if (contradiction != null && edits == Edits.REFUSED) {
        refused.add(new ImportOutcome.Failed(memory.id(), edited(contradiction)));
      } else {
        refused.add(null);
        sound.add(contradiction == null ? memory : memory.asEdit(now));
      }
    }
    return BoundedParallel.run(groups(sound), 1, this::restoreGroup, environment).thenApply(outcomes -> {
      Iterator<ImportOutcome> restored = outcomes.stream().flatMap(List::stream).iterator();
      return refused.stream().map(outcome -> outcome == null ? restored.next() : outcome).toList();
    });
  }

  private static InvalidInputException edited(String contradiction) {
    return new InvalidInputException("it was edited in the file: " + contradiction);
  }

  private static List<List<ArchivedMemory>> groups(List<ArchivedMemory> memories) {
    List<List<ArchivedMemory>> groups = new ArrayList<>();
    int entries = 0;
    for (ArchivedMemory memory : memories) {
      entries += memory.history().size();
      if (groups.isEmpty() || groups.getLast().size() == GROUP || entries > MOST_ENTRIES) {
        groups.add(new ArrayList<>());
        entries = memory.history().size();
      }
      groups.getLast().add(memory);
    }
    return groups;
  }

  private CompletableFuture<List<ImportOutcome>> restoreGroup(List<ArchivedMemory> group) {
    Instant deadline = environment.now().plus(patience);
    return CompletableFuture.completedFuture(group.getFirst()).thenCompose(first -> ready(first, deadline))
        .thenComposeAsync(
            ready -> stores.core().read(group.stream().map(ArchivedMemory::id).distinct().toList(), false),
            environment.executor())
        .thenComposeAsync(rows -> BoundedParallel.run(group, GROUP, memory -> begin(memory, rows.get(memory.id()), deadline),
            environment), environment.executor())
        .exceptionally(failure -> failed(group, failure)).thenComposeAsync(this::follow, environment.executor());
  }

  /** From here on something may have been sent, so what fails in an unexpected way, as in closing, is in doubt. */
  private CompletableFuture<ImportOutcome> begin(
      ArchivedMemory archived, @Nullable CoreRow there, Instant deadline) {
    return CompletableFuture.completedFuture(archived).thenCompose(each -> restoreFrom(each, there, deadline))
        .exceptionally(failure -> new ImportOutcome.Unsettled(archived.id(), Futures.unwrap(failure)));
  }

  private static List<ImportOutcome> failed(List<ArchivedMemory> group, Throwable failure) {
    return group.stream().<ImportOutcome>map(memory -> new ImportOutcome.Failed(memory.id(), Futures.own(failure)))
        .toList();
  }

  /** What an index that takes no writes could not follow is not begun. */
  private CompletableFuture<?> ready(ArchivedMemory first, Instant deadline) {
    return stores.index().check(new DocumentName(first.id(), first.row().op()), deadline)
        .thenApply(result -> switch (result) {
          case StoreResult.Applied applied -> applied;
          case StoreResult.NotApplied notApplied -> throw refusal(notApplied.cause());
          case StoreResult.InDoubt inDoubt -> throw refusal(inDoubt.cause());
        });
  }

  private static StoreException refusal(Throwable cause) {
    return new StoreException("the index takes no writes now: " + cause.getMessage(), cause);
  }

  /** Brings a memory back, or tells what is there. */
  private CompletableFuture<ImportOutcome> restoreFrom(
      ArchivedMemory archived, @Nullable CoreRow there, Instant deadline) {
    if (there == null || there.state() == CoreRow.State.VOID) {
      return send(archived, there, deadline);
    }
    OperationId op = archived.row().op();
    return there.op().equals(op)
        ? confirm(archived, there, deadline)
        : CompletableFuture.completedFuture(new ImportOutcome.Different(archived.id(), op, there.op()));
  }

  /** What is answered with must not vanish by a rollback, as with a duplicate. */
  private CompletableFuture<ImportOutcome> confirm(ArchivedMemory archived, CoreRow there, Instant deadline) {
    return protocol.confirm(there, deadline)
        .thenComposeAsync(confirmed -> switch (confirmed) {
          case StoreResult.Applied applied ->
            CompletableFuture.completedFuture(new ImportOutcome.AlreadyThere(archived.id()));
          case StoreResult.NotApplied changed -> lookAgain(archived, there, changed.cause(), deadline);
          case StoreResult.InDoubt inDoubt ->
            CompletableFuture.completedFuture(new ImportOutcome.Unsettled(archived.id(), inDoubt.cause()));
        }, environment.executor());
  }

  private CompletableFuture<ImportOutcome> send(
      ArchivedMemory archived, @Nullable CoreRow voidRow, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.RESTORE, archived.id(), environment.ids().newOperation(), deadline);
    CompletableFuture<StoreResult> core = ParallelWrite.part(unit,
        () -> stores.core().restore(unit, archived.row(), voidRow == null ? null : voidRow.stamp()));
    CompletableFuture<StoreResult> history = ParallelWrite.part(unit,
        () -> stores.history().restore(unit, archived.history()));
    return core.thenCombine(history, ImportHandler::together)
        .thenComposeAsync(answer -> switch (answer) {
          case StoreResult.Applied applied ->
            CompletableFuture.completedFuture(new ImportOutcome.Restored(archived.id()));
          case StoreResult.NotApplied notApplied -> lookAgain(archived, voidRow, notApplied.cause(), deadline);
          case StoreResult.InDoubt inDoubt -> find(archived, inDoubt.cause(), deadline);
        }, environment.executor());
  }

  /** The unit's fate: what one of the two is certain of is so for both. */
  private static StoreResult together(StoreResult core, StoreResult history) {
    return core instanceof StoreResult.NotApplied || history instanceof StoreResult.Applied
        ? core
        : history;
  }

  /** Core did not take it: the row that is there now says why. */
  private CompletableFuture<ImportOutcome> lookAgain(
      ArchivedMemory archived, @Nullable CoreRow before, Throwable cause, Instant deadline) {
    ImportOutcome failed = new ImportOutcome.Failed(archived.id(), cause);
    return environment.until(deadline, stores.core().read(List.of(archived.id()), false)).thenApply(Optional::of)
        // That it isn't there is certain; only the reason can't be told now.
        .exceptionally(failure -> Optional.empty()).thenComposeAsync(rows -> {
          if (rows.isEmpty()) {
            return CompletableFuture.completedFuture(failed);
          }
          CoreRow there = rows.get().get(archived.id());
          boolean changed = there == null ? before != null : before == null || !there.stamp().equals(before.stamp());
          return changed && !environment.isPast(deadline)
              ? restoreFrom(archived, there, deadline)
              : explain(archived, failed, deadline);
        }, environment.executor());
  }

  private CompletableFuture<ImportOutcome> explain(ArchivedMemory archived, ImportOutcome failed, Instant deadline) {
    if (!(archived.row() instanceof ArchivedRow.Live live) || !live.unique()) {
      return CompletableFuture.completedFuture(failed);
    }
    Memory memory = live.memory();
    return environment.until(deadline, stores.core().unique(memory.scope(), memory.content()))
        .<ImportOutcome>thenApply(holder -> holder.isEmpty() || holder.get().id().equals(archived.id())
            ? failed
            : new ImportOutcome.Failed(archived.id(),
                new StoreException("its scope holds each content once, and memory "
                    + holder.get().id() + " has this one", null)))
        .exceptionally(failure -> failed);
  }

  /** In doubt: nothing on its way lands any more, and the history knows. */
  private CompletableFuture<ImportOutcome> find(ArchivedMemory archived, Throwable cause, Instant deadline) {
    return inDoubtResolver.ask(archived.id(), archived.row().op(), deadline).thenApply(answer -> switch (answer) {
      case StoreResult.Applied applied -> new ImportOutcome.Restored(archived.id());
      case StoreResult.NotApplied notApplied -> new ImportOutcome.Failed(archived.id(), cause);
      case StoreResult.InDoubt inDoubt -> {
        // Bounded: the groups after this one can't be looked up.
        backgroundFollower.follow(archived.id(), cause);
        yield new ImportOutcome.Unsettled(archived.id(), cause);
      }
    });
  }

  /** Makes the index follow core for what landed; only what it has is acknowledged. Never fails. */
  private CompletableFuture<List<ImportOutcome>> follow(List<ImportOutcome> outcomes) {
    List<MemoryId> landed = outcomes.stream().filter(ImportOutcome::succeeded).map(ImportOutcome::id).distinct()
        .toList();
    return follower.followChanged(landed).thenComposeAsync(busy -> {
      // What could not be followed together is tried once more alone, as is what could not be followed before.
      List<MemoryId> again = landed.stream().filter(id -> busy.contains(id) || backgroundFollower.problem(id) != null).toList();
      return BoundedParallel.run(again, FOLLOWED_AT_ONCE, this::followAlone, environment);
    }, environment.executor())
        .exceptionally(failure -> landed.stream().map(id -> new Missing(id, Futures.unwrap(failure))).toList())
        .thenApply(missing -> {
          Map<MemoryId, Throwable> causes = new HashMap<>();
          missing.forEach(each -> {
            if (each.cause != null) {
              causes.put(each.memory, each.cause);
            }
          });
          return outcomes.stream().map(outcome -> {
            Throwable cause = causes.get(outcome.id());
            return cause == null || !outcome.succeeded() ? outcome : new ImportOutcome.Unsettled(outcome.id(), cause);
          }).toList();
        });
  }

  /**
   * What the index has of a memory.
   *
   * @param cause why it lacks it, or null if it doesn't
   */
  private record Missing(MemoryId memory, @Nullable Throwable cause) {}

  private CompletableFuture<Missing> followAlone(MemoryId memory) {
    return follower.follow(memory).handle((done, failure) -> {
      if (failure != null) {
        backgroundFollower.follow(memory, failure);
      }
      return new Missing(memory, failure == null ? null : Futures.unwrap(failure));
    });
  }
}
