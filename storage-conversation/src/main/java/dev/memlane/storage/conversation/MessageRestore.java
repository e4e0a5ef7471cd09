package dev.memlane.storage.conversation;

import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.MessageImportOutcome;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.storage.conversation.MessageRows.Row;
import dev.memlane.storage.postgres.ArrayArguments;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/** The restoring of archived messages, in a transaction of the caller's. */
final class MessageRestore {

  private MessageRestore() {}

  static List<MessageImportOutcome> run(Handle handle, Scope conversation, List<ArchivedMessage> messages) {
    long id = lock(handle, conversation);
    Map<UUID, ConversationMessage> byId = new HashMap<>();
    Map<Long, ConversationMessage> byPosition = new HashMap<>();
    handle
        .createQuery("select " + MessageRows.COLUMNS + " from conversation_message where conversation = :conversation "
            + "and (id = any(:ids) or position = any(:positions))")
        .bind("conversation", id)
        .bindArray("ids", UUID.class, messages.stream().map(each -> each.message().id()).toList())
        .bindArray("positions", Long.class, positions(messages))
        .map((row, context) -> MessageRows.read(row)).forEach(present -> {
          byId.put(present.id(), present);
          byPosition.put(present.position(), present);
        });
    List<MessageImportOutcome> outcomes = new ArrayList<>(messages.size());
    List<ArchivedMessage> missing = new ArrayList<>();
    for (ArchivedMessage archived : messages) {
      ConversationMessage message = archived.message();
      if (message.equals(byId.get(message.id()))) {
        outcomes.add(MessageImportOutcome.ALREADY_THERE);
      } else if (byId.containsKey(message.id()) || byPosition.containsKey(message.position())) {
        outcomes.add(MessageImportOutcome.DIFFERENT);
      } else {
        outcomes.add(MessageImportOutcome.RESTORED);
        missing.add(archived);
      }
    }
    if (!missing.isEmpty()) {
      insert(handle, id, missing);
    }
    return outcomes;
  }

  /** Locks the conversation's row, and begins the conversation if there is none. */
  private static long lock(Handle handle, Scope conversation) {
    Query query = handle.createQuery("""
        insert into conversation (user_id, agent_id, run_id, last_position, version) values (:user, :agent, :run, 0, 1)
        on conflict (run_id, user_id, agent_id) where not deleted do update set version = conversation.version + 1
        returning id""");
    PostgresConversationStore.bindScope(query, conversation);
    return query.mapTo(Long.class).one();
  }

  private static void insert(Handle handle, long conversation, List<ArchivedMessage> missing) {
    MessageRows rows = MessageRows.of(missing.stream().map(ArchivedMessage::message)
        .map(each -> new NewMessage(each.id(), each.role(), each.text(), each.format(), each.payload())).toList());
    handle.createUpdate("""
        with x as (
          select * from unnest(cast(:positions as bigint[]), cast(:ids as uuid[]), cast(:roles as integer[]),
            cast(:texts as text[]), cast(:formats as text[]), cast(:payloads as text[]), cast(:escaped as integer[]),
            cast(:times as timestamptz[]), cast(:hashes as uuid[]), cast(:inside as integer[]))
          as x(position, id, role, text, format, payload, escaped, created_at, hash, inside)
        ), stored as (
          insert into conversation_message
            (conversation, position, id, role, text, format, payload, escaped, created_at)
          select :conversation, position, id, role, text, format, payload, escaped = 1, created_at from x
        ), entered as (
          insert into conversation_window (conversation, position, hash)
          select :conversation, position, hash from x where inside = 1
        )
        update conversation set last_position = greatest(last_position, (select max(position) from x))
        where id = :conversation""")
        .bind("conversation", conversation).bindArray("positions", Long.class, positions(missing))
        .bind("ids", ArrayArguments.uuids(rows.rows(), row -> row.message().id()))
        .bind("roles", ArrayArguments.numbers(rows.rows(), row -> MessageRows.number(row.message().role())))
        .bind("texts", ArrayArguments.texts(rows.rows(), Row::text))
        .bind("formats", ArrayArguments.texts(rows.rows(), row -> row.message().format()))
        .bind("payloads", ArrayArguments.texts(rows.rows(), Row::payload))
        .bind("escaped", ArrayArguments.numbers(rows.rows(), row -> row.escaped() ? 1 : 0))
        .bind("times", ArrayArguments.times(missing, each -> each.message().createdAt()))
        .bind("hashes", ArrayArguments.uuids(rows.rows(), Row::hash))
        .bind("inside", ArrayArguments.numbers(missing, each -> each.inWindow() ? 1 : 0))
        .execute();
  }

  private static List<Long> positions(List<ArchivedMessage> messages) {
    return messages.stream().map(each -> each.message().position()).toList();
  }
}
