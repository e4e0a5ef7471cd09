package dev.memlane.embedding.local;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.memlane.endpoints.Reasons;
import dev.memlane.model.EmbeddingException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.Map;

/**
 * A loaded sentence model: a tokenizer and a native ONNX session. {@link #embed} may be called by several threads,
 * {@link #close} only while no other call is running.
 */
final class SentenceModel implements AutoCloseable {

  static final int DIMENSION = 384;
  /**
   * Enough for the longest memory if each character is a token. So a text's cost is bounded, and no stored text is cut.
   */
  static final int MAX_TOKENS = 101_600;

  private final LocalModel model;
  private final OrtEnvironment environment;
  private final OrtSession session;
  private final WordPieceTokenizer tokenizer;

  private SentenceModel(LocalModel model, OrtEnvironment environment, OrtSession session,
      WordPieceTokenizer tokenizer) {
    this.model = model;
    this.environment = environment;
    this.session = session;
    this.tokenizer = tokenizer;
  }

  /**
   * Loads a model in about a second: the network and the vocabulary that LangChain4j publishes. LangChain4j's own
   * runner isn't used, because it sees only the first 128 tokens of a text, and shares its threads between texts, which
   * halves the throughput of two cores.
   *
   * @throws EmbeddingException if this machine can't run it
   */
  static SentenceModel load(LocalModel model) {
    try {
      WordPieceTokenizer tokenizer = loadTokenizer(model.vocabulary());
      OrtEnvironment environment = OrtEnvironment.getEnvironment();
      // On Windows the runtime would report its use.
      environment.setTelemetry(false);
      try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
        // Each text is computed by the calling thread. With more threads per text, the session has half the throughput
        // when several texts are computed at the same time.
        options.setIntraOpNumThreads(1);
        return new SentenceModel(model, environment, environment.createSession(resource(model.network()), options),
            tokenizer);
      }
    } catch (IOException | OrtException | RuntimeException | LinkageError e) {
      throw new EmbeddingException("the local sentence model could not be loaded (" + Reasons.of(root(e))
          + "); it runs on Linux with glibc, macOS and Windows, on 64-bit x86 or ARM, and unpacks its library into "
          + System.getProperty("java.io.tmpdir")
          + ", which must exist and be writable; if that is not possible, use another embedder", e);
    }
  }

  /** The innermost cause. The failure to load a library is hidden in the failure to initialise a class. */
  private static Throwable root(Throwable failure) {
    Throwable root = failure;
    for (Throwable cause = root.getCause(); cause != null; cause = cause.getCause()) {
      root = cause;
    }
    return root;
  }

  private static WordPieceTokenizer loadTokenizer(String name) throws IOException {
    try (InputStream vocabulary = open(name)) {
      return WordPieceTokenizer.read(vocabulary);
    }
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = open(name)) {
      return in.readAllBytes();
    }
  }

  private static InputStream open(String name) throws IOException {
    InputStream in = SentenceModel.class.getClassLoader().getResourceAsStream(name);
    if (in == null) {
      throw new IOException(name + " is not on the class path");
    }
    return in;
  }

  /**
   * Embeds a text: the mean of the network's output for each token (mean pooling, as in the model's training), scaled
   * to unit length. The windows of a long text are computed one by one and pooled together.
   *
   * @param question whether the text is one; it counts for a model that tells questions from texts
   */
  float[] embed(String text, boolean question) throws OrtException {
    float[] sum = new float[DIMENSION];
    String prefix = question ? model.questionPrefix() : model.textPrefix();
    for (long[] window : tokenizer.windows(prefix, text, model.windowTokens(), MAX_TOKENS)) {
      addTokens(sum, window);
    }
    double squares = 0;
    for (float number : sum) {
      squares += (double) number * number;
    }
    double length = Math.sqrt(squares);
    for (int i = 0; i < DIMENSION; i++) {
      sum[i] = (float) (sum[i] / length);
    }
    return sum;
  }

  private void addTokens(float[] sum, long[] tokens) throws OrtException {
    long[] ones = new long[tokens.length];
    Arrays.fill(ones, 1);
    long[] shape = {1, tokens.length};
    try (OnnxTensor ids = OnnxTensor.createTensor(environment, LongBuffer.wrap(tokens), shape);
        OnnxTensor attention = OnnxTensor.createTensor(environment, LongBuffer.wrap(ones), shape);
        OnnxTensor types = OnnxTensor.createTensor(environment, LongBuffer.wrap(new long[tokens.length]), shape);
        OrtSession.Result result = session
            .run(Map.of("input_ids", ids, "attention_mask", attention, "token_type_ids", types))) {
      FloatBuffer numbers = ((OnnxTensor) result.get(0)).getFloatBuffer();
      for (int i = 0; i < tokens.length * DIMENSION; i++) {
        sum[i % DIMENSION] += numbers.get(i);
      }
    }
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new EmbeddingException("the local sentence model could not be closed: " + e.getMessage(), e);
    }
  }
}
