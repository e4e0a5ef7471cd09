package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;

/** The parts of a search's answer. */
final class Hits {

  private Hits() {}

  /**
   * Checks that an answer is complete: a search that has not seen every shard has failed.
   *
   * @param what as in {@link ClusterClient.Request}
   */
  static JsonNode whole(JsonNode answer, ClusterFailures failures, String what) {
    JsonNode shards = answer.path("_shards");
    int status = answer.path("status").asInt(200);
    if (status >= 300) {
      throw failures.refused(what, status, answer.get("error"));
    }
    if (!shards.has("failed")) {
      throw failures.unfit(answer.toString(), null);
    }
    if (shards.path("failed").asInt() > 0 || answer.path("timed_out").asBoolean()) {
      throw failures.refused(what + " completely", 503, shards.path("failures").path(0).get("reason"));
    }
    return answer;
  }

  static JsonNode of(JsonNode answer) {
    return answer.path("hits").path("hits");
  }

  static long total(JsonNode answer) {
    return answer.path("hits").path("total").path("value").asLong();
  }
}
