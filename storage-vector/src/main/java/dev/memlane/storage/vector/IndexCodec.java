package dev.memlane.storage.vector;

import java.io.IOException;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.KnnVectorsReader;
import org.apache.lucene.codecs.KnnVectorsWriter;
import org.apache.lucene.codecs.lucene104.Lucene104Codec;
import org.apache.lucene.index.SegmentReadState;
import org.apache.lucene.index.SegmentWriteState;

/**
 * Lucene's default codec, with graphs built off the write path and without the limit of 1,024 dimensions.
 *
 * <p>
 * Building a graph costs ten times as much as writing the vectors. So flushed segments stay flat: their vectors are
 * compared one by one, which at their size costs little. The graph is built when they are merged in the background into
 * a segment of about 20,000 documents or more ({@link SegmentMerges}).
 *
 * <p>
 * Codec and format have the names of Lucene's own and write exactly the same files, so Lucene's own classes, found by
 * these names, can read them.
 */
final class IndexCodec extends Lucene104Codec {

  private final KnnVectorsFormat vectors;

  /**
   * @param identity says what the vectors are stored as, and their dimension
   * @param graphThreshold a graph is built for n documents where {@code graphThreshold * ln(n) < n}: 2,000 means about
   *        20,000 documents
   */
  IndexCodec(IndexIdentity identity, int graphThreshold) {
    this.vectors = new Vectors(identity.storedVectors().format(graphThreshold), identity.dimension());
  }

  /** The fewest documents with which a merged segment gets a graph (except one or two, whose graph costs nothing). */
  static int leastInGraph(int graphThreshold) {
    int documents = 2;
    while (graphThreshold * Math.log(documents) >= documents) {
      documents++;
    }
    return documents;
  }

  @Override
  public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
    return vectors;
  }

  private static final class Vectors extends KnnVectorsFormat {

    private final KnnVectorsFormat lucene;
    private final int dimension;

    Vectors(KnnVectorsFormat lucene, int dimension) {
      super(lucene.getName());
      this.lucene = lucene;
      this.dimension = dimension;
    }

    @Override
    public KnnVectorsWriter fieldsWriter(SegmentWriteState state) throws IOException {
      return lucene.fieldsWriter(state);
    }

    @Override
    public KnnVectorsReader fieldsReader(SegmentReadState state) throws IOException {
      return lucene.fieldsReader(state);
    }

    @Override
    public int getMaxDimensions(String field) {
      return dimension;
    }
  }
}
