package dev.memlane.perf.tests.scenario;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.InputStream;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The network of the local sentence model without its tokenizer. It receives as many tokens as a text has. Which tokens
 * they are does not matter, because its speed depends on their number alone. Safe for use by several threads.
 */
final class SentenceNetwork implements AutoCloseable {

  private static final String NETWORK = "all-minilm-l6-v2-q.onnx";
  private static final int FIRST_WORD = 2_000;
  private static final int LAST_WORD = 28_000;

  private final OrtEnvironment environment;
  private final OrtSession session;

  private SentenceNetwork(OrtEnvironment environment, OrtSession session) {
    this.environment = environment;
    this.session = session;
  }

  static SentenceNetwork load() throws IOException, OrtException {
    byte[] network;
    try (InputStream in = SentenceNetwork.class.getClassLoader().getResourceAsStream(NETWORK)) {
      if (in == null) {
        throw new IOException(NETWORK + " is not on the class path");
      }
      network = in.readAllBytes();
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      return new SentenceNetwork(environment, environment.createSession(network, options));
    }
  }

  /**
   * Computes texts of these lengths, in runs of this many texts, each padded to its longest. The texts are sorted by
   * length first, so that those of one run are about equal. As many runs are in progress as there are processors.
   *
   * @param tokens the number of tokens of each text
   */
  void compute(List<Integer> tokens, int textsInRun) {
    int[] lengths = tokens.stream().mapToInt(Integer::intValue).sorted().toArray();
    AtomicInteger next = new AtomicInteger();
    CompletableFuture<?>[] threads = new CompletableFuture<?>[Runtime.getRuntime().availableProcessors()];
    for (int i = 0; i < threads.length; i++) {
      CompletableFuture<Void> done = new CompletableFuture<>();
      threads[i] = done;
      Thread.ofPlatform().daemon().start(() -> {
        try {
          for (int from = next.getAndAdd(textsInRun); from < lengths.length; from = next.getAndAdd(textsInRun)) {
            run(Arrays.copyOfRange(lengths, from, Math.min(lengths.length, from + textsInRun)));
          }
          done.complete(null);
        } catch (OrtException | RuntimeException e) {
          // Rethrown to the thread that waits for all.
          done.completeExceptionally(e);
        }
      });
    }
    CompletableFuture.allOf(threads).join();
  }

  private void run(int[] lengths) throws OrtException {
    int longest = lengths[lengths.length - 1];
    long[] words = new long[lengths.length * longest];
    long[] seen = new long[words.length];
    Random random = new Random(longest);
    for (int text = 0; text < lengths.length; text++) {
      for (int i = 0; i < lengths[text]; i++) {
        words[text * longest + i] = random.nextInt(FIRST_WORD, LAST_WORD);
        seen[text * longest + i] = 1;
      }
    }
    long[] shape = {lengths.length, longest};
    try (OnnxTensor ids = OnnxTensor.createTensor(environment, LongBuffer.wrap(words), shape);
        OnnxTensor attention = OnnxTensor.createTensor(environment, LongBuffer.wrap(seen), shape);
        OnnxTensor types = OnnxTensor.createTensor(environment, LongBuffer.wrap(new long[words.length]), shape);
        OrtSession.Result result = session
            .run(Map.of("input_ids", ids, "attention_mask", attention, "token_type_ids", types))) {
      if (((OnnxTensor) result.get(0)).getInfo().getShape()[1] != longest) {
        throw new IllegalStateException("the network answered for another number of tokens");
      }
    }
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}
