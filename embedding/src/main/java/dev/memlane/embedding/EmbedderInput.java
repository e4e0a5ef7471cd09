package dev.memlane.embedding;

/**
 * What an embedder gets.
 *
 * @param question whether it is embedded by {@link Embedder#embedQuestions}; only if the embedder distinguishes questions
 */
record EmbedderInput(String text, boolean question) {

  static EmbedderInput text(String text) {
    return new EmbedderInput(text, false);
  }
}
