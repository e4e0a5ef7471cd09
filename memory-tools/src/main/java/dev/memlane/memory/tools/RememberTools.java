package dev.memlane.memory.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.extraction.BudgetPause;
import dev.memlane.extraction.BudgetUsedUpException;
import dev.memlane.extraction.ChatException;
import dev.memlane.extraction.ExtractionException;
import dev.memlane.extraction.Fact;
import dev.memlane.extraction.FactOutcome;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.Party;
import dev.memlane.extraction.RecordedMessage;
import dev.memlane.extraction.RememberReport;
import dev.memlane.lanes.Access;
import dev.memlane.lanes.Tool;
import dev.memlane.lanes.ToolException;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.TextForm;
import dev.memlane.model.WriteOutcome;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The tool that has a chat model remember messages or a conversation. It runs in lane {@code generate}, once. Everything that
 * names {@code memlane-extraction}, which may be absent, is here. Safe for use by several threads.
 *
 * <p>
 * <b>Once.</b> The ids of the messages are made of the whole call, and so is the conversation of a call that names none. So a
 * call that is repeated, such as after its answer was lost, appends and remembers nothing twice.
 */
final class RememberTools {

  private static final String REMEMBER = ToolDefinitions.REMEMBER;
  private static final int MOST_MESSAGES = 100;
  private static final int MOST_CHARACTERS = 100_000;
  private static final Map<String, Party> PARTIES = Map.of("user", Party.USER, "human", Party.USER, "other",
      Party.OTHER, "assistant", Party.ASSISTANT, "ai", Party.ASSISTANT, "model", Party.ASSISTANT);
  /** The names that models know from chat APIs. */
  private static final Map<String, String> ALIASES = Map.of("content", "text", "name", "speaker");

  private final ScopedMemory scoped;
  private final CallReader calls;
  private final MemoryExtractor extractor;
  private final Duration patience;

  RememberTools(ScopedMemory scoped, CallReader calls, MemoryExtractor extractor, Duration patience) {
    this.scoped = scoped;
    this.calls = calls;
    this.extractor = extractor;
    this.patience = patience;
  }

  /** The tool. Its facts may be any of the scope, so it is ordered with all other calls. */
  Tool<String, String> remember() {
    return Tool.<String, String>of(REMEMBER, json -> calls.run(REMEMBER, json, this::remember)).lane("generate")
        .accessing(json -> Access.writes(scoped.root()));
  }

