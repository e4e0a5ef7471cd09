package dev.memlane.orchestrator.internal.archive;

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
import dev.memlane.orchestrator.Edits;
import dev.memlane.orchestrator.ImportOutcome;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.internal.BoundedParallel;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.UnitParts;
import dev.memlane.orchestrator.internal.follow.BatchFollower;
import dev.memlane.orchestrator.internal.follow.IndexFollower;
import dev.memlane.orchestrator.internal.write.InDoubtResolver;
import dev.memlane.orchestrator.internal.write.WriteProtocol;
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
 * The handler of imports: restores archived memories with their histories, under their own operations (rule R13).
 *
 * <p>
 * Each memory is one unit. Core accepts the row if there is none, or over the void row that was seen, and history accepts the
 * entries. The row's stamp is the unit's own fresh id, so neither an undo nor a late write of the memory's operations finds
 * the stamp that it expects. The memory is not locked: for the writes of this process, an import is like a write of another
 * process, and compare-and-set decides.
 *
 * <p>
 * A unit that has landed is never undone. The index follows core for a whole group at once, as after another process's
 * writes, and only then are the memories acknowledged. If the process dies in between, importing again or the comparison at
 * the next opening completes the work. In doubt, everything on its way to the memory is fenced, and the history is asked for
 * the row's operation. Safe for use by several threads.
 */
public final class ImportHandler {

  /** How many memories are looked up, written and followed together. */
  private static final int GROUP = 1_000;
  /** How many entries a group holds at most, which bounds a transaction. A memory with more is a group of its own. */
  private static final int MOST_ENTRIES = 10_000;
  private static final int FOLLOWED_AT_ONCE = 50;

  private final Stores stores;
  private final Environment environment;
  private final WriteProtocol protocol;
  private final InDoubtResolver inDoubtResolver;
  private final IndexFollower follower;
  private final BatchFollower batchFollower;
  private final Duration patience;

  public ImportHandler(Stores stores, Environment environment, WriteProtocol protocol, InDoubtResolver inDoubtResolver,
      IndexFollower follower, BatchFollower batchFollower, Duration patience) {
    this.stores = stores;
    this.environment = environment;
    this.protocol = protocol;
    this.inDoubtResolver = inDoubtResolver;
    this.follower = follower;
    this.batchFollower = batchFollower;
    this.patience = patience;
  }

  /** Restores memories; see {@link MemoryOrchestrator#importMemories}. */
  public CompletableFuture<List<ImportOutcome>> restore(List<ArchivedMemory> memories, Edits edits) {
    Instant now = environment.now().truncatedTo(ChronoUnit.MICROS);
    List<ArchivedMemory> sound = new ArrayList<>(memories.size());
    // In the order of the memories; null for each memory that is to be restored.
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
    return CompletableFuture.completedFuture(group.getFirst()).thenCompose(first -> checkIndex(first, deadline))
        .thenComposeAsync(
            checked -> stores.core().read(group.stream().map(ArchivedMemory::id).distinct().toList(), false),
            environment.executor())
        .thenComposeAsync(
            rows -> BoundedParallel.run(group, GROUP, memory -> begin(memory, rows.get(memory.id()), deadline),
                environment),
            environment.executor())
        .exceptionally(failure -> failed(group, failure)).thenComposeAsync(this::follow, environment.executor());
  }

  /** From here on something may have been sent, so an unexpected failure, for example while closing, leaves doubt. */
  private CompletableFuture<ImportOutcome> begin(
      ArchivedMemory archived, @Nullable CoreRow there, Instant deadline) {
    return CompletableFuture.completedFuture(archived).thenCompose(each -> restoreFrom(each, there, deadline))
        .exceptionally(failure -> new ImportOutcome.Unsettled(archived.id(), Futures.unwrap(failure)));
  }

  private static List<ImportOutcome> failed(List<ArchivedMemory> group, Throwable failure) {
    return group.stream().<ImportOutcome>map(memory -> new ImportOutcome.Failed(memory.id(), Futures.own(failure)))
        .toList();
  }

  /** Fails if the index accepts no writes: it could not follow what is restored. */
  private CompletableFuture<?> checkIndex(ArchivedMemory first, Instant deadline) {
    return stores.index().check(new DocumentName(first.id(), first.row().op()), deadline)
        .thenApply(result -> switch (result) {
          case StoreResult.Applied applied -> applied;
          case StoreResult.NotApplied notApplied -> throw refusal(notApplied.cause());
          case StoreResult.InDoubt inDoubt -> throw refusal(inDoubt.cause());
        });
  }

  private static StoreException refusal(Throwable cause) {
    return new StoreException("the index accepts no writes now: " + cause.getMessage(), cause);
  }

  /** Restores a memory, or reports what is there. */
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

