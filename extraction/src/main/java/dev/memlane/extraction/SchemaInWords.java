package dev.memlane.extraction;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How a model without structured output is asked for an answer that follows a schema. */
final class SchemaInWords {

  private SchemaInWords() {}

  /**
   * The messages with the schema at the end of the first system message. It is no message of its own, because some providers
   * accept a single system message, which has to be the first.
   */
  static List<ChatMessage> in(List<ChatMessage> messages, AnswerSchema schema) {
    List<ChatMessage> all = new ArrayList<>(messages);
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).role() == ChatRole.SYSTEM) {
        all.set(i, new ChatMessage(ChatRole.SYSTEM, all.get(i).text() + "\n\n" + schema.inWords()));
        return all;
      }
    }
    all.addFirst(new ChatMessage(ChatRole.SYSTEM, schema.inWords()));
    return all;
  }

  /** Whether a provider refuses a request because of the format that it asks for. */
  static boolean isRefusalOfTheFormat(Throwable failure) {
    if (!(failure instanceof EndpointException refused) || refused.failure() != Failure.REFUSED) {
      return false;
    }
    String said = String.valueOf(refused.getMessage()).toLowerCase(Locale.ROOT);
    return said.contains("response_format") || said.contains("json_schema") || said.contains("json_object")
        || said.contains("structured output");
  }

  /** Replaces lone surrogates, which UTF-8 can't encode, by question marks. */
  static String wellFormed(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }
}
