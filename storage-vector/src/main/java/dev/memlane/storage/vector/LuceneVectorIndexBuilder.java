package dev.memlane.storage.vector;

import dev.memlane.model.DamagedIndexException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.model.VectorType;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.store.Directory;
import org.jspecify.annotations.Nullable;

/** The options of a {@link LuceneVectorIndex} that is to be opened. Not safe for use by several threads. */
public final class LuceneVectorIndexBuilder {

  final Path path;
  private @Nullable String model;
  private int dimension;
  private Locale language = Locale.ENGLISH;
  private VectorType vectors = VectorType.FLOAT;
  private int ramBufferMegabytes = 64;

  // Read by the index.
  Duration commitInterval = Duration.ofSeconds(10);
  int writeThreads = 2;
  int searchThreads = Math.max(2, Runtime.getRuntime().availableProcessors());
  int queueBound = 10_000;
  InstantSource clock = InstantSource.system();

  // Set by tests only.
  private @Nullable Analyzer analyzer;
  private IndexFormat newest = IndexFormat.NEWEST;
  private UnaryOperator<Directory> wrapper = UnaryOperator.identity();
  int exactLimit = 20_000;
  private int graphThreshold = 2_000;
  private Duration refreshPatience = Duration.ofSeconds(10);
  Duration closingPatience = Duration.ofSeconds(30);

  LuceneVectorIndexBuilder(Path path) {
    this.path = path;
  }

  /** Sets the name of the embedding model whose vectors the index holds; required. */
  public LuceneVectorIndexBuilder model(String model) {
    this.model = model;
    return this;
  }

  /** Sets the vectors' dimension; required. */
  public LuceneVectorIndexBuilder dimension(int dimension) {
    this.dimension = atLeast(1, dimension, "dimension");
    return this;
  }

  /**
   * Sets the language whose word forms and stop words the index knows; English by default. In a language that Lucene
   * doesn't know, words are indexed unchanged. An index can only be opened with the language that it was built for.
   */
  public LuceneVectorIndexBuilder language(Locale language) {
    this.language = Objects.requireNonNull(language, "language");
    return this;
  }

  /**
   * Sets how the index stores vectors; as floats by default. An index can only be opened with the type that it was built
   * with.
   */
  public LuceneVectorIndexBuilder vectors(VectorType vectors) {
    this.vectors = Objects.requireNonNull(vectors, "vectors");
    return this;
  }

  /**
   * Sets the longest time until a write is durable; 10 seconds by default. Nothing is committed while nothing changes.
   */
  public LuceneVectorIndexBuilder commitInterval(Duration commitInterval) {
    if (!commitInterval.isPositive()) {
      throw new InvalidInputException("commitInterval is " + commitInterval + "; it must be positive");
    }
    this.commitInterval = commitInterval;
    return this;
  }

  /** Sets how many megabytes of documents gather in memory before they are written to files; 64 by default. */
  public LuceneVectorIndexBuilder ramBufferMegabytes(int ramBufferMegabytes) {
    this.ramBufferMegabytes = atLeast(1, ramBufferMegabytes, "ramBufferMegabytes");
    return this;
  }

  /** Sets how many threads apply writes; 2 by default. */
  public LuceneVectorIndexBuilder writeThreads(int writeThreads) {
    this.writeThreads = atLeast(1, writeThreads, "writeThreads");
    return this;
  }

  /** Sets how many searches run at the same time; by default one per processor, and at least 2. */
  public LuceneVectorIndexBuilder searchThreads(int searchThreads) {
    this.searchThreads = atLeast(1, searchThreads, "searchThreads");
    return this;
  }

  /** Sets how many writes, and how many searches, may wait; 10,000 by default. More are refused. */
  public LuceneVectorIndexBuilder queueBound(int queueBound) {
    this.queueBound = atLeast(1, queueBound, "queueBound");
    return this;
  }

  /** Sets the clock for deadlines; the system's by default. */
  public LuceneVectorIndexBuilder clock(InstantSource clock) {
    this.clock = Objects.requireNonNull(clock, "clock");
    return this;
  }

  /** Sets an analyzer in place of the language's. */
  LuceneVectorIndexBuilder analyzer(Analyzer analyzer) {
    this.analyzer = analyzer;
    return this;
  }

  /** Wraps Lucene's directory, for example to make it fail. */
  LuceneVectorIndexBuilder directory(UnaryOperator<Directory> wrapper) {
    this.wrapper = wrapper;
    return this;
  }

  /** Sets the format of an index that is made here. */
  LuceneVectorIndexBuilder newest(IndexFormat newest) {
    this.newest = newest;
    return this;
  }

  /** See {@link VectorSearch}. */
  LuceneVectorIndexBuilder exactLimit(int exactLimit) {
    this.exactLimit = exactLimit;
    return this;
  }

  /** See {@link IndexCodec}. */
  LuceneVectorIndexBuilder graphThreshold(int graphThreshold) {
    this.graphThreshold = graphThreshold;
    return this;
  }

  /** See {@link LatestView}. */
  LuceneVectorIndexBuilder refreshPatience(Duration refreshPatience) {
    this.refreshPatience = refreshPatience;
    return this;
  }

  /** See {@link LuceneVectorIndex#close}. */
  LuceneVectorIndexBuilder closingPatience(Duration closingPatience) {
    this.closingPatience = closingPatience;
    return this;
  }

  /**
   * Opens the index, empty if the folder holds none.
   *
   * @throws IncompatibleIndexException if the folder's index was built for another model, dimension, language or type of
   *         vectors
   * @throws DamagedIndexException if its files can't be read
   * @throws StoreException if an index is open on the folder, here or in another process, or the folder can't be used
   * @throws IllegalStateException if the model or the dimension is missing
   */
  public LuceneVectorIndex open() {
    if (model == null || dimension == 0) {
      throw new IllegalStateException("a vector index needs the name of its embedding model and the dimension");
    }
    IndexIdentity identity = new IndexIdentity(model, dimension, language, vectors, format());
    Words words = analyzer == null ? Words.of(language) : Words.of(analyzer);
    OpenedIndex opened = OpenedIndex.open(path, identity, words.analyzer(), ramBufferMegabytes, graphThreshold,
        refreshPatience, wrapper);
    return new LuceneVectorIndex(this, opened, identity, words);
  }

  /** The format of the index in this folder; the newest for an index that is made, or that can't be read. */
  private IndexFormat format() {
    try {
      Map<String, String> committed = IndexFolder.committedUserData(path);
      return committed.isEmpty() ? newest : IndexIdentity.format(committed);
    } catch (IOException e) {
      // It is damaged, which opening it reports.
      return newest;
    }
  }

  private static int atLeast(int least, int value, String name) {
    if (value < least) {
      throw new InvalidInputException(name + " is " + value + "; it must be at least " + least);
    }
    return value;
  }
}
