package dev.memlane.endpoints;

/** An estimate of how many tokens a text has, without the model's tokenizer. */
public final class Tokens {

  private static final int LETTERS_PER_TOKEN = 4;

  private Tokens() {}

  /**
   * Estimates on the high side: a quarter of the ASCII characters, because providers say that four letters of English
   * are about a token, plus all other characters, because scripts other than Latin have about a token per character.
   */
  public static int estimate(String text) {
    int ascii = 0;
    for (int i = 0; i < text.length(); i++) {
      ascii += text.charAt(i) < 128 ? 1 : 0;
    }
    return 1 + ascii / LETTERS_PER_TOKEN + text.length() - ascii;
  }
}
