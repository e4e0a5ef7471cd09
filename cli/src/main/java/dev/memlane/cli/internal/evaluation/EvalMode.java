package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.orchestrator.FusionMethod;
import dev.memlane.orchestrator.SearchRequest;

/**
 * A way to search that is measured. Each leaves out or changes one part of the default, to show what that part brings.
 */
public enum EvalMode {
  HYBRID("what search does: words, meaning and context") {
    @Override
    SearchRequest.Builder apply(SearchRequest.Builder request) {
      return request;
    }
  },
  HYBRID_RANKS("the same, fused by reciprocal ranks") {
    @Override
    SearchRequest.Builder apply(SearchRequest.Builder request) {
      return request.fusion(FusionMethod.RECIPROCAL_RANKS);
    }
  },
  NO_CONTEXT("words and meaning alone") {
    @Override
    SearchRequest.Builder apply(SearchRequest.Builder request) {
      return request.context(false);
    }
  },
  NO_CONTEXT_RANKS("the same, fused by reciprocal ranks") {
    @Override
    SearchRequest.Builder apply(SearchRequest.Builder request) {
      return request.context(false).fusion(FusionMethod.RECIPROCAL_RANKS);
    }
  },
  LEXICAL("words and context") {
    @Override
    SearchRequest.Builder apply(SearchRequest.Builder request) {
      return request.mode(SearchRequest.Mode.LEXICAL);
    }
  },
  WORDS("words alone (BM25)") {
    @Override
    SearchRequest.Builder apply(SearchRequest.Builder request) {
      return request.mode(SearchRequest.Mode.LEXICAL).context(false);
    }
  },
  SEMANTIC("meaning alone") {
    @Override
    SearchRequest.Builder apply(SearchRequest.Builder request) {
      return request.mode(SearchRequest.Mode.SEMANTIC);
    }
  };

  private final String description;

  EvalMode(String description) {
    this.description = description;
  }

  public String description() {
    return description;
  }

  /** Sets the request up for this mode. */
  abstract SearchRequest.Builder apply(SearchRequest.Builder request);

  @Override
  public String toString() {
    return TextLayout.name(this);
  }
}
