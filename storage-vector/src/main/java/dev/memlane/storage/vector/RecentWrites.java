package dev.memlane.storage.vector;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.store.DocumentName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The writes since the last refresh, numbered in the order in which they were counted. A search takes the documents
 * among them from here, beside those of the last reader, and so needs no refresh.
 *
 * <p>
 * Bounded: if too many gather, all are dropped, and the next search needs a refresh. Safe for use by several threads.
 */
final class RecentWrites {

  /** The most writes that are kept, each with its document. */
  private static final int MOST = 1_024;
  /** The most memories with removed documents that a search looks through. */
  private static final int MOST_REMOVED = 32;

  @GuardedBy("this")
  private long counted;
  /** A search that has not seen the writes up to this one needs a refresh. */
  @GuardedBy("this")
  private long lost;
  @GuardedBy("this")
  private int kept;
  @GuardedBy("this")
  private @Nullable Entry newest;

  /** Which documents of a memory a write has removed. */
  sealed interface Removal {

    MemoryId memory();

    /** One document. */
    record Named(DocumentName name) implements Removal {
      @Override
      public MemoryId memory() {
        return name.memory();
      }
    }

    /** All documents but one. */
    record OthersThan(DocumentName kept) implements Removal {
      @Override
      public MemoryId memory() {
        return kept.memory();
      }
    }

    /** All documents. */
    record All(MemoryId memory) implements Removal {}

    default boolean removes(DocumentName name) {
      return name.memory().equals(memory()) && switch (this) {
        case Named one -> one.name.equals(name);
        case OthersThan others -> !others.kept.equals(name);
        case All all -> true;
      };
    }
  }

  /** One write, and the writes before it. Exactly one of document and removal is there. */
  private record Entry(long number, @Nullable RecentDocument document, @Nullable Removal removal,
      @Nullable Entry before) {

    boolean concerns(DocumentName name) {
      return document != null && document.source().name().equals(name) || removal != null && removal.removes(name);
    }
  }

  /** Counts a put. */
  synchronized void put(RecentDocument document) {
    add(document, null);
  }

  /** Counts a removal. */
  synchronized void remove(Removal removal) {
    add(null, removal);
  }

  /** Counts a write that only a refresh shows. */
  synchronized void other() {
    counted++;
    drop();
  }

  @GuardedBy("this")
  private void add(@Nullable RecentDocument document, @Nullable Removal removal) {
    counted++;
    if (kept == MOST) {
      drop();
    } else {
      newest = new Entry(counted, document, removal, newest);
      kept++;
    }
  }

  @GuardedBy("this")
  private void drop() {
    lost = counted;
    newest = null;
    kept = 0;
  }

  /** How many writes were counted. */
  synchronized long counted() {
    return counted;
  }

  /** How many writes are kept. */
  synchronized int kept() {
    return kept;
  }

  /** Forgets the writes up to this one, because every reader that is taken from now on shows them. */
  synchronized void seen(long number) {
    List<Entry> left = new ArrayList<>();
    for (Entry entry = newest; entry != null && entry.number > number; entry = entry.before) {
      left.add(entry);
    }
    newest = null;
    for (Entry entry : left.reversed()) {
      newest = new Entry(entry.number, entry.document, entry.removal, newest);
    }
    kept = left.size();
  }

  /**
   * Returns what a search must add to a reader.
   *
   * @param seen the number of the last write that the reader certainly shows
   * @param scopes where the search looks; empty for everywhere
   * @param most the most documents
   * @return null if it is too much, or not here any more, so that a refresh is needed
   */
  @Nullable
  Since since(long seen, Collection<Scope> scopes, int most) {
    Entry first;
    synchronized (this) {
      if (lost > seen) {
        return null;
      }
      first = newest;
    }
    // By name, because a document may have been put several times.
    Map<DocumentName, RecentDocument> documents = new LinkedHashMap<>();
    Set<MemoryId> removed = new HashSet<>();
    for (Entry entry = first; entry != null && entry.number > seen; entry = entry.before) {
      RecentDocument document = entry.document;
      if (entry.removal != null) {
        removed.add(entry.removal.memory());
      } else if (document != null && isIn(document.source().memory().scope(), scopes)) {
        documents.putIfAbsent(document.source().name(), document);
      }
    }
    if (removed.size() > MOST_REMOVED) {
      return null;
    }
    List<Entry> ofRemoved = new ArrayList<>();
    if (!removed.isEmpty()) {
      for (Entry entry = first; entry != null && entry.number > seen; entry = entry.before) {
        if (removed.contains(memory(entry))) {
          ofRemoved.add(entry);
        }
      }
    }
    documents.keySet().removeIf(name -> isRemoved(ofRemoved, name));
    // In a segment's order, so that hits of one score keep theirs when the reader is renewed.
    return documents.size() > most ? null : new Since(List.copyOf(documents.values()).reversed(), ofRemoved);
  }

  private static MemoryId memory(Entry entry) {
    RecentDocument document = entry.document;
    Removal removal = entry.removal;
    if (document != null) {
      return document.source().memory().id();
    }
    if (removal != null) {
      return removal.memory();
    }
    throw new IllegalStateException("a write is a put or a removal");
  }

  private static boolean isIn(Scope scope, Collection<Scope> scopes) {
    if (scopes.isEmpty()) {
      return true;
    }
    for (Scope each : scopes) {
      if (each.matches(scope)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isRemoved(List<Entry> latestFirst, DocumentName name) {
    for (Entry entry : latestFirst) {
      if (entry.concerns(name)) {
        return entry.removal != null;
      }
    }
    return false;
  }

  /** What happened since a reader was made. */
  static final class Since {

    private final List<RecentDocument> documents;
    /** The writes of memories with a removal, latest first. */
    private final List<Entry> ofRemoved;

    private Since(List<RecentDocument> documents, List<Entry> ofRemoved) {
      this.documents = documents;
      this.ofRemoved = ofRemoved;
    }

    /** The documents put since that are still there, oldest first. The reader may show some of them already. */
    List<RecentDocument> documents() {
      return documents;
    }

    /** Whether any document was removed. */
    boolean removesAny() {
      return !ofRemoved.isEmpty();
    }

    /** Whether the last write that concerns this document has removed it. */
    boolean isRemoved(DocumentName name) {
      return RecentWrites.isRemoved(ofRemoved, name);
    }
  }
}
