package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the cluster says of the index's shards.
 *
 * @param index the name of the index behind the alias
 * @param uuid its identity, which another index of the same name does not have
 * @param shards the primary copy of each shard, by number; one that has no node is missing
 * @param documents the number of documents
 * @param removed the number of removed documents in segments that hold others too, in all copies
 * @param logged the number of writes that are in files of the log only, in all copies
 * @param bytes the size of the primary copies
 * @param segments the number of their segments
 */
record ShardStates(String index, String uuid, Map<Integer, Shard> shards, long documents, long removed, long logged,
    long bytes, int segments) {

  /** What {@link #read} reads. */
  static final String PATH = "/_stats/docs,store,segments,translog,merge?level=shards";

  /**
   * The primary copy of a shard.
   *
   * @param history the identity of its operations' history: it changes when the shard is restored from a snapshot, or
   * loses operations in another way
   * @param last the number of the last operation that was given one; -1 if there is none
   * @param settled the number up to which all operations are in all copies that count, and stay there
   * @param kept the number from which on all removed documents are kept, for copies that may need them
   * @param merges the number of merges that run, in all copies
   */
  record Shard(String history, long last, long settled, long kept, long merges) {}

  /**
   * Reads the answer of {@link #PATH}.
   *
   * @throws StoreException if it is none, or a shard is missing
   */
  static ShardStates read(JsonNode answer, ClusterFailures failures) {
    var indices = answer.path("indices").properties();
    if (indices.size() != 1) {
      throw failures.unfit("statistics of " + indices.size() + " indexes", null);
    }
    Map.Entry<String, JsonNode> index = indices.iterator().next();
    Map<Integer, Shard> shards = new TreeMap<>();
    long removed = 0;
    long logged = 0;
    for (Map.Entry<String, JsonNode> copies : index.getValue().path("shards").properties()) {
      for (JsonNode copy : copies.getValue()) {
        removed += copy.path("docs").path("deleted").asLong();
        logged += copy.path("translog").path("uncommitted_operations").asLong();
        if (copy.path("routing").path("primary").asBoolean()) {
          shards.put(Integer.valueOf(copies.getKey()), shard(copy, copies.getValue()));
        }
      }
    }
    JsonNode primaries = index.getValue().path("primaries");
    return new ShardStates(index.getKey(), index.getValue().path("uuid").asText(), shards,
        primaries.path("docs").path("count").asLong(), removed, logged,
        primaries.path("store").path("size_in_bytes").asLong(),
        primaries.path("segments").path("count").asInt());
  }

  private static Shard shard(JsonNode primary, JsonNode copies) {
    long kept = Long.MAX_VALUE;
    long merges = 0;
    for (JsonNode copy : copies) {
      for (JsonNode lease : copy.path("retention_leases").path("leases")) {
        kept = Math.min(kept, lease.path("retaining_seq_no").asLong());
      }
      merges += copy.path("merges").path("current").asLong();
    }
    JsonNode numbers = primary.path("seq_no");
    return new Shard(primary.path("commit").path("user_data").path("history_uuid").asText(),
        numbers.path("max_seq_no").asLong(-1), numbers.path("global_checkpoint").asLong(-1), kept, merges);
  }

  /** Whether files may hold documents that were removed. */
  boolean mayHoldRemoved() {
    return removed > 0 || logged > 0;
  }

  /**
   * Checks that every shard has a primary copy.
   *
   * @param count how many shards the index has
   */
  ShardStates requireAll(int count, ClusterFailures failures) {
    List<Integer> missing = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Shard shard = shards.get(i);
      if (shard == null || shard.history.isEmpty()) {
        missing.add(i);
      }
    }
    if (!missing.isEmpty()) {
      throw failures.unassigned(missing);
    }
    return this;
  }
}
