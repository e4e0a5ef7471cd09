package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.ChatModelPool;
import dev.memlane.extraction.FactCategory;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.MemoryExtractorBuilder;
import dev.memlane.extraction.OpenAiChatModel;
import dev.memlane.extraction.OpenAiChatModelBuilder;
import dev.memlane.extraction.QuestionEstimate;
import dev.memlane.extraction.Redaction;
import dev.memlane.extraction.TokenBudget;
import dev.memlane.model.InvalidInputException;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.Database;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that name a chat model. */
final class ChatOptions {

  private static final int MOST_AT_ONCE = 1_000;
  private static final int LONGEST_SHOWN = 60;

  @Option(names = "--chat-model", descriptionKey = SettingNames.CHAT_MODEL, paramLabel = "NAME", order = 20, description = "The chat model that reads the conversations.")
  private @Nullable String model;

  @Option(names = "--chat-url", descriptionKey = SettingNames.CHAT_URL, paramLabel = "URL", order = 21, description = "The server of the model, which speaks OpenAI's API, such as http://localhost:11434/v1 (default: OpenAI's own). "
      + "The API key is read from $MEMLANE_CHAT_KEY.")
  private @Nullable String url;

  @Option(names = "--chat-concurrency", descriptionKey = SettingNames.CHAT_CONCURRENCY, paramLabel = "NUMBER", order = 22, description = "How many conversations are read at once (default: 8).")
  private int concurrency = 8;

  @Option(names = "--redact", descriptionKey = SettingNames.CHAT_REDACT, order = 23, description = "Replace e-mail addresses, phone numbers and card numbers in what is sent to the model.")
  private boolean redact;

  @Option(names = "--tokens-a-day", descriptionKey = SettingNames.CHAT_TOKENS_A_DAY, paramLabel = "NUMBER", order = 24, description = "How many tokens the model may cost on a day in UTC, over all processes on this data (default: no limit).")
  private @Nullable Long tokensADay;

  @Option(names = "--tokens-a-call", descriptionKey = SettingNames.CHAT_TOKENS_A_CALL, paramLabel = "NUMBER", order = 25, description = "The most tokens that a call of the model may cost, question and answer together (default: no limit).")
  private @Nullable Long tokensACall;

  @Option(names = "--chat-instructions", descriptionKey = SettingNames.CHAT_INSTRUCTIONS, paramLabel = "TEXT", order = 26, description = "What the model notes of conversations and what it leaves out, in your words (default: none).")
  private @Nullable String instructions;

  @Option(names = "--chat-categories", split = ";", descriptionKey = SettingNames.CHAT_CATEGORIES, paramLabel = "NAME=DESCRIPTION", order = 27, description = "The categories that facts may have, each with what belongs to it, such as \"diet=What they eat; work=Their job\" (default: none).")
  private List<String> categories = new ArrayList<>();

  private @Nullable Database budgetDatabase;
  private @Nullable TokenBudget budget;

  /** Whether a model is named. */
  boolean areGiven() {
    return model != null && !model.isBlank();
  }

  /** The model's name, and how it is asked, for whatever is kept of several ones. */
  String description() {
    return model + (redact ? ", redacted" : "")
        + (instructions == null && categories.isEmpty()
            ? ""
            : ", guided " + Integer.toHexString(Objects.hash(instructions, categories)));
  }

  /** Begins to build what remembers conversations by the model. */
  MemoryExtractorBuilder extractor(MemoryOrchestrator memory, Database database, ChatModel opened) {
    try {
      return MemoryExtractor.builder(memory, database, opened).concurrency(concurrency()).redaction(redaction())
          .budget(budget(database)).instructions(instructions).categories(categories());
    } catch (InvalidInputException e) {
      throw new UsageException("the chat model: " + e.getMessage(), e);
    }
  }

  /** An estimate of what the model is going to be sent. */
  QuestionEstimate estimate() {
    try {
      return new QuestionEstimate(instructions, categories());
    } catch (InvalidInputException e) {
      throw new UsageException("the chat model: " + e.getMessage(), e);
    }
  }

  private List<FactCategory> categories() {
    List<FactCategory> named = new ArrayList<>();
    for (String category : categories) {
      if (category.isBlank()) {
        continue;
      }
      int end = category.indexOf('=');
      if (end < 0) {
        throw new UsageException(
            "a category is NAME=DESCRIPTION, with semicolons between several ones; this one has no =: "
                + TextLayout.shortened(TextLayout.line(category), LONGEST_SHOWN));
      }
      named.add(new FactCategory(category.substring(0, end).strip(), category.substring(end + 1).strip()));
    }
    return named;
  }

  /** What each text goes through before it is sent. */
  UnaryOperator<String> redaction() {
    return redact ? new Redaction() : UnaryOperator.identity();
  }

  /**
   * What the model may cost; without a limit, it is counted. The same object at each call with the same database, because calls of
   * a model wait only for others under the same budget object.
   */
  synchronized TokenBudget budget(Database database) {
    TokenBudget made = budget;
    if (made == null || budgetDatabase != database) {
      made = TokenBudget.in(database);
      made = tokensADay == null ? made : made.withTokensADay(positive("--tokens-a-day", tokensADay));
      made = tokensACall == null ? made : made.withTokensACall(positive("--tokens-a-call", tokensACall));
      budget = made;
      budgetDatabase = database;
    }
    return made;
  }

  private static long positive(String option, long tokens) {
    if (tokens < 1) {
      throw new UsageException(option + " is " + tokens + "; it must be at least 1");
    }
    return tokens;
  }

  /** How many conversations are read at once. */
  int concurrency() {
    if (concurrency < 1 || concurrency > MOST_AT_ONCE) {
      throw new UsageException("--chat-concurrency is " + concurrency + "; it must be 1 to " + MOST_AT_ONCE);
    }
    return concurrency;
  }

  /**
   * Opens the model.
   *
   * @throws UsageException if none is named, or a setting is invalid; the message contains no key
   */
  ChatModel open(Map<String, String> environment) {
    String named = model;
    if (named == null || named.isBlank()) {
      throw new UsageException(
          "there is no chat model: name one with --chat-model, $MEMLANE_CHAT_MODEL or chat.model in "
              + "the configuration, and its server with --chat-url, $MEMLANE_CHAT_URL or chat.url if it is not OpenAI's");
    }
    if (url != null && CommonOptions.hasPassword(url)) {
      throw new UsageException("the URL of the chat model has a password in it, which others on this machine may see; "
          + "put the API key into $MEMLANE_CHAT_KEY");
    }
    String variable = SettingNames.variable(SettingNames.CHAT_KEY);
    boolean hasKey = !environment.getOrDefault(variable, "").isBlank();
    if (url == null && !hasKey) {
      throw new UsageException("OpenAI's models need an API key: put it into $" + variable
          + ", or name another server with --chat-url");
    }
    try {
      OpenAiChatModelBuilder client = url == null ? OpenAiChatModel.openAi(named) : OpenAiChatModel.at(url, named);
      if (hasKey) {
        client.apiKey(ApiKey.from(environment, variable));
      }
      return ChatModelPool.builder().endpoint("chat", client.build(), ChatModelPool.limits().concurrency(concurrency()))
          .build();
    } catch (InvalidInputException e) {
      throw new UsageException("the chat model: " + e.getMessage(), e);
    }
  }
}
