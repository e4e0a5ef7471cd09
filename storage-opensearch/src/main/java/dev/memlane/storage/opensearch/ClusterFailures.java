package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.StoreException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * The translation of the cluster's errors: each result says what happened to the index, and what to do.
 *
 * @param index the index's name, as it was configured
 * @param credentials what no message may repeat
 */
record ClusterFailures(String index, @Nullable Credentials credentials) {

  private static final int LONGEST_REASON = 500;

  StoreException closed() {
    return new StoreException(name() + " is closed", null);
  }

  StoreException busy() {
    return new StoreException(
        name() + " has too much to do: its queue is full; send less at once, or try again later", null);
  }

  StoreException late(String what, Duration patience) {
    return new StoreException(name() + " " + what + " within " + patience.toMillis()
        + " ms; look at the cluster's health and load", null);
  }

  StoreException gone() {
    return new StoreException(name() + " is gone from the cluster; open it again, and documents are put again from the "
        + "database", null);
  }

  StoreException blocked(String setting) {
    return new StoreException(name() + " accepts no writes, because of its setting " + setting
        + (setting.endsWith("read_only_allow_delete")
            ? ": a disk of the cluster is fuller than its watermark: make room, and the cluster accepts writes again"
            : "; remove it"),
        null);
  }

  /** Shards without a node. */
  StoreException unassigned(List<Integer> shards) {
    return new StoreException(name() + " has shards without a node: " + shards + "; look at the cluster's health",
        null);
  }

  StoreException general(String what, Throwable failure) {
    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
    if (cause instanceof StoreException known) {
      return known.copy();
    }
    if (cause instanceof MemlaneException known) {
      return new StoreException(name() + " " + what + ": " + known.getMessage(), known);
    }
    return new StoreException(name() + " " + what + ": " + quote(String.valueOf(cause)), cause);
  }

  UnansweredException unreachable(String host, Throwable cause) {
    return new UnansweredException(name() + " can't be reached at " + host + ": " + quote(brief(cause))
        + "; check the address, and whether the cluster runs", false, cause);
  }

  /** A connection without a trusted certificate, over which nothing was sent. */
  UnansweredException insecure(String host, Throwable cause) {
    return new UnansweredException(name() + " has no secure connection to " + host + ": " + quote(brief(cause))
        + "; configure the certificate of the authority that signed the cluster's, and a host name that is in the "
        + "cluster's", false, cause);
  }

  UnansweredException lost(String host, Throwable cause) {
    return new UnansweredException(
        name() + " lost the connection to " + host + ", or got no usable answer: " + quote(brief(cause)), true, cause);
  }

  UnansweredException unanswered(String host, Duration patience) {
    return new UnansweredException(name() + " got no complete answer from " + host + " within " + patience.toMillis()
        + " ms; look at the cluster's health and load", true, null);
  }

  UnansweredException unfit(String what, @Nullable Throwable cause) {
    return new UnansweredException(name() + " got an answer that no OpenSearch gives: " + quote(what), true, cause);
  }

  /**
   * An answer with an error.
   *
   * @param error what the answer has as its {@code error}; may be anything
   */
  RefusedException refused(String what, int status, @Nullable JsonNode error) {
    JsonNode cause = cause(error);
    String type = cause == null ? "" : cause.path("type").asText("");
    String reason = cause == null
        ? error == null ? "" : error.isTextual() ? error.textValue() : error.toString()
        : cause.path("reason").asText("");
    return new RefusedException(
        name() + " " + what + ": the cluster answered " + status + (type.isEmpty() ? "" : " (" + type + ")")
            + (reason.isEmpty() ? "" : ": " + quote(reason)) + hint(status, type, reason),
        status, type);
  }

  /** The error itself where one of a shard says more than that all shards failed. */
  private static @Nullable JsonNode cause(@Nullable JsonNode error) {
    if (error == null || !error.isObject()) {
      return null;
    }
    JsonNode root = error.path("root_cause").path(0);
    JsonNode cause = "search_phase_execution_exception".equals(error.path("type").asText()) && root.isObject()
        ? root
        : error;
    JsonNode deeper = cause.path("caused_by");
    return "mapper_parsing_exception".equals(cause.path("type").asText()) || !deeper.isObject() || cause.has("reason")
        ? cause
        : deeper;
  }

  private static String hint(int status, String type, String reason) {
    return switch (type) {
      case "cluster_block_exception" -> reason.contains("read-only-allow-delete") || reason.contains("flood-stage")
          ? "; a disk of the cluster is fuller than its watermark: make room, and the cluster accepts writes again"
          : "; somebody has blocked the index: remove the setting index.blocks";
      case "es_rejected_execution_exception", "rejected_execution_exception", "circuit_breaking_exception" ->
        "; it has too much to do: send less at once, or give it more nodes or memory";
      case "index_not_found_exception" ->
        "; the index is gone: open it again, and documents are put again from the database";
      case "mapper_parsing_exception", "strict_dynamic_mapping_exception", "document_parsing_exception" ->
        "; the index is not as Memlane made it: run `memlane reindex`, which rebuilds it from the database";
      case "unavailable_shards_exception", "no_shard_available_action_exception" ->
        "; a shard has no node: look at the cluster's health";
      default -> switch (status) {
        case 401 -> "; check the user and the password, or the key";
        case 403 -> "; check what the user may do with the index";
        case 413 -> "; raise the cluster's http.max_content_length";
        case 429 -> "; it has too much to do: send less at once, or give it more nodes or memory";
        case 502, 503, 504 -> "; look at the cluster's health, and at what stands in front of it";
        default -> "";
      };
    };
  }

  private static String brief(Throwable cause) {
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }

  /** Foreign text: short, on one line, without secrets. */
  private String quote(String text) {
    String line = Credentials.hide(credentials, text).replaceAll("\\s+", " ").strip();
    return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON) + "...";
  }

  private String name() {
    return "the index \"" + index + "\" on OpenSearch";
  }
}
