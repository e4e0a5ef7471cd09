package dev.memlane.archive.parquet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.memlane.archive.JsonErrors;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.ContentHash;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Details;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMessage;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Turns memories and messages into rows, and back. */
final class Rows {

  static final String MEMORY = "memory";
  static final String DELETED = "deleted";
  static final String CHANGE = "change";
  static final String MESSAGE = "message";

  private static final ObjectMapper MAPPER = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  private static final int MICROSECOND = 1_000;
  private static final int MICROSECONDS = 1_000_000;

  private Rows() {}

  // Writing

  static Row of(ArchivedRow archived) {
    Row row = new Row().with(Column.ID, archived.id().toString()).with(Column.VERSION, archived.version())
        .with(Column.OP, archived.op().toString());
    return switch (archived) {
      case ArchivedRow.Live live -> live(row.with(Column.RECORD, MEMORY), live);
      case ArchivedRow.Tombstone tombstone -> scope(row.with(Column.RECORD, DELETED), tombstone.scope())
          .with(Column.CREATED_AT, micros(Column.CREATED_AT, tombstone.createdAt()))
          .with(Column.UPDATED_AT, micros(Column.UPDATED_AT, tombstone.deletedAt()));
    };
  }

  private static Row live(Row row, ArchivedRow.Live live) {
    Memory memory = live.memory();
    scope(row, memory.scope()).with(Column.KEY, memory.key()).with(Column.ACTOR, memory.actor())
        .with(Column.CONTENT, memory.content()).with(Column.METADATA, json(memory.metadata()))
        .with(Column.OCCURRED_AT, micros(Column.OCCURRED_AT, memory.occurredAt()))
        .with(Column.CREATED_AT, micros(Column.CREATED_AT, memory.createdAt()))
        .with(Column.UPDATED_AT, micros(Column.UPDATED_AT, memory.updatedAt()))
        .with(Column.EXPIRES_AT, micros(Column.EXPIRES_AT, memory.expiresAt()))
        .with(Column.UNIQUE_CONTENT, live.unique());
    Embedding embedding = live.embedding();
    if (embedding != null) {
      ContentHash of = live.embedded();
      row.with(Column.VECTOR, embedding.vector()).with(Column.VECTOR_MODEL, embedding.model())
          .with(Column.VECTOR_OF, of == null ? null : of.value().toString());
    }
    return row;
  }

  static Row of(HistoryEntry entry) {
    Row row = new Row().with(Column.RECORD, CHANGE).with(Column.ID, entry.memory().toString())
        .with(Column.VERSION, entry.version()).with(Column.OP, entry.op().toString())
        .with(Column.CHANGE_KIND, name(entry.kind())).with(Column.OLD_CONTENT, entry.oldContent())
        .with(Column.NEW_CONTENT, entry.newContent()).with(Column.OLD_METADATA, json(entry.oldMetadata()))
        .with(Column.NEW_METADATA, json(entry.newMetadata())).with(Column.CHANGED_BY, entry.actor())
        .with(Column.CHANGED_AT, micros(Column.CHANGED_AT, entry.at()));
    Details old = entry.oldDetails();
    if (old != null) {
      row.setDetails(true, true);
      row.with(Column.OLD_ACTOR, old.actor())
          .with(Column.OLD_OCCURRED_AT, micros(Column.OLD_OCCURRED_AT, old.occurredAt()))
          .with(Column.OLD_EXPIRES_AT, micros(Column.OLD_EXPIRES_AT, old.expiresAt()));
    }
    Details made = entry.newDetails();
    if (made != null) {
      row.setDetails(false, true);
      row.with(Column.NEW_ACTOR, made.actor())
          .with(Column.NEW_OCCURRED_AT, micros(Column.NEW_OCCURRED_AT, made.occurredAt()))
          .with(Column.NEW_EXPIRES_AT, micros(Column.NEW_EXPIRES_AT, made.expiresAt()));
    }
    return row;
  }

  static Row of(Scope conversation, ArchivedMessage archived) {
    ConversationMessage message = archived.message();
    return scope(new Row(), conversation).with(Column.RECORD, MESSAGE).with(Column.ID, message.id().toString())
        .with(Column.POSITION, message.position()).with(Column.ROLE, name(message.role()))
        .with(Column.TEXT, message.text()).with(Column.TEXT_UTF16, utf16(message.text()))
        .with(Column.FORMAT, message.format()).with(Column.PAYLOAD, message.payload())
        .with(Column.PAYLOAD_UTF16, utf16(message.payload()))
        .with(Column.CREATED_AT, micros(Column.CREATED_AT, message.createdAt()))
        .with(Column.IN_WINDOW, archived.inWindow());
  }

