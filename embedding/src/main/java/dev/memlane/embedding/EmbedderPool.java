package dev.memlane.embedding;

import dev.memlane.endpoints.Endpoint;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.endpoints.EndpointListener;
import dev.memlane.endpoints.Policy;
import dev.memlane.endpoints.Tokens;
import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * A pool of embedders that make the same vectors (keys of one provider, deployments, servers), and the rules by which
 * {@link BatchingEmbedder} shares work among them.
 *
 * <pre>{@code
 * EmbedderPool pool = EmbedderPool.builder()
 *     .endpoint("east", OpenAiEmbedder.openAi("text-embedding-3-small", 1536).apiKey(one).build(),
 *         EndpointLimits.none().requestsPerMinute(3_000))
 *     .endpoint("west", OpenAiEmbedder.openAi("text-embedding-3-small", 1536).apiKey(two).build())
 *     .build();
 * }</pre>
 *
 * <p>
 * A request goes to an endpoint that can begin it at once. It never waits at one endpoint while another is idle. Limits
 * that an endpoint doesn't state are found from its refusals. A request with a retryable failure is sent to another
 * endpoint, or after a growing pause to the same. A request that the provider refuses is halved until the refused text
 * is alone. Immutable.
 */
public final class EmbedderPool {

  private final List<Endpoint<Embedder>> endpoints;
  private final Policy policy;
  private final int attempts;
  private final Duration firstPause;
  private final ToIntFunction<String> tokens;
  private final boolean similarLengths;
  private final EndpointListener listener;

  private EmbedderPool(List<Endpoint<Embedder>> endpoints, Builder builder) {
    this.endpoints = endpoints;
    this.policy = builder.policy;
    this.attempts = builder.attempts;
    this.firstPause = builder.firstPause;
    this.tokens = builder.tokens;
    this.similarLengths = builder.similarLengths;
    this.listener = builder.listener;
  }

  public static Builder builder() {
    return new Builder();
  }

  /**
   * A pool of a single embedder, without retries.
   *
   * @param concurrency how many requests may be in flight
   * @param timeout how long a request may take
   */
  public static EmbedderPool of(Embedder embedder, int concurrency, Duration timeout) {
    return builder().attempts(1)
        .endpoint(embedder.model(), embedder, EndpointLimits.none().concurrency(concurrency).timeout(timeout)).build();
  }

  /** The model's name, the same for all endpoints. */
  public String model() {
    return endpoints.getFirst().target().model();
  }

  /** How many numbers a vector has, the same for all endpoints. */
  public int dimension() {
    return endpoints.getFirst().target().dimension();
  }

  /** Whether the embedders have vectors of their own for questions; see {@link Embedder#distinguishesQuestions}. */
  boolean distinguishesQuestions() {
    return endpoints.getFirst().target().distinguishesQuestions();
  }

