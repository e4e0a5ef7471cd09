package dev.memlane.model;

/** Who a message of a conversation is from. */
public enum MessageRole {
  /** Instructions to the model. */
  SYSTEM,
  /** The user. */
  USER,
  /** The model: an answer, or calls of tools. */
  ASSISTANT,
  /** A tool: the result of a call. */
  TOOL
}
