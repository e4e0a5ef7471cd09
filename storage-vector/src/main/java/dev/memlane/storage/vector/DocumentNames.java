package dev.memlane.storage.vector;

import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentName;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.MultiBits;
import org.apache.lucene.index.MultiTerms;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.StringHelper;
import org.jspecify.annotations.Nullable;

/** Reads of document names: walks over the terms that name documents, in order. */
final class DocumentNames {

  private DocumentNames() {}

  /** See {@link dev.memlane.model.store.VectorIndex#names}. */
  static List<DocumentName> page(IndexReader reader, @Nullable MemoryId after, int limit) throws IOException {
    Terms terms = MultiTerms.getTerms(reader, DocumentFields.DOCUMENT);
    if (terms == null) {
      return List.of();
    }
    List<DocumentName> page = new ArrayList<>();
    Bits live = MultiBits.getLiveDocs(reader);
    TermsEnum walk = terms.iterator();
    BytesRef term = after == null ? walk.next() : seekBeyond(walk, after);
    PostingsEnum postings = null;
    for (; term != null; term = walk.next()) {
      if (live != null) {
        postings = walk.postings(postings, PostingsEnum.NONE);
        if (!anyLive(postings, live)) {
          continue;
        }
      }
      DocumentName name = DocumentFields.name(term);
      if (page.size() >= limit && !page.getLast().memory().equals(name.memory())) {
        break;
      }
      page.add(name);
    }
    return page;
  }

  /** The names of all live documents of these memories. */
  static List<DocumentName> of(IndexReader reader, List<MemoryId> memories) throws IOException {
    Terms terms = MultiTerms.getTerms(reader, DocumentFields.DOCUMENT);
    if (terms == null) {
      return List.of();
    }
    List<DocumentName> names = new ArrayList<>();
    Bits live = MultiBits.getLiveDocs(reader);
    TermsEnum walk = terms.iterator();
    PostingsEnum postings = null;
    for (MemoryId memory : memories) {
      BytesRef id = DocumentFields.memoryBytes(memory);
      boolean more = walk.seekCeil(id) != TermsEnum.SeekStatus.END;
      for (BytesRef term = more ? walk.term() : null; term != null
          && StringHelper.startsWith(term, id); term = walk.next()) {
        postings = walk.postings(postings, PostingsEnum.NONE);
        if (live == null || anyLive(postings, live)) {
          names.add(DocumentFields.name(term));
        }
      }
    }
    return names;
  }

  /** Whether there is a live document of this name. */
  static boolean holds(IndexReader reader, DocumentName name) throws IOException {
    BytesRef term = DocumentFields.nameBytes(name);
    for (LeafReaderContext leaf : reader.leaves()) {
      Terms terms = leaf.reader().terms(DocumentFields.DOCUMENT);
      TermsEnum walk = terms == null ? null : terms.iterator();
      if (walk != null && walk.seekExact(term)) {
        Bits live = leaf.reader().getLiveDocs();
        if (live == null || anyLive(walk.postings(null, PostingsEnum.NONE), live)) {
          return true;
        }
      }
    }
    return false;
  }

  /** See {@link dev.memlane.model.store.VectorIndex#holdsRemoved}. */
  static boolean hasRemoved(IndexReader reader, List<MemoryId> memories) throws IOException {
    for (LeafReaderContext leaf : reader.leaves()) {
      Bits live = leaf.reader().getLiveDocs();
      Terms terms = leaf.reader().terms(DocumentFields.MEMORY);
      if (live == null || terms == null) {
        continue;
      }
      TermsEnum walk = terms.iterator();
      PostingsEnum postings = null;
      for (MemoryId memory : memories) {
        if (walk.seekExact(DocumentFields.memoryBytes(memory))) {
          postings = walk.postings(postings, PostingsEnum.NONE);
          for (int doc = postings.nextDoc(); doc != PostingsEnum.NO_MORE_DOCS; doc = postings.nextDoc()) {
            if (!live.get(doc)) {
              return true;
            }
          }
        }
      }
    }
    return false;
  }

  private static @Nullable BytesRef seekBeyond(TermsEnum walk, MemoryId memory) throws IOException {
    BytesRef last = new BytesRef(DocumentFields.NAME_BYTES);
    BytesRef id = DocumentFields.memoryBytes(memory);
    System.arraycopy(id.bytes, id.offset, last.bytes, 0, id.length);
    Arrays.fill(last.bytes, id.length, DocumentFields.NAME_BYTES, (byte) 0xff);
    last.length = DocumentFields.NAME_BYTES;
    return switch (walk.seekCeil(last)) {
      case END -> null;
      case FOUND -> walk.next();
      case NOT_FOUND -> walk.term();
    };
  }

  /** A name may have several documents, of which all but the last one are deleted. */
  private static boolean anyLive(PostingsEnum postings, Bits live) throws IOException {
    for (int doc = postings.nextDoc(); doc != PostingsEnum.NO_MORE_DOCS; doc = postings.nextDoc()) {
      if (live.get(doc)) {
        return true;
      }
    }
    return false;
  }
}
