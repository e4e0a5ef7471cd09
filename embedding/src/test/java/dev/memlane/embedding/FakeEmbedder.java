package dev.memlane.embedding;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** An embedder whose requests the test answers. */
final class FakeEmbedder implements Embedder {

  private final int dimension;
  private final Limits limits;
  final List<Request> requests = new ArrayList<>();
  boolean closed;
  boolean distinguishesQuestions;
  @Nullable
  RuntimeException failsToClose;

  FakeEmbedder(int dimension, Limits limits) {
    this.dimension = dimension;
    this.limits = limits;
  }

  @Override
  public CompletableFuture<List<float[]>> embed(List<String> texts) {
    Request request = new Request(texts, false, new CompletableFuture<>());
    requests.add(request);
    return request.answer;
  }

  @Override
  public CompletableFuture<List<float[]>> embedQuestions(List<String> questions) {
    Request request = new Request(questions, true, new CompletableFuture<>());
    requests.add(request);
    return request.answer;
  }

  @Override
  public boolean distinguishesQuestions() {
    return distinguishesQuestions;
  }

  Request last() {
    return requests.getLast();
  }

  /** The texts of each request, in the order of the requests. */
  List<List<String>> texts() {
    return requests.stream().map(Request::texts).toList();
  }

  @Override
  public String model() {
    return "fake";
  }

  @Override
  public int dimension() {
    return dimension;
  }

  @Override
  public Limits limits() {
    return limits;
  }

  @Override
  public void close() {
    closed = true;
    if (failsToClose != null) {
      throw failsToClose;
    }
  }

  /** A request and its answer. */
  record Request(List<String> texts, boolean questions, CompletableFuture<List<float[]>> answer) {

    /** Answers with a vector for each text, whose first number is the text's length. */
    void succeed() {
      answer.complete(texts.stream().map(text -> new float[]{text.length(), 1}).toList());
    }

    void reply(float[]... vectors) {
      answer.complete(List.of(vectors));
    }

    void fail(Throwable failure) {
      answer.completeExceptionally(failure);
    }
  }
}
