package dev.memlane.storage.vector;

import java.io.IOException;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.KnnVectorsReader;
import org.apache.lucene.codecs.KnnVectorsWriter;
import org.apache.lucene.codecs.lucene104.Lucene104Codec;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.index.SegmentReadState;
import org.apache.lucene.index.SegmentWriteState;

/**
 * Lucene's own codec, with the graph off the write path and without its limit of 1,024 dimensions.
 *
 * <p>
 * Building a graph costs ten times what writing the vectors does. So segments as they are flushed stay flat (searched
 * one vector after the other, which at their size costs little), and the graph comes when they are merged into one of
 * about 20,000 documents or more, in the background ({@link SegmentMerges}).
 *
 * <p>
 * Codec and format carry the names of Lucene's, and write exactly what those do, so files are read by the ones that
 * Lucene finds under these names.
 */
final class IndexCodec extends Lucene104Codec {

  private final KnnVectorsFormat vectors;

  /**
   * @param dimension the vectors' dimension, at least 1
   * @param graphThreshold a graph is built for n documents where {@code graphThreshold * ln(n) < n}: 2,000 stands for
   *        about 20,000 documents
   */
  IndexCodec(int dimension, int graphThreshold) {
    this.vectors = new Vectors(
        new Lucene99HnswVectorsFormat(Lucene99HnswVectorsFormat.DEFAULT_MAX_CONN,
            Lucene99HnswVectorsFormat.DEFAULT_BEAM_WIDTH, 1, null, graphThreshold),
        dimension);
  }

  /** From how many documents on a merged segment gets a graph (one or two aside, which get one that costs nothing). */
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
