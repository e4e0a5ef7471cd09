package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.VectorType;
import java.time.Duration;

/**
 * What an index is made with: its settings and the mapping of its {@link Fields}.
 *
 * @param shards how many shards it has
 * @param replicas how many further copies each has
 * @param refreshInterval how long other processes' writes may stay unseen
 */
record IndexDefinition(IndexIdentity identity, int shards, int replicas, Duration refreshInterval) {

  /** BM25's parameters for the candidates; Memlane's own scores decide: see {@link WordSearch}. */
  private static final double K1 = 0.9;
  private static final double B = 0.4;
  /** The most documents of one answer. */
  static final int MOST_HITS = 10_000;

  ObjectNode toJson() {
    ObjectNode definition = JsonNodeFactory.instance.objectNode();
    ObjectNode index = definition.putObject("settings").putObject("index");
    index.put("knn", true).put("number_of_shards", shards).put("number_of_replicas", replicas)
        .put("refresh_interval", refreshInterval.toMillis() + "ms").put("max_result_window", MOST_HITS + 1)
        // Copies of segments would be seen at other times than the refresh after which a search reads them.
        .put("replication.type", "DOCUMENT")
        // A refresh would wait up to ten seconds for merges of small segments, and a search waits for the refresh.
        .put("merge_on_flush.enabled", false)
        // So that merging on request leaves no segment with removed documents.
        .put("merge.policy.expunge_deletes_allowed", 0)
        // What was removed is not kept for long for a copy that is away: later, such a copy is made again from files. The
        // cluster's default of 12 hours would let no purging end before.
        .put("soft_deletes.retention_lease.period", "5m");
    index.putObject("similarity").putObject("memories").put("type", "BM25").put("k1", K1).put("b", B);
    ObjectNode analysis = index.putObject("analysis");
    analysis.putObject("tokenizer").putObject("blanks").put("type", "whitespace").put("max_token_length", 10_000);
    analysis.putObject("analyzer").putObject("words").put("type", "custom").put("tokenizer", "blanks");

    ObjectNode mappings = definition.putObject("mappings");
    mappings.put("dynamic", "strict");
    mappings.putObject("_meta").set("memlane", identity.toJson());
    mappings.putObject("_routing").put("required", true);
    // What only a search needs is not stored a second time.
    mappings.putObject("_source").putArray("excludes").add(Fields.SCOPES).add(Fields.ACTOR).add(Fields.OCCURRED)
        .add(Fields.METADATA).add(Fields.TEXT).add(Fields.VECTOR);
    ObjectNode fields = mappings.putObject("properties");
    for (String keyword : new String[]{Fields.MEMORY, Fields.OP, Fields.SCOPES, Fields.RUN, Fields.ACTOR,
        Fields.METADATA}) {
      fields.putObject(keyword).put("type", "keyword");
    }
    for (String shown : new String[]{Fields.HASH, Fields.NAME, Fields.COUNTS}) {
      fields.putObject(shown).put("type", "keyword").put("index", false).put("doc_values", false);
    }
    for (String sorted : new String[]{Fields.TIME, Fields.ACCEPTED}) {
      fields.putObject(sorted).put("type", "long").put("index", false);
    }
    fields.putObject(Fields.OCCURRED).put("type", "long");
    fields.putObject(Fields.LENGTH).put("type", "integer").put("index", false);
    fields.putObject(Fields.QUESTION).put("type", "boolean").put("index", false).put("doc_values", false);
    fields.putObject(Fields.TEXT).put("type", "text").put("analyzer", "words").put("similarity", "memories")
        .put("index_options", "freqs");
    ObjectNode vector = fields.putObject(Fields.VECTOR).put("type", "knn_vector").put("dimension",
        identity.dimension());
    if (identity.vectors() == VectorType.BYTE) {
      vector.put("data_type", "byte");
    }
    vector.putObject("method").put("name", "hnsw").put("engine", "lucene").put("space_type", "cosinesimil");
    return definition;
  }
}
