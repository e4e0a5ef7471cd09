package dev.memlane.extraction;

/**
 * A model's answer is no valid one. The message says what is wrong with it, to the model as well; it repeats nothing of the
 * answer but numbers.
 */
final class InvalidAnswerException extends Exception {

  InvalidAnswerException(String message) {
    super(message);
  }
}
