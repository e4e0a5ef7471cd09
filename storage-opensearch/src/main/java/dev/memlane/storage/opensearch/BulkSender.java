package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The sender of puts and removals. It sends what waits in one {@code _bulk} request, so a request is the larger the more
 * there is to do. A few requests are on their way at the same time. Safe for use by several threads.
 *
 * <p>
 * It repeats nothing: a request whose answer is lost may have been applied, or be applied yet.
 */
final class BulkSender {

  /** The largest request, if no single document is larger. */
  private static final int MOST_BYTES = 4 << 20;
  private static final int MOST_ITEMS = 512;

  private final ClusterClient client;
  private final ClusterFailures failures;
  private final DocumentJson documents;
  private final Executor executor;
  private final String alias;
  private final String path;
  private final Duration patience;
  private final int requests;

  private final ReentrantLock lock = new ReentrantLock();
  @GuardedBy("lock")
  private final Deque<Item> waiting = new ArrayDeque<>();
  @GuardedBy("lock")
  private int running;

  /**
   * @param requests how many requests are on their way at the same time
   */
  BulkSender(ClusterClient client, ClusterFailures failures, DocumentJson documents, Executor executor, String alias,
      Duration patience, int requests) {
    this.client = client;
    this.failures = failures;
    this.documents = documents;
    this.executor = executor;
    // Only an alias is accepted: a name that nothing has would become an index without Memlane's mapping. And the cluster
    // stops waiting for a missing shard before the client stops waiting for the cluster.
    this.path = "/_bulk?require_alias=true&timeout=" + Math.max(1, patience.toMillis() * 3 / 4) + "ms&filter_path="
        + "errors,error,status,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason";
    this.alias = alias;
    this.patience = patience;
    this.requests = requests;
  }

  /** One put or removal. */
  private static final class Item {

    private final DocumentName name;
    private final String routing;
    private final @Nullable IndexDocument document;
    private final BooleanSupplier begin;
    private final CompletableFuture<Void> result = new CompletableFuture<>();

    private Item(DocumentName name, String routing, @Nullable IndexDocument document, BooleanSupplier begin) {
      this.name = name;
      this.routing = routing;
      this.document = document;
      this.begin = begin;
    }
  }

  /**
   * Puts a document.
   *
   * @param begin is asked when the document is about to be sent; if false, it is not, and the future never completes
   * @return fails with a {@link RefusedException} or an {@link UnansweredException}
   */
  CompletableFuture<Void> put(IndexDocument document, String routing, BooleanSupplier begin) {
    return send(new Item(document.name(), routing, document, begin));
  }

  /** Removes a document, if it exists. */
  CompletableFuture<Void> remove(DocumentName name, String routing) {
    return send(new Item(name, routing, null, () -> true));
  }

  private CompletableFuture<Void> send(Item item) {
    lock.lock();
    try {
      waiting.add(item);
      if (running < requests) {
        running++;
        executor.execute(this::sendNext);
      }
    } finally {
      lock.unlock();
    }
    return item.result;
  }

  private void sendNext() {
    List<Item> batch = new ArrayList<>();
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (batch.size() < MOST_ITEMS && body.size() < MOST_BYTES) {
      Item item;
      lock.lock();
      try {
        item = waiting.poll();
        if (item == null && batch.isEmpty()) {
          running--;
          return;
        }
      } finally {
        lock.unlock();
      }
      if (item == null) {
        break;
      }
      try {
        byte[] lines = lines(item);
        if (item.begin.getAsBoolean()) {
          body.writeBytes(lines);
          batch.add(item);
        }
      } catch (IOException | RuntimeException e) {
        item.result.completeExceptionally(new UnansweredException(
            String.valueOf(failures.general("can't be given a document", e).getMessage()), false, e));
      }
    }
    if (batch.isEmpty()) {
      // All of them were withdrawn.
      executor.execute(this::sendNext);
      return;
    }
    CompletableFuture<?> unused = client
        .send(new ClusterClient.Request("refused a write", "POST", path, body.toByteArray(), false), patience)
        .handle((answer, failure) -> {
          end(batch, answer, failure);
          // Before what follows, so that the callers of this batch may be in the next one.
          executor.execute(this::sendNext);
          return null;
        });
  }

  private byte[] lines(Item item) throws IOException {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    try (JsonGenerator json = ClusterClient.JSON.getFactory().createGenerator(lines)) {
      json.setRootValueSeparator(null);
      json.writeStartObject();
      json.writeObjectFieldStart(item.document == null ? "delete" : "index");
      json.writeStringField("_index", alias);
      json.writeStringField("_id", DocumentJson.id(item.name));
      json.writeStringField("routing", item.routing);
      json.writeEndObject();
      json.writeEndObject();
      json.writeRaw('\n');
      if (item.document != null) {
        documents.write(json, item.document);
        json.writeRaw('\n');
      }
    }
    return lines.toByteArray();
  }

  private void end(List<Item> batch, ClusterClient.@Nullable Answer answer, @Nullable Throwable failure) {
    if (answer == null) {
      fail(batch, failures.general("refused a write",
          failure == null ? new UncheckedIOException(new IOException("no answer")) : failure));
      return;
    }
    JsonNode items = answer.body().path("items");
    if (answer.status() >= 300) {
      fail(batch, failures.refused("refused a write", answer.status(), answer.body().get("error")));
    } else if (items.size() != batch.size()) {
      fail(batch, failures.unfit(answer.body().toString(), null));
    } else {
      for (int i = 0; i < batch.size(); i++) {
        end(batch.get(i), items.get(i).path(batch.get(i).document == null ? "delete" : "index"));
      }
    }
  }

  private void end(Item item, JsonNode result) {
    int status = result.path("status").asInt();
    boolean absent = status == 404 && !result.has("error");
    if (status >= 200 && status < 300 || absent && item.document == null) {
      item.result.complete(null);
    } else if (status == 0) {
      item.result.completeExceptionally(failures.unfit(result.toString(), null));
    } else {
      item.result.completeExceptionally(failures.refused("refused a write", status, result.get("error")));
    }
  }

  private static void fail(List<Item> batch, StoreException failure) {
    batch.forEach(item -> item.result.completeExceptionally(failure.copy()));
  }
}
