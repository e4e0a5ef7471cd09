package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Head;
import dev.memlane.model.store.IndexDocument;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Makes the index agree with core: for one memory, or for all by comparing names.
 *
 * <p>
 * Core is right. The row is read when the memory's turn has been taken, never before, so that what is put is what is
 * there. Vectors come from core; only a memory that has none by this model is embedded, outside of its turn.
 *
 * <p>
 * A memory of many that can't be followed for a reason of its own, because the embedder refuses its text, the index its
 * document, or somebody sits on its turn, holds up no other: it is left to be followed behind. When more than
 * 100 are left, or nothing but them, the reason is not theirs, and the whole fails.
 */
final class IndexFollower {

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int PAGE = 2_000;
  private static final int CHUNK = 1_000;
  private static final int CHUNKS_AT_ONCE = 3;
  private static final int MOST_GATHERED = 100_000;
  private static final int MOST_LEFT = 100;

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final BatchingEmbedder embedder;
  private volatile BackgroundFollow backgroundFollower = (memory, failure) -> {};

  IndexFollower(Stores stores, Environment environment, MemoryLocks locks, BatchingEmbedder embedder) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.embedder = embedder;
  }

  /** Makes a memory follow behind, sooner or later. */
  @FunctionalInterface
  interface BackgroundFollow {

    /** @param failure why it could not be followed at once, if that was tried */
    void follow(MemoryId memory, @Nullable Throwable failure);
  }

  /** The index as it is refuses a document. */
  private static final class RefusedDocumentException extends StoreException {
    RefusedDocumentException(MemoryId memory, Throwable cause) {
      super("the index did not take memory " + memory + ": " + cause.getMessage(), cause);
    }

    private RefusedDocumentException(RefusedDocumentException shared) {
      super(String.valueOf(shared.getMessage()), shared);
    }

    @Override
    public RefusedDocumentException copy() {
      return new RefusedDocumentException(this);
    }
  }

  /** Core holds no vector by this model for a memory. */
  private static final class VectorlessException extends StoreException {
    final transient Memory memory;

    VectorlessException(Memory memory) {
      this(memory, null);
    }

    private VectorlessException(Memory memory, @Nullable Throwable cause) {
      super("memory " + memory.id() + " has no vector by this model yet", cause);
      this.memory = memory;
    }

    @Override
    public VectorlessException copy() {
      return new VectorlessException(memory, this);
    }
  }

  /** How many memories were left behind, and why the last of them was. Safe for use by several threads. */
  private static final class Left {
    // Guarded by this.
    private int count;
    private @Nullable Throwable last;

    synchronized int plus(Throwable failure) {
      last = failure;
      return ++count;
    }

    synchronized @Nullable Throwable last() {
      return last;
    }
  }

  /**
   * Who makes a memory follow that could not be followed at once: it was refused, somebody was working on it during a
   * comparison, or its put was not answered in time. The latter two may leave a document that core no longer has, after
   * the memory was found to agree.
   */
  void followInBackgroundBy(BackgroundFollow backgroundFollower) {
    this.backgroundFollower = backgroundFollower;
  }

  /**
   * Makes the memory's documents agree with core, under its turn; a vector that core doesn't have is made first.
   *
   * @return fails if they could not be made to
   */
  CompletableFuture<Void> follow(MemoryId memory) {
    return followWithVector(memory).exceptionallyComposeAsync(
        failure -> Futures.unwrap(failure) instanceof VectorlessException vectorless
            ? embedAndFollow(vectorless.memory)
            : CompletableFuture.failedFuture(failure),
        environment.executor());
  }

  private CompletableFuture<Void> followWithVector(MemoryId memory) {
    Instant deadline = environment.now().plus(PATIENCE);
    return locks.runLocked(memory, deadline, () -> followLocked(memory, deadline));
  }

  /** Makes the memory's documents agree, for who has its turn already; fails if core has no vector by this model. */
  CompletableFuture<Void> followLocked(MemoryId memory, Instant deadline) {
    return environment.until(deadline, stores.core().read(List.of(memory), true))
        .thenCompose(rows -> agree(memory, rows.get(memory), deadline))
        .thenCompose(name -> environment.until(deadline, name == null
            ? stores.index().unguarded().removeAll(memory)
            : stores.index().unguarded().retain(name)));
  }

  /** Puts what core has; the name of what was put, or null if there is nothing. */
  private CompletableFuture<@Nullable DocumentName> agree(MemoryId id, @Nullable CoreRow row, Instant deadline) {
    Memory memory = row == null ? null : row.memory();
    if (memory == null) {
      return CompletableFuture.completedFuture(null);
    }
    Embedding embedding = row == null ? null : row.embedding();
    if (embedding == null) {
      return CompletableFuture.failedFuture(new VectorlessException(memory));
    }
    IndexDocument document = new IndexDocument(memory, embedding);
    return stores.index().unguarded().put(document, deadline).thenApply(result -> switch (result) {
      case StoreResult.Applied applied -> document.name();
      case StoreResult.NotApplied notApplied -> throw new RefusedDocumentException(id, notApplied.cause());
      case StoreResult.InDoubt inDoubt -> {
        backgroundFollower.follow(id, inDoubt.cause());
        throw new StoreException(
            "the index did not answer for memory " + id + ": " + inDoubt.cause().getMessage(), inDoubt.cause());
      }
    });
  }

  /**
   * Compares the names of all documents with the heads of all rows, in order of id, and makes agree what differs.
   *
   * @param progress told how many memories have been compared
   * @return how many memories differed, those included that were left to be followed behind
   */
  CompletableFuture<Long> compare(Progress progress) {
    return stores.core().estimate().thenComposeAsync(total -> {
      Tally tally = new Tally(progress, total);
      return comparePage(null, tally).thenApply(differing -> {
        tally.end();
        return differing;
      });
    }, environment.executor());
  }

  /** How far a comparison has come. One page is added after the other; chunks agree on any thread. */
  private static final class Tally {
    final Left left = new Left();
    final Progress progress;
    /** About. */
    final long total;
    /** What differs and has not been mended, with the documents there were; used by one page after the other. */
    SortedMap<MemoryId, List<DocumentName>> gathered = new TreeMap<>();
    long differing;

    // Guarded by this.
    private long compared;
    private long agreeing;

    Tally(Progress progress, long total) {
      this.progress = progress;
      this.total = total;
    }

    void add(NamePage page) {
      SortedMap<MemoryId, List<DocumentName>> found = page.differing();
      gathered.putAll(found);
      differing += found.size();
      synchronized (this) {
        compared += page.liveRows();
      }
      agree(Math.max(0, page.liveRows() - found.size()));
    }

    synchronized void agree(long more) {
      // Some that differed may have been documents of nothing, which were not counted as compared.
      agreeing = Math.min(compared, agreeing + more);
      progress.at(agreeing, Math.max(compared, total));
    }

    /** The total was an estimate. */
    synchronized void end() {
      progress.at(agreeing, compared);
    }
  }

  private CompletableFuture<Long> comparePage(@Nullable MemoryId after, Tally tally) {
    return NamePage.read(stores, locks::taken, after, PAGE).thenComposeAsync(page -> {
      tally.add(page);
      // Not waited for: they agree as far as can be told, and a stuck one would hold up all others.
      page.busy().stream().filter(id -> !tally.gathered.containsKey(id)).forEach(id -> backgroundFollower.follow(id, null));
      MemoryId last = page.last();
      // Not after each page: what is put makes the next look at the names cost a refresh, and the index a small segment.
      CompletableFuture<?> mended = last == null || tally.gathered.size() >= MOST_GATHERED
          ? mendGathered(tally)
          : CompletableFuture.completedFuture(null);
      return mended.thenComposeAsync(
          ignored -> last == null ? CompletableFuture.completedFuture(compared(tally)) : comparePage(last, tally),
          environment.executor());
    }, environment.executor());
  }

  /** Several chunks at once, so that core is read while the index is written. */
  private CompletableFuture<?> mendGathered(Tally tally) {
    List<SortedMap<MemoryId, List<DocumentName>>> chunks = chunks(tally.gathered);
    tally.gathered = new TreeMap<>();
    return BoundedParallel.run(chunks, CHUNKS_AT_ONCE, chunk -> mend(chunk, tally.left)
        .thenComposeAsync(busy -> followAll(busy, tally.left), environment.executor()).thenApply(ignored -> {
          tally.agree(chunk.size());
          return chunk.size();
        }), environment);
  }

  private static List<SortedMap<MemoryId, List<DocumentName>>> chunks(
      SortedMap<MemoryId, List<DocumentName>> differing) {
    List<SortedMap<MemoryId, List<DocumentName>>> chunks = new ArrayList<>();
    differing.forEach((id, documents) -> {
      if (chunks.isEmpty() || chunks.getLast().size() == CHUNK) {
        chunks.add(new TreeMap<>());
      }
      chunks.getLast().put(id, documents);
    });
    return chunks;
  }

  private long compared(Tally tally) {
    Throwable failure = tally.left.last();
    if (failure != null && stores.index().unguarded().summary().documents() == 0) {
      throw new StoreException("the index has none of the memories: " + failure.getMessage(), failure);
    }
    return tally.differing;
  }

  /** Leaves a memory to be followed behind if it failed for a reason of its own; any other failure is everybody's. */
  private CompletableFuture<?> orLeave(MemoryId memory, CompletableFuture<?> followed, Left left) {
    return followed.handle((done, failure) -> {
      if (failure != null) {
        Throwable cause = Futures.unwrap(failure);
        if (!isOfOne(cause)) {
          throw new CompletionException(cause);
        }
        if (left.plus(cause) > MOST_LEFT) {
          throw new StoreException("more than " + MOST_LEFT + " memories could not be put into the index: "
              + cause.getMessage(), cause);
        }
        backgroundFollower.follow(memory, cause);
      }
      return null;
    });
  }

  private boolean isOfOne(Throwable failure) {
    return failure instanceof EmbeddingException || failure instanceof VectorlessException
        || failure instanceof MemoryLocks.LockTimeoutException
        || failure instanceof RefusedDocumentException && stores.index().unguarded().failure() == null;
  }

  /**
   * Makes agree what differs of memories that may have changed.
   *
   * @return those on which somebody is working: left as they are, to be asked for again
   */
  CompletableFuture<Set<MemoryId>> followChanged(Collection<MemoryId> changed) {
    List<MemoryId> ids = List.copyOf(changed);
    Left left = new Left();
    CompletableFuture<Set<MemoryId>> busy = CompletableFuture.completedFuture(new HashSet<>());
    for (int i = 0; i < ids.size(); i += PAGE) {
      List<MemoryId> page = ids.subList(i, Math.min(ids.size(), i + PAGE));
      busy = busy.thenComposeAsync(before -> followPage(page, before, left), environment.executor());
    }
    return busy;
  }

  private CompletableFuture<Set<MemoryId>> followPage(List<MemoryId> page, Set<MemoryId> busy, Left left) {
    return NamePage.read(stores, locks::taken, page).thenComposeAsync(names -> {
      busy.addAll(names.busy());
      CompletableFuture<Set<MemoryId>> mended = CompletableFuture.completedFuture(busy);
      for (SortedMap<MemoryId, List<DocumentName>> chunk : chunks(names.differing())) {
        mended = mended.thenComposeAsync(before -> mend(chunk, left).thenApply(again -> {
          before.addAll(again);
          return before;
        }), environment.executor());
      }
      return mended;
    }, environment.executor());
  }

  private CompletableFuture<Void> followAll(Collection<MemoryId> memories, Left left) {
    return CompletableFuture.allOf(
        memories.stream().map(memory -> orLeave(memory, follow(memory), left)).toArray(CompletableFuture[]::new));
  }

  /**
   * Makes a chunk of memories agree, with one read of rows, under the turns, because what differed before may have been
   * written since.
   *
   * <p>
   * The documents are not looked at again: whoever has put one since had the turn, and has taken away the one that it
   * replaced, or handed the memory to be followed behind.
   *
   * @param chunk the memories, with the documents they had
   * @return those on which somebody is working, which were left
   */
  private CompletableFuture<List<MemoryId>> mend(SortedMap<MemoryId, List<DocumentName>> chunk, Left left) {
    Map<MemoryId, MemoryLocks.MemoryLock> taken = new TreeMap<>();
    List<MemoryId> busy = new ArrayList<>();
    for (MemoryId id : chunk.keySet()) {
      MemoryLocks.MemoryLock lock = locks.tryTake(id);
      if (lock == null) {
        busy.add(id);
      } else {
        taken.put(id, lock);
      }
    }
    Instant deadline = environment.now().plus(PATIENCE.multipliedBy(6));
    List<Memory> vectorless = new ArrayList<>();
    CompletableFuture<Void> mended = CompletableFuture.completedFuture(taken.keySet())
        .thenComposeAsync(ids -> stores.core().read(ids, true), environment.executor()).thenComposeAsync(rows -> {
          List<CompletableFuture<?>> all = new ArrayList<>();
          taken.forEach((id, lock) -> {
            CoreRow row = rows.get(id);
            Memory memory = row == null ? null : row.memory();
            if (memory != null && row != null && row.embedding() == null) {
              vectorless.add(memory);
            } else {
              // Whoever waits for this memory need not wait for the others.
              all.add(orLeave(id, mendOne(id, row, chunk.getOrDefault(id, List.of()), deadline)
                  .whenComplete((done, failure) -> lock.close()), left));
            }
          });
          return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
        }, environment.executor())
        .whenComplete((done, failure) -> taken.values().forEach(MemoryLocks.MemoryLock::close));
    return mended
        .thenComposeAsync(ignored -> CompletableFuture.allOf(vectorless.stream()
            .map(memory -> orLeave(memory.id(), embedAndFollow(memory), left)).toArray(CompletableFuture[]::new)),
            environment.executor())
        .thenApply(ignored -> busy);
  }

  private CompletableFuture<?> mendOne(
      MemoryId id, @Nullable CoreRow row, List<DocumentName> documents, Instant deadline) {
    return agree(id, row, deadline).thenCompose(name -> {
      if (name == null) {
        return stores.index().unguarded().removeAll(id);
      }
      // Most often there is none; many are put at once, and what is done for each is done by the index's writers.
      return documents.isEmpty()
          ? CompletableFuture.<@Nullable Void>completedFuture(null)
          : CompletableFuture.allOf(documents.stream().filter(document -> !document.equals(name))
              .map(stores.index().unguarded()::remove).toArray(CompletableFuture[]::new));
    });
  }

  private CompletableFuture<Void> embedAndFollow(Memory memory) {
    DocumentName name = new DocumentName(memory.id(), memory.op());
    return embedder.embed(memory.searchableText()).thenCompose(embedding -> stores.core().saveVector(name, embedding))
        .thenComposeAsync(ignored -> followWithVector(memory.id()), environment.executor());
  }

  /**
   * What core and the index hold of the memories up to a common last id.
   *
   * <p>
   * Core is read first, then who is working on a memory is noted, then the index is read. So a memory that agrees, and
   * whose turn nobody had, agrees with what was there when core was read: who takes the turn later reads a row that is no
   * older. Who has it may be about to put what core held before, however well the memory seems to agree.
   *
   * @param busy the memories of the page whose turn somebody had
   */
  record NamePage(List<Head> rows, List<DocumentName> documents, @Nullable MemoryId last, Set<MemoryId> busy) {

    /** Reads the next page of both; both are complete up to the page's last id. */
    static CompletableFuture<NamePage> read(
        Stores stores, Supplier<Set<MemoryId>> taken, @Nullable MemoryId after, int limit) {
      return stores.core().heads(after, limit).thenCompose(rows -> {
        Set<MemoryId> busy = taken.get();
        return stores.index().unguarded().names(after, limit)
            .thenApply(documents -> of(rows, documents, after, limit, busy));
      });
    }

    /** Reads what both hold of these memories. */
    static CompletableFuture<NamePage> read(
        Stores stores, Supplier<Set<MemoryId>> taken, Collection<MemoryId> memories) {
      return stores.core().heads(memories).thenCompose(rows -> {
        Set<MemoryId> busy = new HashSet<>(memories);
        busy.retainAll(taken.get());
        return stores.index().unguarded().names(memories)
            .thenApply(documents -> new NamePage(rows, documents, null, busy));
      });
    }

    private static NamePage of(
        List<Head> rows, List<DocumentName> documents, @Nullable MemoryId after, int limit, Set<MemoryId> busy) {
      MemoryId lastRow = rows.size() < limit ? null : rows.getLast().memory();
      MemoryId lastDocument = documents.size() < limit ? null : documents.getLast().memory();
      MemoryId last = lastRow == null
          ? lastDocument
          : lastDocument == null || lastRow.compareTo(lastDocument) < 0 ? lastRow : lastDocument;
      return new NamePage(rows.stream().filter(row -> isWithin(row.memory(), last)).toList(),
          documents.stream().filter(document -> isWithin(document.memory(), last)).toList(), last,
          busy.stream().filter(id -> (after == null || id.compareTo(after) > 0) && isWithin(id, last))
              .collect(Collectors.toSet()));
    }

    private static boolean isWithin(MemoryId id, @Nullable MemoryId last) {
      return last == null || id.compareTo(last) <= 0;
    }

    long liveRows() {
      return rows.stream().filter(Head::live).count();
    }

    /** The memories whose documents are not exactly the one that core's row asks for, with the documents there are. */
    SortedMap<MemoryId, List<DocumentName>> differing() {
      SortedMap<MemoryId, List<DocumentName>> byMemory = new TreeMap<>();
      documents.forEach(document -> byMemory.computeIfAbsent(document.memory(), id -> new ArrayList<>()).add(document));
      for (Head row : rows) {
        if (row.live()) {
          List<DocumentName> there = byMemory.computeIfAbsent(row.memory(), id -> new ArrayList<>());
          if (there.size() == 1 && there.getFirst().op().equals(row.op())) {
            byMemory.remove(row.memory());
          }
        }
      }
      return byMemory;
    }
  }
}
