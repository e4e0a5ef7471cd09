package dev.memlane.storage.vector;

import java.io.IOException;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.lucene104.Lucene104HnswScalarQuantizedVectorsFormat;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.VectorScorer;
import org.apache.lucene.util.quantization.QuantizedByteVectorValues.ScalarEncoding;
import org.jspecify.annotations.Nullable;

/**
 * Vectors as floats, of length 1 and compared by their dot product, which then equals the cosine and costs less.
 *
 * @param bits whether Lucene keeps one bit of each number as well, with the centre of the segment's vectors and corrections
 * ({@link Lucene104HnswScalarQuantizedVectorsFormat}), and compares by that quickly. The graph and the bits are read by a
 * search; of the floats, only those of the candidates.
 */
record FloatVectors(boolean bits) implements StoredVectors {

  /** How many times as many candidates as are wanted. */
  private static final int CANDIDATES = 3;
  private static final int LEAST_CANDIDATES = 200;
  /** So many floats are read in no time, and a scope of one user has rarely more. */
  private static final int COMPARED_ALL = 1_000;
  private static final int BITS_IN_BYTE = 8;
  /** What corrects the scores by bits, for each vector. */
  private static final int CORRECTION_BYTES = 3 * Float.BYTES + Integer.BYTES;

  @Override
  public KnnVectorsFormat format(int graphThreshold) {
    return bits
        ? new Lucene104HnswScalarQuantizedVectorsFormat(ScalarEncoding.SINGLE_BIT_QUERY_NIBBLE,
            Lucene99HnswVectorsFormat.DEFAULT_MAX_CONN, Lucene99HnswVectorsFormat.DEFAULT_BEAM_WIDTH, 1, null,
            graphThreshold)
        : new Lucene99HnswVectorsFormat(Lucene99HnswVectorsFormat.DEFAULT_MAX_CONN,
            Lucene99HnswVectorsFormat.DEFAULT_BEAM_WIDTH, 1, null, graphThreshold);
  }

  @Override
  public int bytes(int dimension) {
    int floats = dimension * Float.BYTES;
    return bits ? floats + Math.ceilDiv(dimension, BITS_IN_BYTE) + CORRECTION_BYTES : floats;
  }

  @Override
  public Field field(float[] unit) {
    return new KnnFloatVectorField(DocumentFields.VECTOR, unit, VectorSimilarityFunction.DOT_PRODUCT);
  }

  @Override
  public int candidates(int wanted) {
    return bits ? Math.max(LEAST_CANDIDATES, (int) Math.min(Integer.MAX_VALUE, (long) wanted * CANDIDATES)) : wanted;
  }

  @Override
  public int comparedAll(int wanted) {
    return bits ? Math.max(COMPARED_ALL, candidates(wanted)) : wanted;
  }

  @Override
  public Query near(float[] unit, int kept, @Nullable Query filter) {
    return new KnnFloatVectorQuery(DocumentFields.VECTOR, unit, kept, filter);
  }

  @Override
  public @Nullable VectorScorer quick(LeafReader segment, float[] unit) throws IOException {
    FloatVectorValues vectors = segment.getFloatVectorValues(DocumentFields.VECTOR);
    return vectors == null ? null : vectors.scorer(unit);
  }

  @Override
  public @Nullable VectorScorer exact(LeafReader segment, float[] unit) throws IOException {
    FloatVectorValues vectors = segment.getFloatVectorValues(DocumentFields.VECTOR);
    return vectors == null ? null : vectors.rescorer(unit);
  }
}
