package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.store.Arrivals;
import dev.memlane.model.store.DocumentName;
import dev.memlane.storage.opensearch.ClusterClient.Request;
import dev.memlane.storage.opensearch.ShardStates.Shard;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The arrivals, read from the numbers that the cluster gives to the operations of a shard ({@code _seq_no}).
 *
 * <p>
 * <b>Why they are exact.</b> A shard's primary copy gives each operation the next number at the moment when it applies it.
 * So a put that comes late has a number after everything that was applied before, however long it was on its way. A
 * document has the number of the operation that put it there last.
 *
 * <p>
 * Operations run at the same time, and one with a lower number may be visible later than one with a higher. So a position
 * is never beyond the global checkpoint: up to there, all operations are in all copies that count as complete, none with
 * such a number can come any more, and a copy that becomes the primary one has them too. What has a higher number may be
 * lost with its node, and its number is then given a second time.
 *
 * <p>
 * {@link #end} takes the highest number given so far, which is not below that of any put whose answer is there, and waits
 * until the global checkpoint has reached it. A refresh after that makes all these operations visible in every copy, so
 * reading may ask any.
 */
final class ArrivalLog {

  private static final Duration PAUSE = Duration.ofMillis(20);

  private final ClusterClient client;
  private final ClusterFailures failures;
  private final Supplier<CompletableFuture<Void>> refresh;
  private final Supplier<CompletableFuture<ShardStates>> states;
  private final Executor executor;
  private final String alias;
  private final Duration patience;
  /** The end up to which everything is visible, because a refresh began after it was reached. */
  private volatile @Nullable String visible;

  ArrivalLog(ClusterClient client, ClusterFailures failures, Supplier<CompletableFuture<Void>> refresh,
      Supplier<CompletableFuture<ShardStates>> states, Executor executor, String alias, Duration patience) {
    this.client = client;
    this.failures = failures;
    this.refresh = refresh;
    this.states = states;
    this.executor = executor;
    this.alias = alias;
    this.patience = patience;
  }

  /** See {@link dev.memlane.model.store.SharedIndex#end}. */
  CompletableFuture<String> end() {
    long deadline = System.nanoTime() + patience.toNanos();
    return states.get().thenCompose(now -> settled(now, lasts(now.shards()), deadline));
  }

  private static Map<Integer, Long> lasts(Map<Integer, Shard> shards) {
    Map<Integer, Long> lasts = new TreeMap<>();
    shards.forEach((number, shard) -> lasts.put(number, shard.last()));
    return lasts;
  }

  private CompletableFuture<String> settled(ShardStates now, Map<Integer, Long> wanted, long deadline) {
    boolean all = true;
    for (Map.Entry<Integer, Shard> shard : now.shards().entrySet()) {
      // After the loss of a node the last number may be lower. What was lost has not been answered.
      long needed = Math.min(wanted.getOrDefault(shard.getKey(), -1L), shard.getValue().last());
      all &= shard.getValue().settled() >= needed;
    }
    if (all) {
      return CompletableFuture.completedFuture(ArrivalPosition.settled(now.shards()).toString());
    }
    if (System.nanoTime() - deadline > 0) {
      return CompletableFuture
          .failedFuture(failures.late("did not bring all copies of its shards up to date", patience));
    }
    Executor later = CompletableFuture.delayedExecutor(PAUSE.toMillis(), TimeUnit.MILLISECONDS, executor);
    return CompletableFuture.<@Nullable Void>completedFuture(null).thenComposeAsync(waited -> states.get(), later)
        .thenCompose(next -> settled(next, wanted, deadline));
  }

  /** See {@link dev.memlane.model.store.SharedIndex#arrivals}. */
  CompletableFuture<Arrivals> read(@Nullable String after, String until, int limit) {
    ArrivalPosition last = ArrivalPosition.parse(until);
    ArrivalPosition from = after == null ? ArrivalPosition.beginning(last) : ArrivalPosition.parse(after);
    return states.get().thenCompose(now -> {
      ArrivalPosition present = ArrivalPosition.settled(now.shards());
      from.requireSameHistory(present, alias);
      last.requireSameHistory(present, alias);
      int shard = from.firstBefore(last);
      if (shard < 0) {
        return CompletableFuture.completedFuture(new Arrivals(List.of(), last.toString(), false));
      }
      CompletableFuture<Void> seen = until.equals(visible) ? CompletableFuture.completedFuture(null) : refresh.get();
      return seen.thenCompose(done -> {
        visible = until;
        return page(from, last, shard, limit);
      });
    });
  }

  private CompletableFuture<Arrivals> page(ArrivalPosition from, ArrivalPosition until, int shard, int limit) {
    int size = Math.min(limit, IndexDefinition.MOST_HITS);
    ObjectNode search = JsonNodeFactory.instance.objectNode().put("size", size).put("track_total_hits", false)
        .put("seq_no_primary_term", true);
    search.putObject("query").putObject("range").putObject("_seq_no").put("gt", from.numbers().get(shard)).put("lte",
        until.numbers().get(shard));
    search.putArray("_source").add(Fields.MEMORY).add(Fields.OP);
    search.putArray("sort").addObject().put("_seq_no", "asc");
    String path = "/" + alias + "/_search?allow_partial_search_results=false&preference=_shards:" + shard;
    return client.ask(Request.post("could not be asked for arrivals", path, search), patience).thenApply(answer -> {
      JsonNode hits = Hits.of(Hits.whole(answer, failures, "could not be asked for arrivals"));
      List<DocumentName> names = new ArrayList<>();
      long read = until.numbers().get(shard);
      for (JsonNode hit : hits) {
        names.add(DocumentJson.name(hit.path("_source")));
        if (hits.size() == size) {
          read = hit.path("_seq_no").asLong();
        }
      }
      ArrivalPosition next = from.with(shard, read);
      return new Arrivals(names, next.toString(), next.firstBefore(until) >= 0);
    });
  }
}
