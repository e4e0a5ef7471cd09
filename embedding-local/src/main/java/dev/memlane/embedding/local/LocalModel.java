package dev.memlane.embedding.local;

import dev.memlane.model.InvalidInputException;

/**
 * The sentence models that a {@link LocalEmbedder} can run. Both have 384 dimensions, are quantised to 8 bits, and are made
 * for English; their vectors can't be compared with each other's. docs/search.md says what each finds, and what it costs.
 */
public enum LocalModel {
  /** all-MiniLM-L6-v2: 6 layers, windows of 256 tokens. The default; {@code memlane-embedding-local} has it. */
  ALL_MINILM_L6_V2("all-MiniLM-L6-v2-q", "all-minilm-l6-v2-q", "memlane-embedding-local", 256, "", ""),
  /**
   * e5-small-v2: 12 layers, windows of 512 tokens, with prefixes that tell questions from texts (Wang et al., 2022). It needs
   * {@code memlane-embedding-e5} on the class path.
   */
  E5_SMALL_V2("e5-small-v2-q", "e5-small-v2-q", "memlane-embedding-e5", 512, "passage: ", "query: ");

  private final String title;
  private final String resource;
  private final String artifact;
  private final int windowTokens;
  private final String textPrefix;
  private final String questionPrefix;

  /**
   * @param title the name that vectors carry
   * @param resource the beginning of the names of the model's files
   * @param artifact what has the files
   * @param windowTokens how many tokens the model sees at once, including its two markers; its authors' setting
   */
  LocalModel(String title, String resource, String artifact, int windowTokens, String textPrefix,
      String questionPrefix) {
    this.title = title;
    this.resource = resource;
    this.artifact = artifact;
    this.windowTokens = windowTokens;
    this.textPrefix = textPrefix;
    this.questionPrefix = questionPrefix;
  }

  String title() {
    return title;
  }

  /** The name of the file of the network. */
  String network() {
    return resource + ".onnx";
  }

  /** The name of the file of the vocabulary. */
  String vocabulary() {
    return resource + "-tokenizer.json";
  }

  int windowTokens() {
    return windowTokens;
  }

  String textPrefix() {
    return textPrefix;
  }

  String questionPrefix() {
    return questionPrefix;
  }

  /** @throws InvalidInputException if the model's files are not there; the message says what to add */
  void requirePresent(ClassLoader loader) {
    if (loader.getResource(network()) == null) {
      throw new InvalidInputException("the sentence model " + title + " is not on the class path; add the dependency "
          + "dev.memlane:" + artifact + ", or choose another model");
    }
  }
}