  private String remember(Arguments arguments) {
    List<Said> said = arguments.has("messages") ? said(arguments.list("messages", MOST_MESSAGES)) : List.of();
    String named = arguments.textOrNull("conversation");
    Scope conversation = conversation(named, said);
    if (!scoped.searched().matches(MemoryExtractor.scopeOfFacts(conversation))) {
      throw new ToolException(
          "what is remembered here would be kept where these tools reach nothing; nothing was done. "
              + "The person who configures this memory can name a scope without a run");
    }
    if (!said.isEmpty()) {
      append(conversation, said);
    }
    Future<RememberReport> report = extractor.remember(conversation);
    try {
      return answer(conversation, report.get(patience.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      return waiting(conversation, "the chat model has not answered yet; it goes on in the background", null);
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ExtractionException("interrupted while a conversation was remembered", e);
    }
  }

  /** A message of a call. */
  private record Said(Party party, @Nullable String speaker, @Nullable Instant time, String text) {}

  private List<Said> said(List<JsonNode> items) {
    List<Said> said = new ArrayList<>();
    long characters = 0;
    for (JsonNode item : items) {
      Said message = said(calls.message(aliased(item)));
      characters += message.text.length();
      said.add(message);
    }
    if (characters > MOST_CHARACTERS) {
      throw new ToolException(
          "the messages have " + characters + " characters together; the limit is " + MOST_CHARACTERS
              + ": make several calls, with the same \"conversation\"");
    }
    return said;
  }

  /** A message with the names that are asked for; a mere text is one of the user's. */
  private static JsonNode aliased(JsonNode item) {
    JsonNode meant = ModelJson.unwrapped(item);
    if (meant.isTextual()) {
      return JsonNodeFactory.instance.objectNode().set("text", meant);
    }
    if (meant instanceof ObjectNode object) {
      ObjectNode renamed = object.deepCopy();
      ALIASES.forEach((alias, name) -> {
        if (renamed.has(alias) && !renamed.has(name)) {
          renamed.set(name, renamed.remove(alias));
        }
      });
      return renamed;
    }
    return meant;
  }

  private static Said said(Arguments message) {
    String text = message.text("text");
    if (TextForm.isBlank(text)) {
      throw new ToolException("\"text\" of a message is empty; leave the message out");
    }
    String role = message.textOrNull("role");
    Party party = role == null ? Party.USER : PARTIES.get(role.strip().toLowerCase(Locale.ROOT));
    if (party == null) {
      throw new ToolException("\"role\" must be user, assistant or other");
    }
    String speaker = message.textOrNull("speaker");
    if (speaker != null && speaker.length() > RecordedMessage.LONGEST_NAME) {
      throw new ToolException("\"speaker\" has more than " + RecordedMessage.LONGEST_NAME + " characters");
    }
    return new Said(party, speaker, message.timeOrNull("time"), text);
  }

  private Scope conversation(@Nullable String named, List<Said> said) {
    Scope scope = scoped.scope();
    if (scope.run() != null) {
      if (named != null && !named.equals(scope.run())) {
        throw new ToolException("these tools are for one conversation; leave \"conversation\" out");
      }
      return scope;
    }
    if (named == null && said.isEmpty()) {
      throw new ToolException("give \"messages\", or the name of a \"conversation\" that is kept already");
    }
    return scope.withRun(named == null ? "remember-" + MemoryId.derive(scope, said.toString()) : named);
  }

  private void append(Scope conversation, List<Said> said) {
    List<NewMessage> messages = new ArrayList<>();
    MemoryId call = MemoryId.derive(conversation, said.toString());
    for (Said each : said) {
      MemoryId id = MemoryId.derive(conversation, messages.size() + " of " + call);
      messages.add(new RecordedMessage(id.value(), each.party, each.speaker, each.time, each.text).message());
    }
    List<ConversationMessage> kept = scoped.memory().conversations().append(conversation, messages);
    // The window is what a chat shows its model, and it has these already.
    scoped.memory().conversations().leaveWindow(conversation,
        kept.stream().map(ConversationMessage::position).toList());
  }

  private static RuntimeException failure(@Nullable Throwable cause) {
    return switch (cause) {
      case ChatException asked -> new ToolException(
          "the chat model cannot be asked at present. The messages are kept: try the same call again later", asked);
      case BudgetUsedUpException usedUp -> new ToolException(
          "the chat model's budget is used up. The messages are kept: try the same call again later", usedUp);
      case ExtractionException later -> new ToolException(
          "not everything could be remembered now. The messages are kept: try the same call again later", later);
      case RuntimeException other -> other;
      case null, default -> new ExtractionException("remembering a conversation failed", cause);
    };
  }

  private static String waiting(Scope conversation, String reason, @Nullable Instant until) {
    ObjectNode answer = begin(conversation);
    answer.putArray("facts");
    return waiting(answer, reason, until).toString();
  }

  private static ObjectNode waiting(ObjectNode answer, String reason, @Nullable Instant until) {
    ObjectNode waiting = answer.putObject("waiting").put("reason", reason);
    if (until != null) {
      waiting.put("until", until.toString());
    }
    return answer;
  }

  private static ObjectNode begin(Scope conversation) {
    return JsonNodeFactory.instance.objectNode().put("conversation", conversation.run());
  }

  private static String answer(Scope conversation, RememberReport report) {
    ObjectNode answer = begin(conversation);
    var facts = answer.putArray("facts");
    report.facts().forEach(fact -> describe(facts.addObject(), fact));
    answer.put("messages", report.messages());
    if (report.deadLetters() > 0) {
      answer.put("refused",
          "the chat model gave no valid answer about some of the messages; they are kept for a person "
              + "to look at");
    }
    BudgetPause pause = report.pause();
    if (pause != null) {
      return waiting(answer, "the chat model's budget of the day is used up; " + pause.messagesLeft()
          + " messages are kept for the next call", pause.until()).toString();
    }
    return answer.toString();
  }

  private static void describe(ObjectNode described, FactOutcome fact) {
    WriteOutcome outcome = fact.outcome();
    String done = switch (fact.action()) {
      case ADD -> "added";
      case UPDATE -> "updated";
      case SUPERSEDE -> "superseded";
      case NONE -> "known";
    };
    switch (outcome) {
      case null -> described.put("outcome", done).put("content", fact.text());
      case WriteOutcome.Stored(Memory now) -> describe(described, done, now);
      case WriteOutcome.DuplicateOf(Memory now) -> describe(described, done, now);
      case WriteOutcome.WasDeleted deleted -> described.put("outcome", "refused").put("content", fact.text())
          .put("reason", "it was deleted, and does not come back");
      default -> described.put("outcome", "refused").put("content", fact.text()).put("reason",
          "another memory says it already");
    }
  }

  private static void describe(ObjectNode described, String outcome, Memory now) {
    described.put("outcome", outcome).put("content", now.content()).put("id", now.id().toString());
    List<String> categories = Fact.of(now).map(Fact::categories).orElse(List.of());
    if (!categories.isEmpty()) {
      categories.forEach(described.putArray("categories")::add);
    }
  }
}
