package dev.memlane.perf.tests.scenario;

import static dev.memlane.perf.tests.Verdict.Bar.atLeast;
import static dev.memlane.perf.tests.Verdict.Bar.atMost;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.embedding.local.LocalEmbedder;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.VectorType;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.Directories;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.storage.vector.LuceneVectorIndex;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.VectorUtil;

/**
 * The index with each type of vectors: what its searches over all scopes find of the nearest by float, how far their scores
 * are off, how many bytes it takes, and how long it takes to build.
 *
 * <p>
 * Vectors are those of sentences by the local model, and of more texts by the hash embedder. Questions are further texts.
 */
public final class VectorTypesScenario implements Scenario {

  private static final long SEED = 21;
  private static final int OF_MODEL = 30_000;
  private static final int OF_HASHES = 100_000;
  private static final int QUESTIONS = 300;
  private static final int LIMIT = 10;
  /** As many candidates as a search of a memory asks the index for, of which it returns ten or so. */
  private static final int DEPTH = 200;
  private static final int PAGE = 2_000;
  private static final int EMBEDDED_AT_ONCE = 32;
  private static final int SCOPES = 1_000;
  private static final double ROUND_SECONDS = 1.5;
  private static final Duration COMMIT_INTERVAL = Duration.ofMillis(500);
  private static final Duration QUIET = Duration.ofSeconds(5);
  private static final Duration LONGEST_BUILD = Duration.ofMinutes(20);
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");

  private static final String RECALL = "recall@10";
  private static final String SHALLOW_RECALL = "recall@10, 10 candidates";
  private static final String WORST = "largest difference of a score";
  private static final String MEAN = "mean difference";
  private static final String DISK = "bytes on disk a memory";
  private static final String READ = "bytes that searches by meaning read";
  private static final String BUILD = "seconds to build";

  @Override
  public String name() {
    return "vectors";
  }

  @Override
  public String title() {
    return "the index with vectors as floats, bytes and bits: recall, scores, bytes, searches over all scopes";
  }

  @Override
  public void run(Bench bench) throws Exception {
    bench.findings().note("Searches by meaning over all scopes, of " + LIMIT + " memories among " + DEPTH
        + " candidates, as those of a memory are. Bytes that they read: graphs, and the vectors by which graphs are "
        + "walked, for each memory; besides them, bits need the floats of the candidates.");
    try (LocalEmbedder model = new LocalEmbedder()) {
      new Run(bench, "sentences", model, bench.size(OF_MODEL, 3_000)).run();
    }
    new Run(bench, "hashes", new HashEmbedder(), bench.size(OF_HASHES, 10_000)).run();
  }

  /** Measures the vectors of one embedder. */
  private static final class Run {

    private final Bench bench;
    private final FindingCollector findings;
    private final String vectors;
    private final int count;
    private final Embedder embedder;
    private final List<String> texts;
    private final List<float[]> units = new ArrayList<>();

    Run(Bench bench, String vectors, Embedder embedder, int count) throws IOException {
      this.bench = bench;
      this.findings = bench.findings();
      this.vectors = vectors;
      this.count = count;
      this.embedder = embedder;
      this.texts = Texts.of(count + QUESTIONS, SEED);
    }

    void run() throws Exception {
      embed();
      List<Map<Integer, Double>> nearest = new ArrayList<>();
      for (int i = 0; i < QUESTIONS; i++) {
        nearest.add(nearest(question(i)));
      }
      Map<VectorType, LuceneVectorIndex> indexes = new EnumMap<>(VectorType.class);
      try {
        for (VectorType type : VectorType.values()) {
          Path folder = bench.directory(vectors + "-" + type);
          build(folder, type);
          measure(folder, type);
          LuceneVectorIndex index = open(folder, type);
          indexes.put(type, index);
          compare(index, type, nearest);
        }
        List<Contestant> contestants = new ArrayList<>();
        indexes.forEach((type, index) -> contestants.add(new Contestant(contestant(type), parameter(),
            () -> Load.closed(1, bench.slice(ROUND_SECONDS),
                number -> search(index, question((int) (number % QUESTIONS)), DEPTH)).sample())));
        bench.race(contestants);
      } finally {
        indexes.values().forEach(LuceneVectorIndex::close);
      }
      for (VectorType type : VectorType.values()) {
        Directories.delete(bench.directory(vectors + "-" + type));
      }
      judge();
    }

    private void judge() {
      boolean fullSize = !bench.quick();
      for (VectorType type : List.of(VectorType.BYTE, VectorType.BIT)) {
        String contestant = contestant(type);
        findings.judge(contestant + ": " + RECALL, findings.median(contestant, parameter(), RECALL),
            atLeast(type == VectorType.BYTE ? 0.99 : 0.95), fullSize);
        findings.judge(contestant + ": " + WORST, findings.median(contestant, parameter(), WORST), atMost(0.01),
            fullSize);
      }
    }

    private String contestant(VectorType type) {
      return vectors + ", " + type;
    }

    private String parameter() {
      return String.format(Locale.ROOT, "%,d", count);
    }

    private void embed() {
      bench.say("embedding " + texts.size() + " texts: " + vectors);
      for (int from = 0; from < texts.size(); from += 2 * EMBEDDED_AT_ONCE) {
        // Two requests at once, as a memory has them.
        List<CompletableFuture<List<float[]>>> requests = new ArrayList<>();
        for (int part = from; part < Math.min(texts.size(), from + 2 * EMBEDDED_AT_ONCE); part += EMBEDDED_AT_ONCE) {
          requests.add(embedder.embed(texts.subList(part, Math.min(texts.size(), part + EMBEDDED_AT_ONCE))));
        }
        requests
            .forEach(request -> request.join().forEach(vector -> units.add(VectorUtil.l2normalize(vector.clone()))));
      }
    }

