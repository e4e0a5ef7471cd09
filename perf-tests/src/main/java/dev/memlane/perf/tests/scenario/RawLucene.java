package dev.memlane.perf.tests.scenario;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.lucene104.Lucene104Codec;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.Field.Store;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.NRTCachingDirectory;
import org.apache.lucene.util.BytesRef;

/**
 * Lucene's writer alone, for comparison with the index: the same fields, analyzer, formats and settings, and nothing
 * around them. Documents are only added; nothing is looked up before.
 *
 * <p>
 * Safe for use by several threads.
 */
final class RawLucene implements Closeable {

  /** The number of the index's write threads. */
  static final int THREADS = 2;

  private static final int GRAPH_THRESHOLD = 2_000;
  private static final int MOST_UNCOMMITTED = 20_000;
  private static final int UUID_BYTES = 16;
  private static final FieldType ANALYSED = new FieldType();
  static {
    ANALYSED.setTokenized(true);
    ANALYSED.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
    ANALYSED.freeze();
  }

  private final Directory directory;
  private final IndexWriter writer;
  private final ExecutorService commits = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());

  private RawLucene(Directory directory, IndexWriter writer) {
    this.directory = directory;
    this.writer = writer;
  }

  /** Creates an index in a folder that is empty or does not exist. */
  static RawLucene create(Path folder) throws IOException {
    Directory directory = new NRTCachingDirectory(FSDirectory.open(folder), 8, 64);
    ConcurrentMergeScheduler merges = new ConcurrentMergeScheduler();
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    merges.setMaxMergesAndThreads(threads + 1, threads);
    KnnVectorsFormat vectors = new Lucene99HnswVectorsFormat(Lucene99HnswVectorsFormat.DEFAULT_MAX_CONN,
        Lucene99HnswVectorsFormat.DEFAULT_BEAM_WIDTH, 1, null, GRAPH_THRESHOLD);
    IndexWriterConfig config = new IndexWriterConfig(new EnglishAnalyzer()).setCodec(new Lucene104Codec() {
      @Override
      public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
        return vectors;
      }
    }).setMergeScheduler(merges).setRAMBufferSizeMB(64).setMaxBufferedDocs(15_000).setMaxFullFlushMergeWaitMillis(0);
    return new RawLucene(directory, new IndexWriter(directory, config));
  }

  /**
   * Adds a document.
   *
   * @param vector of unit length
   */
  void add(UUID memory, UUID op, String user, String text, float[] vector) throws IOException {
    Document document = new Document();
    document.add(new StringField("memory", bytes(memory), Store.NO));
    document.add(new StringField("document", bytes(memory, op), Store.NO));
    document.add(new BinaryDocValuesField("hit", bytes(memory, op, op)));
    document.add(new StringField("user", user, Store.NO));
    document.add(new Field("text", text, ANALYSED));
    document.add(new KnnFloatVectorField("vector", vector, VectorSimilarityFunction.DOT_PRODUCT));
    writer.addDocument(document);
  }

  /** Adds the document of this number. */
  @FunctionalInterface
  interface Numbered {
    void add(RawLucene index, int number) throws IOException;
  }

  /**
   * Adds this many documents with as many threads as the index has, and returns when all are added. In the background
   * it commits as often as the index does, so that a crash would lose as little.
   */
  void addAll(int count, Numbered documents) {
    CompletableFuture<?>[] threads = new CompletableFuture<?>[THREADS];
    for (int i = 0; i < THREADS; i++) {
      int first = i;
      CompletableFuture<Void> done = new CompletableFuture<>();
      threads[i] = done;
      Thread.ofPlatform().daemon().name("raw-lucene-" + i).start(() -> {
        try {
          for (int number = first; number < count; number += THREADS) {
            documents.add(this, number);
            if (number % MOST_UNCOMMITTED == MOST_UNCOMMITTED - 1) {
              commits.execute(this::commitUnchecked);
            }
          }
          done.complete(null);
        } catch (Throwable e) {
          // Rethrown to the thread that waits for all.
          done.completeExceptionally(e);
        }
      });
    }
    CompletableFuture.allOf(threads).join();
  }

  /** Makes the added documents visible, as a search of the index does. */
  int refresh() throws IOException {
    try (DirectoryReader reader = DirectoryReader.open(writer)) {
      return reader.numDocs();
    }
  }

  /** Makes the added documents durable. */
  void commit() throws IOException {
    writer.commit();
  }

  private void commitUnchecked() {
    try {
      writer.commit();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static BytesRef bytes(UUID... values) {
    ByteBuffer buffer = ByteBuffer.allocate(values.length * UUID_BYTES);
    for (UUID value : values) {
      buffer.putLong(value.getMostSignificantBits()).putLong(value.getLeastSignificantBits());
    }
    return new BytesRef(buffer.array());
  }

  /** Aborts running merges, and releases the files. */
  @Override
  public void close() throws IOException {
    commits.close();
    try (directory) {
      writer.rollback();
    }
  }
}
