package dev.memlane.storage.vector;

import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentName;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.ConstantScoreScorerSupplier;
import org.apache.lucene.search.ConstantScoreWeight;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.QueryVisitor;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.ScorerSupplier;
import org.apache.lucene.search.Weight;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.DocIdSetBuilder;
import org.jspecify.annotations.Nullable;

/** A query for all documents but one of each of some memories, which walks over a segment's memories in order. */
final class OtherDocumentsQuery extends Query {

  private record Kept(BytesRef memory, BytesRef document) {}

  private final List<Kept> inOrder;

  /**
   * @param kept the document to leave out, by memory
   */
  OtherDocumentsQuery(SortedMap<MemoryId, DocumentName> kept) {
    this.inOrder = kept.entrySet().stream().map(OtherDocumentsQuery::toBytes).toList();
  }

  private static Kept toBytes(Map.Entry<MemoryId, DocumentName> kept) {
    return new Kept(DocumentFields.memoryBytes(kept.getKey()), DocumentFields.nameBytes(kept.getValue()));
  }

  @Override
  public Weight createWeight(IndexSearcher searcher, ScoreMode scoreMode, float boost) {
    return new ConstantScoreWeight(this, boost) {

      @Override
      public @Nullable ScorerSupplier scorerSupplier(LeafReaderContext leaf) throws IOException {
        Terms memories = leaf.reader().terms(DocumentFields.MEMORY);
        return memories == null
            ? null
            : ConstantScoreScorerSupplier.fromIterator(others(leaf.reader(), memories).build().iterator(), score(),
                scoreMode, leaf.reader().maxDoc());
      }

      @Override
      public boolean isCacheable(LeafReaderContext leaf) {
        return false;
      }
    };
  }

  private DocIdSetBuilder others(LeafReader reader, Terms memories) throws IOException {
    DocIdSetBuilder others = new DocIdSetBuilder(reader.maxDoc());
    TermsEnum walk = memories.iterator();
    PostingsEnum documents = null;
    for (Kept kept : inOrder) {
      if (!walk.seekExact(kept.memory())) {
        continue;
      }
      documents = walk.postings(documents, PostingsEnum.NONE);
      // The documents of one memory ascend; those of the next begin at the start again, so each needs an iterator.
      BinaryDocValues names = DocValues.getBinary(reader, DocumentFields.HIT);
      DocIdSetBuilder.BulkAdder adder = others.grow(walk.docFreq());
      for (int doc = documents.nextDoc(); doc != PostingsEnum.NO_MORE_DOCS; doc = documents.nextDoc()) {
        if (names.advanceExact(doc) && !DocumentFields.isNamed(names.binaryValue(), kept.document())) {
          adder.add(doc);
        }
      }
    }
    return others;
  }

  @Override
  public void visit(QueryVisitor visitor) {
    visitor.visitLeaf(this);
  }

  @Override
  public String toString(String field) {
    return "all but one of the documents of " + inOrder.size() + " memories";
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof OtherDocumentsQuery that && inOrder.equals(that.inOrder);
  }

  @Override
  public int hashCode() {
    return 31 * classHash() + inOrder.hashCode();
  }
}
