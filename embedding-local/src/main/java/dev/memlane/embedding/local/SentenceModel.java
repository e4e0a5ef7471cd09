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
 * The loaded model: a tokenizer and an ONNX session, which is native. {@link #embed} may be called by several threads;
 * {@link #close} only when no other call is running.
 */
final class SentenceModel implements AutoCloseable {

  static final int DIMENSION = 384;
  /** How many tokens the model sees at once, its two markers included: what its authors set for it. */
  static final int WINDOW_TOKENS = 256;
  /** As many as the longest memory has if each of its characters is a token: so much may one text cost, and no text that is stored is cut. */
  static final int MOST_WINDOWS = 400;

  private static final String NETWORK = "all-minilm-l6-v2-q.onnx";
  private static final String VOCABULARY = "all-minilm-l6-v2-q-tokenizer.json";

  private final OrtEnvironment environment;
  private final OrtSession session;
  private final WordPieceTokenizer tokenizer;

  private SentenceModel(OrtEnvironment environment, OrtSession session, WordPieceTokenizer tokenizer) {
    this.environment = environment;
    this.session = session;
    this.tokenizer = tokenizer;
  }

  /**
   * Loads the model, which takes about a second: the network and the vocabulary that LangChain4j publishes. Its runner
   * isn't used because it sees only the first 128 tokens of a text and shares its threads between texts, which halves
   * what two cores do.
   *
   * @throws EmbeddingException if this machine can't run it
   */
  static SentenceModel load() {
    try {
      WordPieceTokenizer tokenizer = loadTokenizer();
      OrtEnvironment environment = OrtEnvironment.getEnvironment();
      // On Windows it would report its use.
      environment.setTelemetry(false);
      try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
        // Each text is computed by the thread that brings it: with threads of its own for each, the session is half as
        // fast as soon as several texts are on their way.
        options.setIntraOpNumThreads(1);
        return new SentenceModel(environment, environment.createSession(resource(NETWORK), options), tokenizer);
      }
    } catch (IOException | OrtException | RuntimeException | LinkageError e) {
      throw new EmbeddingException("the local sentence model could not be loaded (" + Reasons.of(root(e))
          + "); it runs on Linux with glibc, macOS and Windows, on 64-bit x86 or ARM, and unpacks its library into "
          + System.getProperty("java.io.tmpdir")
          + ", which must be there and writable; where that can't be had, use another embedder", e);
    }
  }

  /** A library that can't be loaded is reported as a class that can't be initialised; what was wrong lies beneath. */
  private static Throwable root(Throwable failure) {
    Throwable root = failure;
    for (Throwable cause = root.getCause(); cause != null; cause = cause.getCause()) {
      root = cause;
    }
    return root;
  }

  private static WordPieceTokenizer loadTokenizer() throws IOException {
    try (InputStream vocabulary = open(VOCABULARY)) {
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
   * Embeds a text: the mean of what the network says of each token (mean pooling, as the model was trained), brought to
   * unit length. The windows of a long text are computed one by one and pooled together.
   */
  float[] embed(String text) throws OrtException {
    float[] sum = new float[DIMENSION];
    for (long[] window : tokenizer.windows(text, WINDOW_TOKENS, MOST_WINDOWS)) {
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
