package dev.memlane.cli;

import dev.memlane.orchestrator.FusionMethod;
import dev.memlane.orchestrator.SearchRequest;

/** A way to search whose hits are measured. Each leaves out or changes one part of the default, to show what it brings. */
enum EvalMode {
  HYBRID("what search does: words, meaning and context") {
    @Override
    SearchRequest.Builder of(SearchRequest.Builder request) {
      return request;
    }
  },
  HYBRID_RANKS("the same, fused by reciprocal ranks") {
    @Override
    SearchRequest.Builder of(SearchRequest.Builder request) {
      return request.fusion(FusionMethod.RECIPROCAL_RANKS);
    }
  },
  NO_CONTEXT("words and meaning alone") {
    @Override
    SearchRequest.Builder of(SearchRequest.Builder request) {
      return request.context(false);
    }
  },
  NO_CONTEXT_RANKS("the same, fused by reciprocal ranks") {
    @Override
    SearchRequest.Builder of(SearchRequest.Builder request) {
      return request.context(false).fusion(FusionMethod.RECIPROCAL_RANKS);
    }
  },
  LEXICAL("words and context") {
    @Override
    SearchRequest.Builder of(SearchRequest.Builder request) {
      return request.mode(SearchRequest.Mode.LEXICAL);
    }
  },
  WORDS("words alone (BM25)") {
    @Override
    SearchRequest.Builder of(SearchRequest.Builder request) {
      return request.mode(SearchRequest.Mode.LEXICAL).context(false);
    }
  },
  SEMANTIC("meaning alone") {
    @Override
    SearchRequest.Builder of(SearchRequest.Builder request) {
      return request.mode(SearchRequest.Mode.SEMANTIC);
    }
  };

  private final String description;

  EvalMode(String description) {
    this.description = description;
  }

  String description() {
    return description;
  }

  /** The request, changed as the mode says. */
  abstract SearchRequest.Builder of(SearchRequest.Builder request);

  @Override
  public String toString() {
    return Layout.name(this);
  }
}