  /** Confirms the row with which the import is answered, so that no rollback can remove it (rule R6). */
  private CompletableFuture<ImportOutcome> confirm(ArchivedMemory archived, CoreRow there, Instant deadline) {
    return protocol.confirm(there, deadline)
        .thenComposeAsync(confirmed -> switch (confirmed) {
          case StoreResult.Applied applied ->
            CompletableFuture.completedFuture(new ImportOutcome.AlreadyThere(archived.id()));
          case StoreResult.NotApplied changed -> readAgain(archived, there, changed.cause(), deadline);
          case StoreResult.InDoubt inDoubt ->
            CompletableFuture.completedFuture(new ImportOutcome.Unsettled(archived.id(), inDoubt.cause()));
        }, environment.executor());
  }

  private CompletableFuture<ImportOutcome> send(
      ArchivedMemory archived, @Nullable CoreRow voidRow, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.RESTORE, archived.id(), environment.ids().newOperation(), deadline);
    return UnitParts
        .joinBoth(unit,
            () -> stores.core().restore(unit, archived.row(), voidRow == null ? null : voidRow.stamp()),
            () -> stores.history().restore(unit, archived.history()))
        .thenComposeAsync(result -> switch (result) {
          case StoreResult.Applied applied ->
            CompletableFuture.completedFuture(new ImportOutcome.Restored(archived.id()));
          case StoreResult.NotApplied notApplied -> readAgain(archived, voidRow, notApplied.cause(), deadline);
          case StoreResult.InDoubt inDoubt -> resolve(archived, inDoubt.cause(), deadline);
        }, environment.executor());
  }

  /** Finds the outcome of a memory that core did not accept: the row that is there now shows why. */
  private CompletableFuture<ImportOutcome> readAgain(
      ArchivedMemory archived, @Nullable CoreRow before, Throwable cause, Instant deadline) {
    ImportOutcome failed = new ImportOutcome.Failed(archived.id(), cause);
    return environment.until(deadline, stores.core().read(List.of(archived.id()), false)).thenApply(Optional::of)
        // It is certain that the memory was not restored; only the reason can't be read now.
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
    return environment.until(deadline, stores.core().findUnique(memory.scope(), memory.content()))
        .<ImportOutcome>thenApply(holder -> holder.isEmpty() || holder.get().id().equals(archived.id())
            ? failed
            : new ImportOutcome.Failed(archived.id(),
                new StoreException("its scope holds each content once, and memory "
                    + holder.get().id() + " has this one", null)))
        .exceptionally(failure -> failed);
  }

  /** Resolves doubt: nothing on its way can land any more, and the history is asked. */
  private CompletableFuture<ImportOutcome> resolve(ArchivedMemory archived, Throwable cause, Instant deadline) {
    return inDoubtResolver.resolve(archived.id(), archived.row().op(), deadline).thenApply(result -> switch (result) {
      case StoreResult.Applied applied -> new ImportOutcome.Restored(archived.id());
      case StoreResult.NotApplied notApplied -> new ImportOutcome.Failed(archived.id(), cause);
      case StoreResult.InDoubt inDoubt -> {
        // The queue stays bounded: the groups after this one can't be read while the database does not answer.
        follower.background().follow(archived.id(), cause);
        yield new ImportOutcome.Unsettled(archived.id(), cause);
      }
    });
  }

  /** Makes the index follow core for what landed. Only memories that the index holds are acknowledged. Never fails. */
  private CompletableFuture<List<ImportOutcome>> follow(List<ImportOutcome> outcomes) {
    List<MemoryId> landed = outcomes.stream().filter(ImportOutcome::succeeded).map(ImportOutcome::id).distinct()
        .toList();
    return batchFollower.followChanged(landed).thenApply(BatchFollower.Followed::busy).thenComposeAsync(busy -> {
      // A memory that was busy, or that is queued because it failed, is tried once more by itself.
      List<MemoryId> again = landed.stream()
          .filter(id -> busy.contains(id) || follower.background().problem(id) != null).toList();
      return BoundedParallel.run(again, FOLLOWED_AT_ONCE, this::followAlone, environment);
    }, environment.executor())
        .exceptionally(failure -> landed.stream().map(id -> new Followed(id, Futures.unwrap(failure))).toList())
        .thenApply(followed -> {
          Map<MemoryId, Throwable> causes = new HashMap<>();
          followed.forEach(each -> {
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
   * The result of following one memory.
   *
   * @param cause why the index lacks the memory; null if it does not lack it
   */
  private record Followed(MemoryId memory, @Nullable Throwable cause) {}

  private CompletableFuture<Followed> followAlone(MemoryId memory) {
    return follower.follow(memory).handle((done, failure) -> {
      if (failure != null) {
        follower.background().follow(memory, failure);
      }
      return new Followed(memory, failure == null ? null : Futures.unwrap(failure));
    });
  }
}
