package dev.memlane.server.internal.api;

import static dev.memlane.server.Role.READ;
import static dev.memlane.server.Role.WRITE;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingConversations;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.ConversationPage;
import dev.memlane.orchestrator.MessagePage;
import dev.memlane.server.AuditLog;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.internal.audit.Audit;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Routes;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The routes for conversations: their messages, and the window of them that a model sees. Safe for use by several threads. */
public final class ConversationRoutes {

  private static final int LONGEST_PAGE = 1_000;
  private static final int USUAL_PAGE = 100;
  /** The form of a message that is a text alone. */
  private static final String TEXT = "text";

  private final BlockingMemory memory;
  private final Audit audit;

  public ConversationRoutes(BlockingMemory memory, Audit audit) {
    this.memory = memory;
    this.audit = audit;
  }

  public void add(Routes routes) {
    routes.get("/api/v1/conversations", READ, this::list, "user", "agent", "run", "limit", "cursor");
    routes.delete("/api/v1/conversations", WRITE, this::delete, "user", "agent", "run");
    routes.get("/api/v1/conversations/messages", READ, this::messages, "user", "agent", "run", "limit", "cursor");
    routes.post("/api/v1/conversations/messages", WRITE, this::append);
    routes.get("/api/v1/conversations/window", READ, this::window, "user", "agent", "run");
    routes.put("/api/v1/conversations/window", WRITE, this::replaceWindow);
  }

  private MemoryAccess access(Exchange exchange) {
    return new MemoryAccess(memory, exchange.caller());
  }

  private Scope conversation(Exchange exchange) {
    return access(exchange).conversation(MemoryRoutes.namedScope(exchange));
  }

  private BlockingConversations conversations() {
    return memory.conversations();
  }

  private void list(Exchange exchange) {
    ConversationPage page = conversations().list(access(exchange).scopeOrAll(MemoryRoutes.namedScope(exchange)),
        position(exchange), exchange.number("limit", USUAL_PAGE, 1, LONGEST_PAGE));
    exchange.respond(200, MemoryRoutes.page("conversations", page.conversations(), page.next()));
  }

  private void messages(Exchange exchange) {
    MessagePage page = conversations().messages(conversation(exchange), position(exchange),
        exchange.number("limit", USUAL_PAGE, 1, LONGEST_PAGE));
    exchange.respond(200, MemoryRoutes.page("messages", page.messages(), page.next()));
  }

  private static long position(Exchange exchange) {
    String cursor = exchange.query("cursor");
    if (cursor == null) {
      return 0;
    }
    if (!cursor.matches("[0-9]{1,18}")) {
      throw new InvalidInputException("the cursor is none of this list; take it from \"next\" of the page before");
    }
    return Long.parseLong(cursor);
  }

  private void window(Exchange exchange) {
    exchange.respond(200, Map.of("messages", conversations().window(conversation(exchange))));
  }

  /** Messages of a conversation. */
  record MessagesBody(@Nullable Scope scope, @Nullable List<MessageBody> messages) {

    List<NewMessage> toMessages() {
      if (messages == null) {
        throw new InvalidInputException("messages is missing; it must be a list");
      }
      return messages.stream().map(MessageBody::toMessage).toList();
    }
  }

  /**
   * A message.
   *
   * @param id the caller's, so that a call can be repeated; a fresh one if it is absent
   * @param format {@code text} unless given
   * @param payload the text unless given
   */
  record MessageBody(@Nullable UUID id, @Nullable MessageRole role, @Nullable String text, @Nullable String format,
      @Nullable String payload) {

    NewMessage toMessage() {
      String whole = payload == null ? text : payload;
      if (role == null || whole == null) {
        throw new InvalidInputException("each message must have a role and a text, or a payload");
      }
      if (payload != null && format == null) {
        throw new InvalidInputException("a message with a payload must name its format");
      }
      return new NewMessage(id == null ? UUID.randomUUID() : id, role, text, format == null ? TEXT : format, whole);
    }
  }

  private void append(Exchange exchange) throws IOException {
    MessagesBody body = exchange.body(MessagesBody.class);
    exchange.respond(200,
        Map.of("messages", conversations().append(access(exchange).conversation(body.scope), body.toMessages())));
  }

  private void replaceWindow(Exchange exchange) throws IOException {
    MessagesBody body = exchange.body(MessagesBody.class);
    conversations().replaceWindow(access(exchange).conversation(body.scope), body.toMessages());
    exchange.respond(204);
  }

  private void delete(Exchange exchange) throws IOException {
    Scope scope = conversation(exchange);
    exchange.respond(200, audit.act(exchange, Action.DELETE_CONVERSATION, AuditLog.values("scope", scope),
        () -> Map.of("deleted", conversations().delete(scope)), counts -> counts));
  }
}
