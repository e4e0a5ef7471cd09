package dev.memlane.cli.internal.conversation;

import dev.memlane.cli.internal.terminal.InputException;
import dev.memlane.extraction.Party;
import dev.memlane.extraction.RecordedMessage;
import dev.memlane.model.NewMessage;
import dev.memlane.model.TextForm;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A collector of the messages of one conversation. It gives each an id that is made from what the export says of it: the id it
 * has there if there is one, and the text; and the number of equal ones before it. So a message keeps its id when the
 * export is made again with more messages, and a message that was edited is another one. Used by one thread.
 */
final class ConversationCollector {

  private static final int MOST_MESSAGES = 1_000_000;
  private static final long MOST_CHARACTERS = 200_000_000;
  private static final String PLAIN = "[\\x21-\\x7e]{1,200}";
  private static final int HASH_LENGTH = 16;

  private final List<RecordedMessage> messages = new ArrayList<>();
  private final Map<UUID, Integer> occurrences = new HashMap<>();
  private long characters;

  /**
   * Adds a message, unless there is nothing to read in it.
   *
   * @param source what tells it from others of the same text: its id in the export, or time and speaker
   * @throws InputException if it is too long, or one too many
   */
  void add(String source, Party party, @Nullable String name, @Nullable Instant time, String text)
      throws InputException {
    if (TextForm.isBlank(text)) {
      return;
    }
    if (text.length() > NewMessage.LONGEST_TEXT) {
      throw new InputException("a message in it has more than " + NewMessage.LONGEST_TEXT + " characters");
    }
    characters += text.length();
    if (messages.size() == MOST_MESSAGES || characters > MOST_CHARACTERS) {
      throw new InputException("a conversation in it has more than " + MOST_MESSAGES + " messages or "
          + MOST_CHARACTERS + " characters; split it");
    }
    UUID first = hash(source + '\0' + text);
    int before = occurrences.merge(first, 1, Integer::sum) - 1;
    UUID id = before == 0 ? first : hash(first + " " + before);
    messages.add(new RecordedMessage(id, party, name == null || TextForm.isBlank(name) ? null : shortened(name), time,
        text));
  }

  private static String shortened(String name) {
    if (name.length() <= RecordedMessage.LONGEST_NAME) {
      return name;
    }
    int end = RecordedMessage.LONGEST_NAME;
    return name.substring(0, Character.isHighSurrogate(name.charAt(end - 1)) ? end - 1 : end);
  }

  boolean isEmpty() {
    return messages.isEmpty();
  }

  /** The first message's id, for conversations that have none in their export. */
  UUID firstId() {
    return messages.getFirst().id();
  }

  ExportedConversation named(String run) {
    return new ExportedConversation(run, messages);
  }

  /** A run's name: the format, and an id that the export has, or a hash of it if it is long or has unusual characters. */
  static String run(ChatFormat format, String id) {
    return format.word() + ":" + (id.matches(PLAIN) ? id : shortHash(id));
  }

  /** A few hexadecimal digits that stand for a text. */
  static String shortHash(String text) {
    return HexFormat.of().toHexDigits(hash(text).getMostSignificantBits()).substring(0, HASH_LENGTH);
  }

  private static UUID hash(String text) {
    return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8));
  }
}
