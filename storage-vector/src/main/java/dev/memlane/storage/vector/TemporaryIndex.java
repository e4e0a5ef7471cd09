package dev.memlane.storage.vector;

import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.VectorType;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexQuery;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.store.ByteBuffersDirectory;

/**
 * An index of a few documents in memory, made for one question. It has no files and no threads, so it needs no closing; it
 * searches on the calling thread. Safe for use by several threads.
 */
public final class TemporaryIndex implements DocumentSearch {

  private static final int NEVER_A_GRAPH = Integer.MAX_VALUE;

  private final IndexSearcher searcher;
  private final IndexSearch search;
  private final IndexFailures failures;

  private TemporaryIndex(IndexSearcher searcher, IndexSearch search, IndexFailures failures) {
    this.searcher = searcher;
    this.search = search;
    this.failures = failures;
  }

  /**
   * Makes an index that stands in for one that is kept elsewhere. Analysing thousands of texts keeps a processor busy for a
   * while.
   *
   * @param documents with vectors of this model and dimension
   * @param language see {@link LuceneVectorIndexBuilder#language}
   * @throws StoreException if it could not be made
   */
  public static DocumentSearch of(List<IndexDocument> documents, String model, int dimension, Locale language) {
    IndexFailures failures = new IndexFailures(Path.of("memory"));
    Words words = Words.of(language);
    try {
      IndexIdentity identity = new IndexIdentity(model, dimension, language, VectorType.FLOAT, IndexFormat.NEWEST);
      return of(documents, words, identity,
          new IndexSearch(new VectorSearch(identity.storedVectors(), NEVER_A_GRAPH), new TextQueries(words)), failures);
    } catch (IOException e) {
      throw failures.general("could not be made", e);
    }
  }

  /**
   * Makes an index.
   *
   * @param words the words of the index that it stands in for, as identity, search and failures are
   */
  static TemporaryIndex of(List<IndexDocument> documents, Words words, IndexIdentity identity, IndexSearch search,
      IndexFailures failures) throws IOException {
    ByteBuffersDirectory directory = new ByteBuffersDirectory();
    IndexWriterConfig config = new IndexWriterConfig(words.analyzer())
        .setCodec(new IndexCodec(identity, NEVER_A_GRAPH));
    try (IndexWriter writer = new IndexWriter(directory, config)) {
      for (IndexDocument document : documents) {
        writer.addDocument(DocumentFields.of(document, words, identity));
      }
    }
    return new TemporaryIndex(new IndexSearcher(DirectoryReader.open(directory)), search, failures);
  }

  @Override
  public CompletableFuture<IndexHits> search(IndexQuery query) {
    try {
      return CompletableFuture.completedFuture(search.search(searcher, query));
    } catch (IOException | RuntimeException e) {
      return CompletableFuture.failedFuture(failures.general("could not be searched", e));
    }
  }

  @Override
  public CompletableFuture<Set<String>> actors(List<Scope> scopes, Set<String> keys) {
    try {
      return CompletableFuture.completedFuture(ActorLookup.find(searcher, scopes, keys));
    } catch (IOException | RuntimeException e) {
      return CompletableFuture.failedFuture(failures.general("could not be searched", e));
    }
  }
}
