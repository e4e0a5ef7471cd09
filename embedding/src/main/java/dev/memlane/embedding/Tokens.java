package dev.memlane.embedding;

/** How many tokens a text may have, without the model's tokenizer. */
final class Tokens {

  private static final int LETTERS_PER_TOKEN = 4;

  private Tokens() {}

  /**
   * A guess that is rather too high: a quarter of the ASCII characters, and all others, since scripts other than Latin take
   * about a token a character. Providers say that four letters of English are about a token.
   */
  static int estimate(String text) {
    int ascii = 0;
    for (int i = 0; i < text.length(); i++) {
      ascii += text.charAt(i) < 128 ? 1 : 0;
    }
    return 1 + ascii / LETTERS_PER_TOKEN + text.length() - ascii;
  }
}
