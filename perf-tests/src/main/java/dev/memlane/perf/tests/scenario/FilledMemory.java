package dev.memlane.perf.tests.scenario;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.Embedder;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.kill.ServerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.lucene.codecs.KnnVectorsReader;
import org.apache.lucene.codecs.hnsw.HnswGraphProvider;
import org.apache.lucene.codecs.perfield.PerFieldKnnVectorsFormat;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.hnsw.HnswGraph;

/**
 * An embedded memory that holds the first memories of a {@link Corpus}, with an index that is fully merged. It is
 * filled, left alone until no merge runs, closed, and opened again.
 */
final class FilledMemory implements AutoCloseable {

  private static final int PAGE = 5_000;
  private static final Duration LONGEST_MERGING = Duration.ofMinutes(10);
  /** After this time without a merge, no more merges will come. */
  private static final Duration QUIET = Duration.ofSeconds(1);
  /** The same if there are enough documents for a graph: the index checks for that at intervals of ten seconds. */
  private static final Duration QUIET_WITH_GRAPHS = Duration.ofSeconds(25);
  /** An index with fewer documents gets no graph. */
  private static final int FEWEST_IN_GRAPHS = 19_000;

  private final Path directory;
  private final Memlane memlane;
  private final Map<MemoryId, Integer> numbers;
  private final String index;

  private FilledMemory(Path directory, Memlane memlane, Map<MemoryId, Integer> numbers, String index) {
    this.directory = directory;
    this.memlane = memlane;
    this.numbers = numbers;
    this.index = index;
  }

  static FilledMemory open(Bench bench, String name, Corpus corpus, int count)
      throws IOException, InterruptedException {
    Path directory = bench.directory(name);
    Map<MemoryId, Integer> numbers = new HashMap<>();
    bench.say(String.format(Locale.ROOT, "storing %,d memories", count));
    try (Memlane memlane = Memlane.builder(directory).embedder(new NoEmbedder()).open()) {
      for (int from = 0; from < count; from += PAGE) {
        List<NewMemory> page = new ArrayList<>();
        for (int i = from; i < Math.min(count, from + PAGE); i++) {
          page.add(corpus.memory(i).toNewMemory());
        }
        List<WriteOutcome> outcomes = memlane.blocking().addMemories(page);
        for (int i = 0; i < outcomes.size(); i++) {
          if (!(outcomes.get(i) instanceof WriteOutcome.Stored stored)) {
            throw new IllegalStateException(outcomes.get(i).describe());
          }
          numbers.put(stored.memory().id(), from + i);
        }
      }
      // Makes segments of the last writes.
      Corpus.Item query = corpus.query(0);
      memlane.blocking().search(SearchRequest.builder(query.text()).embedding(query.embedding()).everywhere().build());
      bench.say("waiting until the index is merged");
      long unused = awaitMerges(count < FEWEST_IN_GRAPHS ? QUIET : QUIET_WITH_GRAPHS, LONGEST_MERGING);
    }
    String index = describe(directory.resolve("vectors"));
    return new FilledMemory(directory, Memlane.builder(directory).embedder(new NoEmbedder()).open(), numbers, index);
  }

  MemoryOrchestrator memory() {
    return memlane.memory();
  }

  BlockingMemory blocking() {
    return memlane.blocking();
  }

  /** The server of the memory. */
  ServerProcess server() throws IOException {
    return ServerProcess.of(directory).orElseThrow(() -> new IOException("the server does not run"));
  }

  /** Opens another memory on the same server, empty, with an index that builds no graphs. Vectors have to be given. */
  MemoryOrchestrator another(String schema) throws IOException {
    ServerProcess server = server();
    return MemoryOrchestrator.builder().postgres(server.jdbcUrl(server.port()), null, null).schema(schema)
        .indexDirectory(directory.resolve("index-" + schema)).embedder(new NoEmbedder()).followEvery(Duration.ZERO)
        .indexCommitInterval(PlainWrites.NO_QUIET_INTERVAL).open();
  }

  /** The number in the corpus of a memory that was there from the beginning; -1 for another one. */
  int numberOf(MemoryId id) {
    return numbers.getOrDefault(id, -1);
  }

  /** Describes how much of the index a graph covers. */
  String index() {
    return index;
  }

  /** The model of vectors that are given, as those of a {@link Corpus} are. */
  static Embedder noEmbedder() {
    return new NoEmbedder();
  }

  /** Waits until this process builds no graph any more. */
  static void awaitGraphs(Duration longest) throws InterruptedException {
    long unused = awaitMerges(QUIET_WITH_GRAPHS, longest);
  }

  /**
   * Waits until this process merges no segments any more.
   *
   * @param enough how long it has to be so; more than twice the index's commit interval
   * @return when the last merge ended, by {@link System#nanoTime}
   */
  static long awaitMerges(Duration enough, Duration longest) throws InterruptedException {
    long begun = System.nanoTime();
    long quiet = begun;
    while (System.nanoTime() - quiet < enough.toNanos()) {
      if (Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().contains("Lucene Merge"))) {
        quiet = System.nanoTime();
      }
      if (System.nanoTime() - begun > longest.toNanos()) {
        throw new IllegalStateException("the index was still being merged after " + longest);
      }
      Thread.sleep(50);
    }
    return quiet;
  }

  private static String describe(Path folder) throws IOException {
    long inGraphs = 0;
    try (DirectoryReader reader = DirectoryReader.open(FSDirectory.open(folder))) {
      for (LeafReaderContext leaf : reader.leaves()) {
        inGraphs += inGraphs((CodecReader) leaf.reader());
      }
      return String.format(Locale.ROOT, "merges were finished: %,d documents in %d segments, %,d of them in graphs",
          reader.numDocs(), reader.leaves().size(), inGraphs);
    }
  }

  private static long inGraphs(CodecReader segment) throws IOException {
    KnnVectorsReader vectors = segment.getVectorReader();
    long count = 0;
    for (FieldInfo field : segment.getFieldInfos()) {
      if (field.hasVectorValues() && vectors instanceof PerFieldKnnVectorsFormat.FieldsReader fields
          && fields.getFieldReader(field.name) instanceof HnswGraphProvider graphs) {
        HnswGraph graph = graphs.getGraph(field.name);
        count += graph == null ? 0 : graph.size();
      }
    }
    return count;
  }

  @Override
  public void close() {
    memlane.close();
  }

  /** The name of the corpus's model. Every vector is given. */
  private static final class NoEmbedder implements Embedder {

    @Override
    public CompletableFuture<List<float[]>> embed(List<String> texts) {
      return CompletableFuture.failedFuture(new UnsupportedOperationException("all vectors are given"));
    }

    @Override
    public String model() {
      return Corpus.MODEL;
    }

    @Override
    public int dimension() {
      return Corpus.DIMENSION;
    }

    @Override
    public Limits limits() {
      return Limits.standard();
    }
  }
}
