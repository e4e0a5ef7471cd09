package dev.memlane.embedding;

import com.google.errorprone.annotations.concurrent.GuardedBy;
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
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The queue of texts that wait for a request: first the batches that have to be sent again, then the texts that were
 * never sent, oldest first.
 *
 * <p>
 * A batch is put together when an endpoint has a permit for it, as large as that endpoint accepts. While a batch that
 * any endpoint may have finds no permit, nothing younger overtakes it. A batch that pauses at some endpoint doesn't
 * hold others up.
 *
 * <p>
 * Safe for use by several threads. While its monitor is held, permits are taken from the endpoints' pool, and texts
 * that no caller wants are ended.
 */
final class TextQueue {

  /** The texts of similar length are chosen among this many times as many as a request holds. */
  private static final int CHOICE = 8;

  private final EndpointPool<Embedder> endpoints;
  private final boolean oneClassPerRequest;
  private final boolean similarLengths;
  private final int maxWaiting;
  /**
   * The limits of each endpoint's requests, by its name. Read once, because no embedder is called under the monitor.
   */
  private final Map<String, Embedder.Limits> limits;

  @GuardedBy("this")
  private final List<Batch> again = new ArrayList<>();
  @GuardedBy("this")
  private final Set<PendingText> fresh = new LinkedHashSet<>();
  @GuardedBy("this")
  private long freshTokens;
  @GuardedBy("this")
  private boolean closed;

  /** @param maxWaiting the most texts that wait to be sent for the first time */
  TextQueue(EmbedderPool pool, EndpointPool<Embedder> endpoints, int maxWaiting) {
    this.endpoints = endpoints;
    this.oneClassPerRequest = pool.policy() == Policy.AFFINITY;
    this.similarLengths = pool.similarLengths();
    this.maxWaiting = maxWaiting;
    this.limits = pool.endpoints().stream()
        .collect(Collectors.toUnmodifiableMap(Endpoint::name, endpoint -> endpoint.target().limits()));
  }

  /** A batch that can be sent now, and the permit to send it. */
  record Ready(Permit<Embedder> permit, Batch batch) {}

  int maxWaiting() {
    return maxWaiting;
  }

  /** Adds a text that was never sent. Returns false if too many are waiting, or the queue is closed. */
  synchronized boolean offer(PendingText text) {
    if (closed || fresh.size() >= maxWaiting) {
      return false;
    }
    fresh.add(text);
    freshTokens += text.tokens;
    return true;
  }

  /** Adds batches to be sent again, in front of all others. Returns false if the queue is closed. */
  synchronized boolean offerAgain(List<Batch> batches) {
    if (!closed) {
      again.addAll(0, batches);
    }
    return !closed;
  }

  /**
   * Removes and ends a text that was never sent, if it waits here and no caller wants it. Texts to be sent again are
   * checked by {@link #next}.
   */
  synchronized void removeIfUnwanted(PendingText text) {
    if (fresh.contains(text) && text.endIfUnwanted()) {
      removeFresh(text);
    }
  }

  @GuardedBy("this")
  private void removeFresh(PendingText text) {
    fresh.remove(text);
    freshTokens -= text.tokens;
  }

  /** How many texts wait. */
  synchronized int size() {
    return fresh.size() + again.stream().mapToInt(Batch::size).sum();
  }

  /** How many texts can be in requests at the same time. */
  int capacity(List<EndpointStats> stats) {
    long capacity = stats.stream().mapToLong(endpoint -> (long) endpoint.limit() * limits(endpoint.name()).texts())
        .sum();
    return (int) Math.min(Integer.MAX_VALUE, capacity);
  }

  /** Removes all texts and returns them. */
  synchronized List<PendingText> clear() {
    List<PendingText> all = new ArrayList<>(fresh);
    again.forEach(batch -> all.addAll(batch.texts()));
    fresh.clear();
    again.clear();
    freshTokens = 0;
    return all;
  }

  /** Accepts no more texts. Removes all texts and returns them. */
  synchronized List<PendingText> close() {
    closed = true;
    return clear();
  }

  synchronized boolean isClosed() {
    return closed;
  }

  /** Removes the next batch that can be sent now. Returns null if nothing waits, or no endpoint has a permit for it. */
  synchronized @Nullable Ready next() {
    ListIterator<Batch> batches = again.listIterator();
    while (batches.hasNext()) {
      Batch batch = batches.next().wanted();
      batches.remove();
      if (batch.size() == 0) {
        continue;
      }
      Permit<Embedder> permit = endpoints.take(batch.demand());
      if (permit != null) {
        int fitting = fitting(batch.texts(), permit);
        if (fitting < batch.size()) {
          batches.add(batch.part(fitting, batch.size()));
        }
        return new Ready(permit, batch.part(0, fitting));
      }
      batches.add(batch);
      if (batch.isDue(endpoints.now())) {
        return null;
      }
    }
    return fresh.isEmpty() ? null : nextFresh();
  }

  @GuardedBy("this")
  private @Nullable Ready nextFresh() {
    PendingText oldest = fresh.iterator().next();
    Permit<Embedder> permit = endpoints.take(new Demand(oldest.tokens, freshTokens, oldest.workClass, Map.of()));
    if (permit == null) {
      return null;
    }
    List<PendingText> candidates = candidates(oldest, limits(permit.endpoint().name()).texts());
    List<PendingText> texts = List.copyOf(candidates.subList(0, fitting(candidates, permit)));
    for (PendingText text : texts) {
      removeFresh(text);
    }
    return new Ready(permit, Batch.unsent(texts));
  }

  /** The texts that may go with the oldest, in order of preference, beginning with the oldest. */
  @GuardedBy("this")
  private List<PendingText> candidates(PendingText oldest, int most) {
    boolean choose = similarLengths && fresh.size() > most;
    int enough = choose ? CHOICE * most : most;
    List<PendingText> candidates = new ArrayList<>(Math.min(fresh.size(), enough));
    for (PendingText text : fresh) {
      if (candidates.size() == enough) {
        break;
      }
      if (text.input.question() == oldest.input.question()
          && (!oneClassPerRequest || Objects.equals(text.workClass, oldest.workClass))) {
        candidates.add(text);
      }
    }
    if (choose) {
      candidates
          .sort(Comparator.comparingInt(text -> Math.abs(text.input.text().length() - oldest.input.text().length())));
      // The sort may put others of the same length before the oldest, which must not wait forever.
      candidates.remove(oldest);
      candidates.addFirst(oldest);
    }
    return candidates;
  }

  /** How many texts, from the first on, a request with this permit may hold: at least one, and only one as a probe. */
  private int fitting(List<PendingText> texts, Permit<Embedder> permit) {
    Embedder.Limits limit = limits(permit.endpoint().name());
    int most = permit.isProbe() ? 1 : Math.min(limit.texts(), texts.size());
    long characters = texts.getFirst().input.text().length();
    long tokens = texts.getFirst().tokens;
    int count = 1;
    while (count < most) {
      PendingText next = texts.get(count);
      characters += next.input.text().length();
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
}