    private float[] question(int number) {
      return units.get(count + number);
    }

    /** The numbers of the nearest, with their scores. */
    private Map<Integer, Double> nearest(float[] question) {
      record Near(int number, double score) {}
      PriorityQueue<Near> best = new PriorityQueue<>(Comparator.comparingDouble(Near::score));
      for (int i = 0; i < count; i++) {
        best.add(new Near(i, score(question, i)));
        if (best.size() > LIMIT) {
          best.remove();
        }
      }
      return best.stream().collect(Collectors.toMap(Near::number, Near::score));
    }

    private double score(float[] question, int number) {
      return (1 + VectorUtil.dotProduct(question, units.get(number))) / 2;
    }

    private LuceneVectorIndex open(Path folder, VectorType type) {
      return LuceneVectorIndex.builder(folder).model(embedder.model()).dimension(embedder.dimension()).vectors(type)
          .commitInterval(COMMIT_INTERVAL).open();
    }

    /** Puts all documents, and waits until the graphs are built. */
    private void build(Path folder, VectorType type) throws InterruptedException {
      bench.say("building the index: " + contestant(type));
      long begun = System.nanoTime();
      long ended;
      try (LuceneVectorIndex index = open(folder, type)) {
        for (int from = 0; from < count; from += PAGE) {
          List<CompletableFuture<StoreResult>> puts = new ArrayList<>();
          for (int i = from; i < Math.min(count, from + PAGE); i++) {
            puts.add(index.put(document(i), LATER));
          }
          for (CompletableFuture<StoreResult> put : puts) {
            if (!(put.join() instanceof StoreResult.Applied)) {
              throw new IllegalStateException("a document was not put");
            }
          }
        }
        index.commit().join();
        ended = FilledMemory.awaitMerges(QUIET, LONGEST_BUILD);
        index.commit().join();
      }
      findings.add(contestant(type), parameter(), BUILD, (ended - begun) / 1e9);
    }

    private IndexDocument document(int number) {
      MemoryId id = new MemoryId(new UUID(0x0198_0000_0000_7000L, 0x8000_0000_0000_0000L + number));
      OperationId op = new OperationId(id.value());
      Instant time = Instant.EPOCH.plusSeconds(number);
      Memory memory = new Memory(id, Scope.user("user " + number % SCOPES), null, null, texts.get(number),
          Metadata.empty(), null, time, time, null, 1, op);
      return new IndexDocument(memory, new Embedding(embedder.model(), units.get(number)));
    }

    private void measure(Path folder, VectorType type) throws IOException {
      try (FSDirectory directory = FSDirectory.open(folder); DirectoryReader reader = DirectoryReader.open(directory)) {
        long disk = 0;
        for (String file : directory.listAll()) {
          disk += directory.fileLength(file);
        }
        Map<String, Long> files = new HashMap<>();
        for (LeafReaderContext leaf : reader.leaves()) {
          CodecReader segment = (CodecReader) leaf.reader();
          for (FieldInfo field : segment.getFieldInfos()) {
            if (field.hasVectorValues()) {
              segment.getVectorReader().getOffHeapByteSize(field).forEach((file, size) -> files.merge(file, size,
                  Long::sum));
            }
          }
        }
        findings.note(contestant(type) + ": " + reader.leaves().size() + " segments; bytes of vectors and graphs: "
            + files);
        findings.add(contestant(type), parameter(), DISK, (double) disk / count);
        // The floats are read only of candidates where there are quantised vectors.
        long read = files.entrySet().stream()
            .filter(file -> !(file.getKey().equals("vec") && files.containsKey("veq"))).mapToLong(Map.Entry::getValue)
            .sum();
        findings.add(contestant(type), parameter(), READ, (double) read / count);
      }
    }

    private List<IndexHit> search(LuceneVectorIndex index, float[] question, int depth) {
      Embedding vector = new Embedding(embedder.model(), question);
      return index.search(new IndexQuery(vector, null, List.of(), null, depth, false)).join().semantic();
    }

    private void compare(LuceneVectorIndex index, VectorType type, List<Map<Integer, Double>> nearest) {
      bench.say("comparing with exact search: " + contestant(type));
      findings.add(contestant(type), parameter(), RECALL, recall(index, nearest, DEPTH));
      findings.add(contestant(type), parameter(), SHALLOW_RECALL, recall(index, nearest, LIMIT));
      double worst = 0;
      double sum = 0;
      int hits = 0;
      for (int i = 0; i < QUESTIONS; i++) {
        for (IndexHit hit : search(index, question(i), DEPTH)) {
          double difference = Math.abs(hit.score() - score(question(i), number(hit)));
          worst = Math.max(worst, difference);
          sum += difference;
          hits++;
        }
      }
      findings.add(contestant(type), parameter(), WORST, worst);
      findings.add(contestant(type), parameter(), MEAN, sum / hits);
    }

    private double recall(LuceneVectorIndex index, List<Map<Integer, Double>> nearest, int depth) {
      long found = 0;
      for (int i = 0; i < QUESTIONS; i++) {
        Set<Integer> wanted = nearest.get(i).keySet();
        found += search(index, question(i), depth).stream().limit(LIMIT).filter(hit -> wanted.contains(number(hit)))
            .count();
      }
      return (double) found / (LIMIT * QUESTIONS);
    }

    private static int number(IndexHit hit) {
      return (int) (hit.name().memory().value().getLeastSignificantBits() - 0x8000_0000_0000_0000L);
    }
  }
}