  /**
   * Closes all embedders of the pool, for a pool that nothing uses. What uses it, such as {@link BatchingEmbedder}, closes
   * them itself. Fails with the first failure, once it has tried them all.
   */
  public void closeEmbedders() {
    RuntimeException failure = null;
    for (Endpoint<Embedder> endpoint : endpoints) {
      try {
        endpoint.target().close();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else if (!failure.equals(e)) {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  List<Endpoint<Embedder>> endpoints() {
    return endpoints;
  }

  Policy policy() {
    return policy;
  }

  int attempts() {
    return attempts;
  }

  Duration firstPause() {
    return firstPause;
  }

  ToIntFunction<String> tokens() {
    return tokens;
  }

  boolean similarLengths() {
    return similarLengths;
  }

  EndpointListener listener() {
    return listener;
  }

  @Override
  public String toString() {
    return "EmbedderPool[" + model() + ", " + dimension() + " dimensions, " + policy + ", "
        + endpoints.stream().map(Endpoint::name).collect(Collectors.joining(", ")) + "]";
  }

  /** A builder of pools. Not safe for use by several threads. */
  public static final class Builder {

    private final List<Endpoint<Embedder>> endpoints = new ArrayList<>();
    private Policy policy = Policy.LEAST_LOADED;
    private int attempts = 8;
    private Duration firstPause = Duration.ofMillis(100);
    private ToIntFunction<String> tokens = Tokens::estimate;
    private boolean similarLengths;
    private EndpointListener listener = EndpointListener.NONE;

    private Builder() {}

    /** Adds an endpoint whose limit of requests in flight is found from its refusals. */
    public Builder endpoint(String name, Embedder embedder) {
      return endpoint(name, embedder, EndpointLimits.none());
    }

    /** Adds an endpoint. The units of its limits are tokens. */
    public Builder endpoint(String name, Embedder embedder, EndpointLimits limits) {
      return endpoint(name, embedder, limits, 1);
    }

    /**
     * Adds an endpoint.
     *
     * @param name its name in reports; not secret
     * @param embedder sends the requests. All embedders of a pool make vectors of the same model. It is closed together
     * with the {@link BatchingEmbedder} that uses the pool
     * @param limits its limits; the units are tokens
     * @param weight its share of the requests, relative to the others', with {@link Policy#WEIGHTED}
     */
    public Builder endpoint(String name, Embedder embedder, EndpointLimits limits, int weight) {
      endpoints.add(new Endpoint<>(name, embedder, limits, weight));
      return this;
    }

    /** Sets how to choose among the endpoints that can begin a request; the least loaded unless set. */
    public Builder policy(Policy policy) {
      this.policy = policy;
      return this;
    }

    /** Sets how often a request with retryable failures is sent at most; 8 times unless set. */
    public Builder attempts(int attempts) {
      if (attempts < 1) {
        throw new InvalidInputException("attempts is " + attempts + "; it must be at least 1");
      }
      this.attempts = attempts;
      return this;
    }

    /**
     * Sets how long an endpoint doesn't get a request again after failing it for the first time; 100 ms unless set. The
     * pause doubles with each failure, up to 5 s. Up to half of each pause is taken off at random.
     */
    public Builder firstPause(Duration firstPause) {
      if (firstPause.isNegative() || firstPause.isZero()) {
        throw new InvalidInputException("firstPause is " + firstPause + "; it must be positive");
      }
      this.firstPause = firstPause;
      return this;
    }

    /** Sets how to count a text's tokens, for limits in tokens; a cautious estimate from its characters unless set. */
    public Builder tokens(ToIntFunction<String> tokens) {
      this.tokens = tokens;
      return this;
    }

    /**
     * Sets whether a request holds texts of similar length while more are waiting than fit. This helps with a server
     * that pads the texts of a request to the longest. The oldest text always goes. Off unless set.
     */
    public Builder similarLengths(boolean similarLengths) {
      this.similarLengths = similarLengths;
      return this;
    }

    /** Sets a listener to events at the endpoints; none unless set. */
    public Builder listener(EndpointListener listener) {
      this.listener = listener;
      return this;
    }

    /**
     * @throws InvalidInputException if there is no endpoint, two have the same name, or their models, their dimensions or
     * their treatment of questions differ
     */
    public EmbedderPool build() {
      Embedder first = endpoints.isEmpty() ? null : endpoints.getFirst().target();
      if (first == null) {
        throw new InvalidInputException("a pool needs at least one endpoint(...)");
      }
      Set<String> names = new HashSet<>();
      for (Endpoint<Embedder> endpoint : endpoints) {
        if (!names.add(endpoint.name())) {
          throw new InvalidInputException("two endpoints are named " + endpoint.name() + "; each needs its own name");
        }
        Embedder embedder = endpoint.target();
        if (!embedder.model().equals(first.model()) || embedder.dimension() != first.dimension()) {
          throw new InvalidInputException("endpoint " + endpoint.name() + " makes vectors of model " + embedder.model()
              + " with " + embedder.dimension() + " dimensions, and endpoint " + endpoints.getFirst().name() + " of "
              + first.model() + " with " + first.dimension() + "; vectors of a pool must be comparable");
        }
        if (embedder.distinguishesQuestions() != first.distinguishesQuestions()) {
          throw new InvalidInputException("of the endpoints " + endpoints.getFirst().name() + " and " + endpoint.name()
              + " only one embeds questions in their own way; vectors of a pool must be comparable");
        }
      }
      return new EmbedderPool(List.copyOf(endpoints), this);
    }
  }
}
