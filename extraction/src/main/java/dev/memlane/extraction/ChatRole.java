package dev.memlane.extraction;

/** Who a message to a chat model is from. */
public enum ChatRole {
  /** The program, which says what to do. */
  SYSTEM,
  /** Whoever asks. */
  USER,
  /** The model itself. */
  ASSISTANT
}
