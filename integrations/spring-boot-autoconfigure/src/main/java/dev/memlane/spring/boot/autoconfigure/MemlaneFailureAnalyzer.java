package dev.memlane.spring.boot.autoconfigure;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Reports a memory that can't be opened in plain words, instead of a stack trace. */
final class MemlaneFailureAnalyzer extends AbstractFailureAnalyzer<MemoryOpeningException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, MemoryOpeningException cause) {
    // The messages say what to do as well.
    return new FailureAnalysis("Memlane can't be opened. " + cause.getMessage(), null, cause);
  }
}
