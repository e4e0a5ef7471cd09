package dev.memlane.embedding;

import dev.memlane.endpoints.EndpointPool;
import dev.memlane.endpoints.Permit;
import dev.memlane.model.EmbeddingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The sender of requests: it sends a batch whenever texts wait and an endpoint has a permit, and decides what becomes
 * of a request's texts when it ends.
 *
 * <p>
 * <b>No text waits in vain.</b> {@link #dispatch} runs after every addition to the queue, and whenever the endpoints
 * may have a permit again. So texts wait only while no endpoint can accept them.
 *
 * <p>
 * <b>Closing.</b> The queue is closed first, then the requests in flight are abandoned. A request is added to them
 * before the queue is asked whether it is closed, so either closing finds the request, or the request finds the queue
 * closed.
 *
 * <p>
 * Safe for use by several threads. It has no lock.
 */
final class RequestDispatcher implements EmbeddingRequest.Owner {

  private final TextQueue queue;
  private final EndpointPool<Embedder> endpoints;
  private final TaskScheduler tasks;
  private final RetryPolicy retryPolicy;
  private final VectorValidator validator;
  private final EmbeddingFailures failures;
  private final EmbeddingCounters counters;
  private final Set<EmbeddingRequest> inFlight = ConcurrentHashMap.newKeySet();

  RequestDispatcher(TextQueue queue, EndpointPool<Embedder> endpoints, TaskScheduler tasks, RetryPolicy retryPolicy,
      VectorValidator validator, EmbeddingFailures failures, EmbeddingCounters counters) {
    this.queue = queue;
    this.endpoints = endpoints;
    this.tasks = tasks;
    this.retryPolicy = retryPolicy;
    this.validator = validator;
    this.failures = failures;
    this.counters = counters;
  }

  /** Sends all requests that can be sent now. Fails the waiting texts if no endpoint will accept any. */
  void dispatch() {
    for (TextQueue.Ready ready = queue.next(); ready != null; ready = queue.next()) {
      send(ready.permit(), ready.batch().sent());
    }
    String why = endpoints.whyUnusable();
    if (why != null) {
      failWaiting(failures.noEndpoint(why));
    }
  }

  private void send(Permit<Embedder> permit, Batch batch) {
    EmbeddingRequest request = new EmbeddingRequest(permit, batch, failures, tasks, this);
    inFlight.add(request);
    if (queue.isClosed()) {
      request.abandon(failures.closed(), tasks::runAll);
      return;
    }
    counters.requests.increment();
    if (batch.attempts() > 1) {
      counters.retries.increment();
    }
    try {
      request.send();
    } catch (RejectedExecutionException e) {
      // Waiting texts first: otherwise giving back the permit would send the next of them in vain.
      EmbeddingException rejected = failures.schedulerRejected(e);
      failWaiting(rejected);
      request.abandon(rejected, tasks::runAll);
    }
  }

  private void failWaiting(EmbeddingException failure) {
    tasks.runAll(failAll(queue.clear(), failure));
  }

  @Override
  public List<VectorValidator.Checked> check(Batch batch, @Nullable List<float[]> vectors) {
    return validator.check(vectors, batch.size(), retryPolicy.hasAttemptsLeft(batch));
  }

  @Override
  public List<Runnable> ended(EmbeddingRequest request, EmbeddingRequest.Result result) {
    inFlight.remove(request);
    List<PendingText> texts = request.batch().texts();
    return switch (result) {
      case EmbeddingRequest.Result.Answered answered -> complete(texts, answered.vectors());
      case EmbeddingRequest.Result.Failed failed -> retryOrFail(request, failed);
      case EmbeddingRequest.Result.Abandoned abandoned -> failAll(texts, abandoned.why());
    };
  }

  private List<Runnable> complete(List<PendingText> texts, List<VectorValidator.Checked> vectors) {
    List<Runnable> notifications = new ArrayList<>(texts.size());
    for (int i = 0; i < texts.size(); i++) {
      notifications.add(complete(texts.get(i), vectors.get(i)));
    }
    return notifications;
  }

  private Runnable complete(PendingText text, VectorValidator.Checked vector) {
    return switch (vector) {
      case VectorValidator.Checked.Valid valid -> {
        counters.embedded.increment();
        yield text.succeed(valid.embedding());
      }
      case VectorValidator.Checked.Invalid invalid -> fail(text, invalid.failure());
    };
  }

  private List<Runnable> retryOrFail(EmbeddingRequest request, EmbeddingRequest.Result.Failed failed) {
    Batch batch = request.batch();
    batch.texts().forEach(text -> text.lastFailure(failed.forCallers()));
    List<Batch> again = retryPolicy.afterFailure(batch, failed.failure(), request.endpoint().name(), endpoints.now());
    if (again.isEmpty()) {
      return failAll(batch.texts(), failed.forCallers());
    }
    return queue.offerAgain(again) ? List.of() : failAll(batch.texts(), failures.closed());
  }

  private List<Runnable> failAll(List<PendingText> texts, EmbeddingException failure) {
    return texts.stream().map(text -> fail(text, failure)).toList();
  }

  private Runnable fail(PendingText text, EmbeddingException failure) {
    counters.failed.increment();
    return text.fail(failure);
  }

  int inFlight() {
    return inFlight.size();
  }

  /** Fails all texts, waiting or in flight. Their callers are notified by this thread. */
  void close() {
    List<Runnable> notifications = new ArrayList<>(failAll(queue.close(), failures.closed()));
    for (EmbeddingRequest request : inFlight) {
      request.abandon(failures.closed(), notifications::addAll);
    }
    notifications.forEach(Runnable::run);
  }
}
