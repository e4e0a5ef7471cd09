package dev.memlane.extraction;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.TextForm;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * A message of a conversation that became a memory as it is: a typed view of that memory's metadata.
 *
 * <p>
 * Such a memory is in the scope of its conversation, with its run. Its actor is who says the message, by name if that is known,
 * and otherwise {@code user}, {@code other} or {@code assistant}; it occurred when it was said. Its metadata have the keys
 * {@value #ID} and {@value #PARTY}.
 *
 * @param conversation where it was said
 * @param id the message's id there
 * @param party who says it
 */
public record RememberedMessage(Scope conversation, UUID id, Party party) {

  /** The key of the message's id; every such memory has it. */
  public static final String ID = "message.id";
  /** The key of who says it. */
  public static final String PARTY = "message.party";

  private static final String KEY = "message:";
  private static final int LAST_YEAR = 9999;

  /** A filter that messages pass, and no other memory. */
  public static Filter filter() {
    return Filter.exists(ID);
  }

  /** The message that a memory was made of; empty if it is none, or if somebody else has damaged its metadata. */
  public static Optional<RememberedMessage> of(Memory memory) {
    Metadata metadata = memory.metadata();
    if (!(metadata.get(ID) instanceof String id) || !(metadata.get(PARTY) instanceof String word)) {
      return Optional.empty();
    }
    try {
      UUID message = UUID.fromString(id);
      return Party.of(word).map(party -> new RememberedMessage(memory.scope(), message, party));
    } catch (IllegalArgumentException e) {
      // Somebody else has changed it.
      return Optional.empty();
    }
  }

  /** The memory that a message with a text becomes. Its key is made of the message's id, so it is added once. */
  static NewMemory memory(Scope conversation, ConversationMessage message) {
    Optional<RecordedMessage> recorded = RecordedMessage.of(message);
    Party party = recorded.map(RecordedMessage::party)
        .orElse(message.role() == MessageRole.ASSISTANT ? Party.ASSISTANT : Party.USER);
    String actor = recorded.map(RecordedMessage::name).filter(name -> !TextForm.isBlank(name)).orElse(party.word());
    String text = StorableText.shortened(StorableText.of(String.valueOf(message.text())), Memory.LONGEST_CONTENT - 1);
    return NewMemory.builder(text, conversation).key(KEY + message.id()).actor(actor)
        .occurredAt(storable(RecordedMessage.saidAt(message)) ? RecordedMessage.saidAt(message) : message.createdAt())
        .metadata(Metadata.of(Map.of(ID, message.id().toString(), PARTY, party.word()))).build();
  }

  /** Whether a memory can have this time, which somebody else has written. */
  private static boolean storable(Instant time) {
    int year = time.atOffset(ZoneOffset.UTC).getYear();
    return year >= 1 && year <= LAST_YEAR;
  }
}
