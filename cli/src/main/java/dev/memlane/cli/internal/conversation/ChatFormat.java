package dev.memlane.cli.internal.conversation;

import dev.memlane.cli.internal.terminal.TextLayout;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The forms in which chats are exported. */
public enum ChatFormat {
  /** ChatGPT's {@code conversations.json}. */
  CHATGPT,
  /** Claude's {@code conversations.json}. */
  CLAUDE,
  /** The text that WhatsApp exports of one chat. */
  WHATSAPP,
  /** Telegram Desktop's {@code result.json}. */
  TELEGRAM,
  /** The folder that Slack exports of a workspace. */
  SLACK,
  /** Messages as OpenAI's API takes them. */
  OPENAI,
  /** Messages as LangChain4j's serializer writes them. */
  LANGCHAIN4J;

  /** Whether people talk to each other in it, so that one of them has to be named as the user. */
  public boolean isAmongPeople() {
    return this == WHATSAPP || this == TELEGRAM || this == SLACK;
  }

  /** The format as it is written in options. */
  public String word() {
    return TextLayout.name(this);
  }

  static String words() {
    return Arrays.stream(values()).map(ChatFormat::word).collect(Collectors.joining(", "));
  }
}
