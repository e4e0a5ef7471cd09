package dev.memlane.extraction;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.Database;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The settings of a {@link MemoryExtractor}. Not safe for use by several threads. */
public final class MemoryExtractorBuilder {

  static final int MESSAGES_PER_CALL = 50;
  static final int CHARACTERS_PER_CALL = 24_000;

  private static final int MOST_MESSAGES = 500;
  private static final int MOST_CHARACTERS = 1_000_000;

  final MemoryOrchestrator memory;
  final Database database;
  final ChatModel model;
  int messagesPerCall = MESSAGES_PER_CALL;
  int charactersPerCall = CHARACTERS_PER_CALL;
  int answerTokens = 4_096;
  int concurrency = 32;
  int mostWaiting = 10_000;
  UnaryOperator<String> redaction = UnaryOperator.identity();
  Duration patience = Duration.ofMinutes(15);
  Duration grace = Duration.ofSeconds(10);
  @Nullable
  TokenBudget budget;
  Function<Scope, RememberMode> modes = conversation -> RememberMode.FACTS;
  InstantSource clock = InstantSource.system();
  Consumer<RememberReport> onSlice = report -> {};

  MemoryExtractorBuilder(MemoryOrchestrator memory, Database database, ChatModel model) {
    this.memory = memory;
    this.database = database;
    this.model = model;
  }

  /** Sets how many messages one call of the model reads at most; 50 unless set, 1 to 500. */
  public MemoryExtractorBuilder messagesPerCall(int messages) {
    this.messagesPerCall = inRange("messagesPerCall", messages, MOST_MESSAGES);
    return this;
  }

  /**
   * Sets how many characters of messages one call of the model reads; 24,000 unless set, at most 1,000,000. A single
   * message is read however long it is, up to its first 8,000 characters.
   */
  public MemoryExtractorBuilder charactersPerCall(int characters) {
    this.charactersPerCall = inRange("charactersPerCall", characters, MOST_CHARACTERS);
    return this;
  }

  /** Sets how many tokens an answer may have; 4,096 unless set. One that is cut off is not valid. */
  public MemoryExtractorBuilder answerTokens(int tokens) {
    this.answerTokens = inRange("answerTokens", tokens, Integer.MAX_VALUE);
    return this;
  }

  /** Sets how many conversations are remembered at the same time; 32 unless set. */
  public MemoryExtractorBuilder concurrency(int conversations) {
    this.concurrency = inRange("concurrency", conversations, Integer.MAX_VALUE);
    return this;
  }

  /** Sets how many calls may be waiting or under way; 10,000 unless set. More are refused. */
  public MemoryExtractorBuilder mostWaiting(int calls) {
    this.mostWaiting = inRange("mostWaiting", calls, Integer.MAX_VALUE);
    return this;
  }

  /**
   * Sets how long to wait for an answer of the model, over all attempts of its own, and before that for tokens of the {@linkplain
   * #budget budget} that other calls have reserved; 15 minutes unless set.
   */
  public MemoryExtractorBuilder patience(Duration patience) {
    if (patience.isNegative() || patience.isZero()) {
      throw new InvalidInputException("the patience is " + patience + "; it must be positive");
    }
    this.patience = patience;
    return this;
  }

  /** Sets what the model may cost; null, the default, for any cost. */
  public MemoryExtractorBuilder budget(@Nullable TokenBudget budget) {
    this.budget = budget;
    return this;
  }

  /** Sets what becomes memories, in all conversations; {@link RememberMode#FACTS} unless set. */
  public MemoryExtractorBuilder mode(RememberMode mode) {
    Objects.requireNonNull(mode, "mode");
    return modes(conversation -> mode);
  }

  /**
   * Sets what becomes memories, by the scope of the conversation. A slice that one process has begun may be ended by another, so
   * all processes should agree. It is called by several threads.
   */
  public MemoryExtractorBuilder modes(Function<Scope, RememberMode> modes) {
    this.modes = Objects.requireNonNull(modes, "modes");
    return this;
  }

  /**
   * Sets what each text goes through before it is sent to the model: what a message says, and what a known fact says. The
   * conversation and the memories stay as they are. It is called by several threads; if it fails, nothing is sent, and the call
   * fails.
   */
  public MemoryExtractorBuilder redaction(UnaryOperator<String> redaction) {
    this.redaction = Objects.requireNonNull(redaction, "redaction");
    return this;
  }

  /**
   * Sets what is notified of each slice that has been read, also of one that failed: what was done in it, and what the model
   * was asked. It is called on the thread that remembers, by several at once, and must not fail.
   */
  public MemoryExtractorBuilder onSlice(Consumer<RememberReport> onSlice) {
    this.onSlice = Objects.requireNonNull(onSlice, "onSlice");
    return this;
  }

  /** Sets the clock for times that people see; the system's unless set. */
  public MemoryExtractorBuilder clock(InstantSource clock) {
    this.clock = clock;
    return this;
  }

  private static int inRange(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new InvalidInputException(name + " is " + value + "; it must be at least 1"
          + (most == Integer.MAX_VALUE ? "" : " and at most " + most));
    }
    return value;
  }

  /** @throws InvalidInputException if the budget is too small for any call */
  public MemoryExtractor build() {
    TokenBudget limits = budget;
    long least = QuestionEstimate.LEAST + answerTokens;
    if (limits != null && limits.mostACall() < least) {
      throw new InvalidInputException(
          "the budget allows a call " + limits.mostACall() + " tokens, and one with no message may cost "
              + least + " already: raise the budget, or let an answer have fewer tokens");
    }
    return new MemoryExtractor(this);
  }
}
