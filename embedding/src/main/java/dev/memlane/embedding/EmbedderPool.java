package dev.memlane.embedding;

import dev.memlane.endpoints.Endpoint;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.endpoints.EndpointListener;
import dev.memlane.endpoints.Policy;
import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * Several embedders that make the same vectors: keys of one provider, deployments, servers; and how work is shared among
 * them. {@link BatchingEmbedder} carries it out.
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
 * A request goes to an endpoint that can begin it at once, never to one that would let it wait while another is idle. What
 * an endpoint doesn't say of its limits is found out. A request that fails in a way that may pass goes to another endpoint,
 * or after a growing pause to the same; one that the provider refuses is divided until the text stands alone that it
 * refuses. Immutable.
 */
public final class EmbedderPool {

  private final List<Endpoint<Embedder>> endpoints;
  private final Policy policy;
  private final int attempts;
  private final Duration firstPause;
  private final ToIntFunction<String> tokens;
  private final boolean likeLengths;
  private final EndpointListener listener;

  private EmbedderPool(List<Endpoint<Embedder>> endpoints, Builder builder) {
    this.endpoints = endpoints;
    this.policy = builder.policy;
    this.attempts = builder.attempts;
    this.firstPause = builder.firstPause;
    this.tokens = builder.tokens;
    this.likeLengths = builder.likeLengths;
    this.listener = builder.listener;
  }

  public static Builder builder() {
    return new Builder();
  }

  /**
   * A single embedder, which is asked for each text once.
   *
   * @param concurrency how many requests it may have in flight
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

  boolean likeLengths() {
    return likeLengths;
  }

  EndpointListener listener() {
    return listener;
  }

  @Override
  public String toString() {
    return "EmbedderPool[" + model() + ", " + dimension() + " dimensions, " + policy + ", "
        + endpoints.stream().map(Endpoint::name).collect(Collectors.joining(", ")) + "]";
  }

  /** Collects the endpoints and how they are used. Not safe for use by several threads. */
  public static final class Builder {

    private final List<Endpoint<Embedder>> endpoints = new ArrayList<>();
    private Policy policy = Policy.LEAST_LOADED;
    private int attempts = 8;
    private Duration firstPause = Duration.ofMillis(100);
    private ToIntFunction<String> tokens = Tokens::estimate;
    private boolean likeLengths;
    private EndpointListener listener = EndpointListener.NONE;

    private Builder() {}

    /** Adds an endpoint that finds out by itself how many requests it may have in flight. */
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
     * @param name what reports call it; nothing secret
     * @param embedder sends its requests; all endpoints' embedders make vectors of the same model. Closed with what uses
     * the pool
     * @param limits how much it takes; the units are tokens
     * @param weight its share beside the others' with {@link Policy#WEIGHTED}
     */
    public Builder endpoint(String name, Embedder embedder, EndpointLimits limits, int weight) {
      endpoints.add(new Endpoint<>(name, embedder, limits, weight));
      return this;
    }

    /** Which endpoint gets the next request, of those that can begin it; the least loaded unless set. */
    public Builder policy(Policy policy) {
      this.policy = policy;
      return this;
    }

    /** How often a request is sent at most, as long as it fails in a way that may pass; 8 times unless set. */
    public Builder attempts(int attempts) {
      if (attempts < 1) {
        throw new InvalidInputException("attempts is " + attempts + "; it must be at least 1");
      }
      this.attempts = attempts;
      return this;
    }

    /**
     * How long an endpoint doesn't get a request again that it failed the first time; 100 ms unless set. Twice as long each
     * time, up to 5 s, of which up to half is taken off at random.
     */
    public Builder firstPause(Duration firstPause) {
      if (firstPause.isNegative() || firstPause.isZero()) {
        throw new InvalidInputException("firstPause is " + firstPause + "; it must be longer than nothing");
      }
      this.firstPause = firstPause;
      return this;
    }

    /** How many tokens a text has, for limits in tokens; unless set a cautious guess from its characters. */
    public Builder tokens(ToIntFunction<String> tokens) {
      this.tokens = tokens;
      return this;
    }

    /**
     * Whether a request takes texts of like length, while more are waiting than it may hold. It helps where a server pads
     * the texts of a request to the longest. The oldest text always goes. Not unless set.
     */
    public Builder likeLengths(boolean likeLengths) {
      this.likeLengths = likeLengths;
      return this;
    }

    /** Who is told what happens at the endpoints; nobody unless set. */
    public Builder listener(EndpointListener listener) {
      this.listener = listener;
      return this;
    }

    /** @throws InvalidInputException without an endpoint, if two have one name, or if they don't all make vectors of one
     * model */
    public EmbedderPool build() {
      Embedder first = endpoints.isEmpty() ? null : endpoints.getFirst().target();
      if (first == null) {
        throw new InvalidInputException("a pool needs at least one endpoint(...)");
      }
      Set<String> names = new HashSet<>();
      for (Endpoint<Embedder> endpoint : endpoints) {
        if (!names.add(endpoint.name())) {
          throw new InvalidInputException("two endpoints are called " + endpoint.name() + "; each needs its own name");
        }
        Embedder embedder = endpoint.target();
        if (!embedder.model().equals(first.model()) || embedder.dimension() != first.dimension()) {
          throw new InvalidInputException("endpoint " + endpoint.name() + " makes vectors of model " + embedder.model()
              + " with " + embedder.dimension() + " dimensions, and endpoint " + endpoints.getFirst().name() + " of "
              + first.model() + " with " + first.dimension() + "; vectors of a pool must be comparable");
        }
      }
      return new EmbedderPool(List.copyOf(endpoints), this);
    }
  }
}
