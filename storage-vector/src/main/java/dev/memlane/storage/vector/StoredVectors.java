package dev.memlane.storage.vector;

import dev.memlane.model.VectorType;
import java.io.IOException;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.document.Field;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.VectorScorer;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link VectorType} means in Lucene: how vectors are written, and how they are compared. There is a quick comparison,
 * and one whose scores count; where the two differ, a search compares the best by the quick one again. All scores are
 * (1 + cosine) / 2. Immutable and safe for use by several threads.
 */
sealed interface StoredVectors permits FloatVectors, ByteVectors {

  static StoredVectors of(VectorType type) {
    return switch (type) {
      case FLOAT -> new FloatVectors(false);
      case BYTE -> new ByteVectors();
      case BIT -> new FloatVectors(true);
    };
  }

  /**
   * The format of the vectors' files.
   *
   * @param graphThreshold see {@link IndexCodec}
   */
  KnnVectorsFormat format(int graphThreshold);

  /** The bytes of a vector in the files of a segment, without the graph. */
  int bytes(int dimension);

  /**
   * The field of a document.
   *
   * @param unit of length 1
   */
  Field field(float[] unit);

  /**
   * How many of the nearest by the quick comparison include the nearest ones.
   *
   * @param wanted how many are wanted
   * @return the same number if the quick comparison is the one that counts
   */
  int candidates(int wanted);

  /**
   * Up to how many documents are all compared by the comparison that counts.
   *
   * @param wanted how many are wanted
   */
  int comparedAll(int wanted);

  /**
   * The query for documents near a vector, by graphs and the quick comparison.
   *
   * @param unit of length 1
   * @param kept the candidates of a walk
   * @param filter null if every document matches
   */
  Query near(float[] unit, int kept, @Nullable Query filter);

  /** The quick comparison with the vectors of a segment; null if it has none. */
  @Nullable
  VectorScorer quick(LeafReader segment, float[] unit) throws IOException;

  /** The comparison that counts; null if the segment has no vectors. */
  @Nullable
  VectorScorer exact(LeafReader segment, float[] unit) throws IOException;
}
