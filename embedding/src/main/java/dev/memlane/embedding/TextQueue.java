package dev.memlane.embedding;

import dev.memlane.endpoints.Demand;
import dev.memlane.endpoints.Endpoint;
import dev.memlane.endpoints.EndpointPool;
import dev.memlane.endpoints.EndpointStats;
import dev.memlane.endpoints.Permit;
import dev.memlane.endpoints.Policy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.ListIterator;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Texts that wait for a request: those that were never sent, oldest first, and before them what was sent and has to go
 * again. A request is put together when an endpoint has a place for it, as large as that endpoint takes. Guarded by the
 * embedder's lock.
 */
final class TextQueue {

  /** Of how many times as many texts as a request holds those of like length are chosen. */
  private static final int CHOICE = 8;

  private final EmbedderPool pool;
  private final EndpointPool<Embedder> endpoints;
  /** What each endpoint's requests may hold, by its name; asked for once, because embedders aren't called under the lock. */
  private final Map<String, Embedder.Limits> limits;
  private final Consumer<Computation> unwanted;
  private final Set<Computation> fresh = new LinkedHashSet<>();
  private final List<Part> again = new ArrayList<>();
  private long freshTokens;

  /** @param unwanted is told of a text that was to go again and has no caller left */
  TextQueue(EmbedderPool pool, EndpointPool<Embedder> endpoints, Consumer<Computation> unwanted) {
    this.pool = pool;
    this.endpoints = endpoints;
    this.limits = pool.endpoints().stream()
        .collect(Collectors.toUnmodifiableMap(Endpoint::name, endpoint -> endpoint.target().limits()));
    this.unwanted = unwanted;
  }

  /**
   * Texts that go again together.
   *
   * @param attempts how often they were sent
   * @param notBefore from when on an endpoint may have them again, by the endpoints' clock
   */
  record Part(List<Computation> texts, int attempts, Map<String, Long> notBefore) {

    /** Whether no endpoint has to wait for it any more, so that what comes after it may not go first. */
    private boolean isFree(long now) {
      return notBefore.values().stream().allMatch(at -> at <= now);
    }

    private Demand demand() {
      return new Demand(texts.getFirst().tokens, sum(texts), texts.getFirst().workClass, notBefore);
    }
  }

  /** What goes out now, and where. */
  record Load(Permit<Embedder> permit, Part part) {}

  void add(Computation computation) {
    fresh.add(computation);
    freshTokens += computation.tokens;
  }

  /** @return whether it was waiting and had never been sent */
  boolean remove(Computation computation) {
    boolean removed = fresh.remove(computation);
    freshTokens -= removed ? computation.tokens : 0;
    return removed;
  }

  /** Puts what was sent before all others. */
  void addAgain(Part part) {
    again.addFirst(part);
  }

  int fresh() {
    return fresh.size();
  }

  int size() {
    return fresh.size() + again.stream().mapToInt(part -> part.texts.size()).sum();
  }

  /** How many texts may be in requests at the same time. */
  int capacity(List<EndpointStats> stats) {
    long capacity = stats.stream().mapToLong(endpoint -> (long) endpoint.limit() * limits(endpoint.name()).texts())
        .sum();
    return (int) Math.min(Integer.MAX_VALUE, capacity);
  }

  /** Takes out all texts. */
  List<Computation> clear() {
    List<Computation> all = new ArrayList<>(fresh);
    again.forEach(part -> all.addAll(part.texts));
    fresh.clear();
    again.clear();
    freshTokens = 0;
    return all;
  }

  /** The next request, or null if nothing waits or no endpoint can take it now. */
  @Nullable
  Load next() {
    ListIterator<Part> parts = again.listIterator();
    while (parts.hasNext()) {
      Part part = wanted(parts.next());
      parts.remove();
      if (part.texts.isEmpty()) {
        continue;
      }
      Permit<Embedder> permit = endpoints.take(part.demand());
      if (permit == null) {
        parts.add(part);
        if (part.isFree(endpoints.now())) {
          return null;
        }
        continue;
      }
      int fitting = fitting(part.texts, permit);
      if (fitting < part.texts.size()) {
        parts.add(new Part(part.texts.subList(fitting, part.texts.size()), part.attempts, part.notBefore));
      }
      return new Load(permit, new Part(part.texts.subList(0, fitting), part.attempts, part.notBefore));
    }
    return fresh.isEmpty() ? null : nextFresh();
  }

  private Part wanted(Part part) {
    List<Computation> wanted = new ArrayList<>(part.texts.size());
    for (Computation computation : part.texts) {
      if (computation.callers.isEmpty()) {
        unwanted.accept(computation);
      } else {
        wanted.add(computation);
      }
    }
    return new Part(wanted, part.attempts, part.notBefore);
  }

  private @Nullable Load nextFresh() {
    Computation oldest = fresh.iterator().next();
    Permit<Embedder> permit = endpoints.take(new Demand(oldest.tokens, freshTokens, oldest.workClass, Map.of()));
    if (permit == null) {
      return null;
    }
    List<Computation> candidates = candidates(oldest, limits(permit.endpoint().name()).texts());
    List<Computation> batch = List.copyOf(candidates.subList(0, fitting(candidates, permit)));
    batch.forEach(this::remove);
    return new Load(permit, new Part(batch, 0, Map.of()));
  }

  /** The texts that may go with the oldest, which is the first of them, in the order in which they are wanted. */
  private List<Computation> candidates(Computation oldest, int most) {
    boolean byClass = pool.policy() == Policy.AFFINITY;
    boolean choose = pool.likeLengths() && fresh.size() > most;
    int enough = choose ? CHOICE * most : most;
    List<Computation> candidates = new ArrayList<>(Math.min(fresh.size(), enough));
    for (Computation computation : fresh) {
      if (candidates.size() == enough) {
        break;
      }
      if (!byClass || Objects.equals(computation.workClass, oldest.workClass)) {
        candidates.add(computation);
      }
    }
    if (choose) {
      candidates.sort(Comparator.comparingInt(text -> Math.abs(text.text.length() - oldest.text.length())));
      // Others may be of the same length, and the oldest must not wait for ever.
      candidates.remove(oldest);
      candidates.addFirst(oldest);
    }
    return candidates;
  }

  /** How many of these, from the first on, a request may hold: one at least, and one only if it is a probe. */
  private int fitting(List<Computation> texts, Permit<Embedder> permit) {
    Embedder.Limits limit = limits(permit.endpoint().name());
    int most = permit.isProbe() ? 1 : Math.min(limit.texts(), texts.size());
    long characters = texts.getFirst().text.length();
    long tokens = texts.getFirst().tokens;
    int count = 1;
    while (count < most) {
      Computation next = texts.get(count);
      characters += next.text.length();
      tokens += next.tokens;
      if (characters > limit.characters() || tokens > permit.room()) {
        break;
      }
      count++;
    }
    return count;
  }

  private Embedder.Limits limits(String endpoint) {
    return Objects.requireNonNull(limits.get(endpoint));
  }

  static long sum(List<Computation> texts) {
    return texts.stream().mapToLong(computation -> computation.tokens).sum();
  }
}
