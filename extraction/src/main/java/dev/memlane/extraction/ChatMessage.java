package dev.memlane.extraction;

import java.util.Objects;

/** A message to a chat model. */
public record ChatMessage(ChatRole role, String text) {

  public ChatMessage {
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(text, "text");
  }

  /** Without the text, which belongs in no log. */
  @Override
  public String toString() {
    return "ChatMessage[" + role + ", " + text.length() + " characters]";
  }
}
