package dev.memlane.storage.vector;

import java.io.IOException;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.KnnByteVectorField;
import org.apache.lucene.index.ByteVectorValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.KnnByteVectorQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.VectorScorer;
import org.jspecify.annotations.Nullable;

/** Vectors as bytes ({@link DocumentValues#bytes}) and nothing beside them, compared by their cosine. */
record ByteVectors() implements StoredVectors {

  @Override
  public KnnVectorsFormat format(int graphThreshold) {
    return new Lucene99HnswVectorsFormat(Lucene99HnswVectorsFormat.DEFAULT_MAX_CONN,
        Lucene99HnswVectorsFormat.DEFAULT_BEAM_WIDTH, 1, null, graphThreshold);
  }

  @Override
  public int bytes(int dimension) {
    return dimension;
  }

  @Override
  public Field field(float[] unit) {
    return new KnnByteVectorField(DocumentFields.VECTOR, DocumentValues.bytes(unit), VectorSimilarityFunction.COSINE);
  }

  @Override
  public int candidates(int wanted) {
    return wanted;
  }

  @Override
  public int comparedAll(int wanted) {
    return wanted;
  }

  @Override
  public Query near(float[] unit, int kept, @Nullable Query filter) {
    return new KnnByteVectorQuery(DocumentFields.VECTOR, DocumentValues.bytes(unit), kept, filter);
  }

  @Override
  public @Nullable VectorScorer quick(LeafReader segment, float[] unit) throws IOException {
    ByteVectorValues vectors = segment.getByteVectorValues(DocumentFields.VECTOR);
    return vectors == null ? null : vectors.scorer(DocumentValues.bytes(unit));
  }

  @Override
  public @Nullable VectorScorer exact(LeafReader segment, float[] unit) throws IOException {
    return quick(segment, unit);
  }
}