  private static Row scope(Row row, @Nullable Scope scope) {
    return scope == null
        ? row
        : row.with(Column.USER_ID, scope.user()).with(Column.AGENT_ID, scope.agent()).with(Column.RUN_ID, scope.run());
  }

  private static @Nullable Long micros(Column column, @Nullable Instant time) {
    if (time == null) {
      return null;
    }
    if (time.getNano() % MICROSECOND != 0) {
      throw new InvalidInputException(column.dotted() + " is " + time
          + ", which has more digits than a microsecond; a Parquet file can't hold it exactly: export as JSON Lines");
    }
    return time.getEpochSecond() * MICROSECONDS + time.getNano() / MICROSECOND;
  }

  private static @Nullable String json(@Nullable Metadata metadata) {
    try {
      return metadata == null ? null : MAPPER.writeValueAsString(metadata.toMap());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("maps, lists and scalars can be written", e);
    }
  }

  /** The text in UTF-16, if UTF-8 cannot hold it because of an unpaired surrogate; null otherwise. */
  private static byte @Nullable [] utf16(@Nullable String text) {
    if (text == null) {
      return null;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        return bytes(text);
      }
    }
    return null;
  }

  /** Little-endian UTF-16, also of unpaired surrogates, which the JDK's encoder replaces. */
  private static byte[] bytes(String text) {
    byte[] bytes = new byte[text.length() * Character.BYTES];
    for (int i = 0; i < text.length(); i++) {
      bytes[2 * i] = (byte) text.charAt(i);
      bytes[2 * i + 1] = (byte) (text.charAt(i) >> Byte.SIZE);
    }
    return bytes;
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  // Reading

  /**
   * Reads a memory and its history.
   *
   * @param first its row, live or deleted
   * @param changes the rows of its history
   * @throws InvalidInputException if they do not make a memory
   */
  static ArchivedMemory memory(Row first, List<Row> changes) {
    MemoryId id = MemoryId.parse(text(first, Column.ID));
    OperationId op = OperationId.parse(required(first, Column.OP, String.class));
    int version = required(first, Column.VERSION, Integer.class);
    ArchivedRow archived = text(first, Column.RECORD).equals(MEMORY)
        ? live(first, id, version, op)
        : new ArchivedRow.Tombstone(id, version, op, optionalScope(first), time(first, Column.CREATED_AT),
            requiredTime(first, Column.UPDATED_AT));
    List<HistoryEntry> history = new ArrayList<>(changes.size());
    for (Row change : changes) {
      history.add(entry(change));
    }
    return new ArchivedMemory(archived, history);
  }

  private static ArchivedRow live(Row row, MemoryId id, int version, OperationId op) {
    Memory memory = new Memory(id, scope(row), optional(row, Column.KEY, String.class),
        optional(row, Column.ACTOR, String.class), required(row, Column.CONTENT, String.class),
        requiredMetadata(row), time(row, Column.OCCURRED_AT), requiredTime(row, Column.CREATED_AT),
        requiredTime(row, Column.UPDATED_AT), time(row, Column.EXPIRES_AT), version, op);
    float[] vector = optional(row, Column.VECTOR, float[].class);
    String of = optional(row, Column.VECTOR_OF, String.class);
    return new ArchivedRow.Live(memory,
        vector == null ? null : new Embedding(required(row, Column.VECTOR_MODEL, String.class), vector),
        Boolean.TRUE.equals(optional(row, Column.UNIQUE_CONTENT, Boolean.class)),
        of == null ? null : new ContentHash(uuid(Column.VECTOR_OF, of)));
  }

  private static HistoryEntry entry(Row row) {
    return new HistoryEntry(MemoryId.parse(text(row, Column.ID)),
        OperationId.parse(required(row, Column.OP, String.class)), required(row, Column.VERSION, Integer.class),
        kind(required(row, Column.CHANGE_KIND, String.class)), optional(row, Column.OLD_CONTENT, String.class),
        optional(row, Column.NEW_CONTENT, String.class), metadata(row, Column.OLD_METADATA),
        metadata(row, Column.NEW_METADATA),
        row.hasOldDetails()
            ? new Details(optional(row, Column.OLD_ACTOR, String.class), time(row, Column.OLD_OCCURRED_AT),
                time(row, Column.OLD_EXPIRES_AT))
            : null,
        row.hasNewDetails()
            ? new Details(optional(row, Column.NEW_ACTOR, String.class), time(row, Column.NEW_OCCURRED_AT),
                time(row, Column.NEW_EXPIRES_AT))
            : null,
        optional(row, Column.CHANGED_BY, String.class), requiredTime(row, Column.CHANGED_AT));
  }

  /**
   * Reads a message.
   *
   * @throws InvalidInputException if the row is none
   */
  static ArchivedMessage message(Row row) {
    NewMessage checked = new NewMessage(MemoryId.parse(text(row, Column.ID)).value(),
        role(required(row, Column.ROLE, String.class)), exact(row, Column.TEXT, Column.TEXT_UTF16),
        required(row, Column.FORMAT, String.class), requiredExact(row));
    ConversationMessage message = new ConversationMessage(required(row, Column.POSITION, Long.class), checked.id(),
        checked.role(), checked.text(), checked.format(), checked.payload(), requiredTime(row, Column.CREATED_AT));
    return new ArchivedMessage(message, Boolean.TRUE.equals(optional(row, Column.IN_WINDOW, Boolean.class)));
  }

  /**
   * The conversation of a message.
   *
   * @throws InvalidInputException if the row names none
   */
  static Scope conversation(Row row) {
    String unused = required(row, Column.RUN_ID, String.class);
    return scope(row);
  }

  private static String requiredExact(Row row) {
    String payload = exact(row, Column.PAYLOAD, Column.PAYLOAD_UTF16);
    if (payload == null) {
      throw missing(Column.PAYLOAD);
    }
    return payload;
  }

  private static @Nullable String exact(Row row, Column column, Column utf16) {
    byte[] bytes = optional(row, utf16, byte[].class);
    if (bytes == null) {
      return optional(row, column, String.class);
    }
    char[] chars = new char[bytes.length / Character.BYTES];
    for (int i = 0; i < chars.length; i++) {
      chars[i] = (char) ((bytes[2 * i] & 0xff) | bytes[2 * i + 1] << Byte.SIZE);
    }
    return new String(chars);
  }

  static String text(Row row, Column column) {
    return required(row, column, String.class);
  }

  private static <T> @Nullable T optional(Row row, Column column, Class<T> type) {
    return type.cast(row.get(column));
  }

  private static <T> T required(Row row, Column column, Class<T> type) {
    T value = optional(row, column, type);
    if (value == null) {
      throw missing(column);
    }
    return value;
  }

  private static InvalidInputException missing(Column column) {
    return new InvalidInputException("the column \"" + column.dotted() + "\" is empty");
  }

  private static Scope scope(Row row) {
    return new Scope(optional(row, Column.USER_ID, String.class), optional(row, Column.AGENT_ID, String.class),
        optional(row, Column.RUN_ID, String.class));
  }

  private static @Nullable Scope optionalScope(Row row) {
    return row.get(Column.USER_ID) == null && row.get(Column.AGENT_ID) == null && row.get(Column.RUN_ID) == null
        ? null
        : scope(row);
  }

  private static @Nullable Instant time(Row row, Column column) {
    Long micros = optional(row, column, Long.class);
    return micros == null
        ? null
        : Instant.ofEpochSecond(Math.floorDiv(micros, MICROSECONDS),
            (long) Math.floorMod(micros, MICROSECONDS) * MICROSECOND);
  }

  private static Instant requiredTime(Row row, Column column) {
    Instant time = time(row, column);
    if (time == null) {
      throw missing(column);
    }
    return time;
  }

  private static Metadata requiredMetadata(Row row) {
    Metadata metadata = metadata(row, Column.METADATA);
    if (metadata == null) {
      throw missing(Column.METADATA);
    }
    return metadata;
  }

  private static @Nullable Metadata metadata(Row row, Column column) {
    String json = optional(row, column, String.class);
    if (json == null) {
      return null;
    }
    try {
      return Metadata.fromJson(MAPPER.readValue(json, Object.class));
    } catch (JsonProcessingException e) {
      throw new InvalidInputException("the column \"" + column.dotted() + "\" is not JSON: "
          + JsonErrors.describe(e, json), e);
    }
  }

  private static UUID uuid(Column column, String text) {
    try {
      return UUID.fromString(text);
    } catch (IllegalArgumentException e) {
      throw new InvalidInputException("the column \"" + column.dotted() + "\" must be a UUID", e);
    }
  }

  private static HistoryEntry.Kind kind(String name) {
    for (HistoryEntry.Kind kind : HistoryEntry.Kind.values()) {
      if (name(kind).equals(name)) {
        return kind;
      }
    }
    throw new InvalidInputException("the history holds a change of another kind than this version of Memlane knows");
  }

  private static MessageRole role(String name) {
    for (MessageRole role : MessageRole.values()) {
      if (name(role).equals(name)) {
        return role;
      }
    }
    throw new InvalidInputException("the message has another role than this version of Memlane knows");
  }
}
