package dev.memlane.storage.conversation;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.ArrayArguments;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/**
 * New messages as the rows of a statement, and rows as messages.
 *
 * @param rows in their order
 */
record MessageRows(List<Row> rows) {

  /** What is read of a message. */
  static final String COLUMNS = "position, id, role, text, format, payload, escaped, created_at";

  /**
   * Parts of a {@code with} that insert rows for the conversation {@code c.id}, after the position {@code c.before},
   * into the log and the window.
   */
  static final String INSERTS = """
      , stored as (
        insert into conversation_message (conversation, position, id, role, text, format, payload, escaped, created_at)
        select c.id, c.before + x.number, x.id, x.role, x.text, x.format, x.payload, x.escaped = 1,
          cast(:at as timestamptz)
        from c, unnest(cast(:ids as uuid[]), cast(:roles as integer[]), cast(:texts as text[]),
          cast(:formats as text[]), cast(:payloads as text[]), cast(:escaped as integer[]))
          with ordinality as x(id, role, text, format, payload, escaped, number)
      ), entered as (
        insert into conversation_window (conversation, position, hash)
        select c.id, c.before + x.number, x.hash
        from c, unnest(cast(:hashes as uuid[])) with ordinality as x(hash, number)
      )""";

  /**
   * One message, in the form in which it is stored.
   *
   * @param escaped whether text and payload are {@link ExactText}
   */
  record Row(NewMessage message, @Nullable String text, String payload, boolean escaped, UUID hash) {

    static Row of(NewMessage message) {
      String text = message.text();
      boolean storable = ExactText.isStorable(message.payload()) && (text == null || ExactText.isStorable(text));
      return storable
          ? new Row(message, text, message.payload(), false, MessageHash.of(message))
          : new Row(message, text == null ? null : ExactText.escape(text), ExactText.escape(message.payload()), true,
              MessageHash.of(message));
    }

    Row withFreshId() {
      return new Row(new NewMessage(UUID.randomUUID(), message.role(), message.text(), message.format(),
          message.payload()), text, payload, escaped, hash);
    }
  }

  static MessageRows of(List<NewMessage> messages) {
    return new MessageRows(messages.stream().map(Row::of).toList());
  }

  int size() {
    return rows.size();
  }

  List<UUID> ids() {
    return rows.stream().map(row -> row.message.id()).toList();
  }

  List<UUID> hashes() {
    return rows.stream().map(Row::hash).toList();
  }

  MessageRows from(int first) {
    return new MessageRows(rows.subList(first, rows.size()));
  }

  /** The same messages, with fresh ids instead of these. */
  MessageRows withFreshIds(Set<UUID> taken) {
    return new MessageRows(
        rows.stream().map(row -> taken.contains(row.message.id()) ? row.withFreshId() : row).toList());
  }

  /** Binds the values of {@link #INSERTS}, and the number of rows as {@code count}. */
  <S extends SqlStatement<S>> S bind(S statement, Instant at) {
    return statement.bind("count", rows.size()).bind("at", at)
        .bind("ids", ArrayArguments.uuids(rows, row -> row.message.id()))
        .bind("roles", ArrayArguments.numbers(rows, row -> number(row.message.role())))
        .bind("texts", ArrayArguments.texts(rows, Row::text))
        .bind("formats", ArrayArguments.texts(rows, row -> row.message.format()))
        .bind("payloads", ArrayArguments.texts(rows, Row::payload))
        .bind("escaped", ArrayArguments.numbers(rows, row -> row.escaped ? 1 : 0))
        .bind("hashes", ArrayArguments.uuids(rows, Row::hash));
  }

  /** The messages as they are stored when the first one gets this position. */
  List<ConversationMessage> stored(long first, Instant at) {
    return IntStream.range(0, rows.size()).mapToObj(i -> {
      NewMessage message = rows.get(i).message;
      return new ConversationMessage(first + i, message.id(), message.role(), message.text(), message.format(),
          message.payload(), at);
    }).toList();
  }

  /** Reads {@link #COLUMNS}. */
  static ConversationMessage read(ResultSet row) throws SQLException {
    boolean escaped = row.getBoolean("escaped");
    String text = row.getString("text");
    String payload = row.getString("payload");
    return new ConversationMessage(row.getLong("position"), row.getObject("id", UUID.class), role(row.getInt("role")),
        escaped && text != null ? ExactText.unescape(text) : text, row.getString("format"),
        escaped ? ExactText.unescape(payload) : payload,
        row.getObject("created_at", OffsetDateTime.class).toInstant());
  }

  static int number(MessageRole role) {
    return switch (role) {
      case SYSTEM -> 1;
      case USER -> 2;
      case ASSISTANT -> 3;
      case TOOL -> 4;
    };
  }

  private static MessageRole role(int number) {
    return switch (number) {
      case 1 -> MessageRole.SYSTEM;
      case 2 -> MessageRole.USER;
      case 3 -> MessageRole.ASSISTANT;
      case 4 -> MessageRole.TOOL;
      default -> throw new StoreException("a conversation holds a message of role " + number
          + ", written by a newer version of Memlane; use that version", null);
    };
  }
}
