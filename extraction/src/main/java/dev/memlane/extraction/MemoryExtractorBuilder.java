package dev.memlane.extraction;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.Database;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The settings of a {@link MemoryExtractor}. Not safe for use by several threads. */
public final class MemoryExtractorBuilder {

  static final int MESSAGES_PER_CALL = 50;
  static final int CHARACTERS_PER_CALL = 24_000;

  static final int CONVERSATIONS_PER_CALL = 10;
  static final int TOKENS_PER_PACKED_CALL = 4_000;

  private static final int MOST_CONVERSATIONS = 50;
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
  Function<Scope, @Nullable String> instructions = conversation -> null;
  Guidance guidance = Guidance.NONE;
  int conversationsPerCall = CONVERSATIONS_PER_CALL;
  int tokensPerPackedCall = TOKENS_PER_PACKED_CALL;
  boolean packAcrossScopes;
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
   * Sets what the model notes and what it leaves out, in the owner's words, in all conversations: "only dietary restrictions and
   * allergies; never health diagnoses". Null or blank, the default, for none.
   *
   * <p>
   * The prompt says that the owner gives these instructions and that no message changes them.
   * They decide what is noted. They change neither the form of the answers, which is checked as without them, nor the scope of
   * facts, nor the rules by which facts are updated and superseded. They are sent as they are, without {@link #redaction}.
   *
   * <p>
   * Other instructions apply from the next slice on. What was remembered is not read again. A slice under way is read anew, because
   * what was answered under others is the answer to another question.
   *
   * @throws InvalidInputException if they have more than {@value MemoryExtractor#LONGEST_INSTRUCTIONS} characters
   */
  public MemoryExtractorBuilder instructions(@Nullable String instructions) {
    String checked = Guidance.NONE.with(instructions).instructions();
    return instructionsByScope(conversation -> checked);
  }

  /**
   * Sets {@link #instructions} by the scope of the conversation; null or blank for none. As with {@link #modes}, all processes
   * should agree. It is called by several threads; if it fails, or returns too many characters, the call fails.
   */
  public MemoryExtractorBuilder instructionsByScope(Function<Scope, @Nullable String> instructions) {
    this.instructions = Objects.requireNonNull(instructions, "instructions");
    return this;
  }

  /**
   * Sets the categories from which the model gives each fact none, one or several; none unless set. A memory has their names under
   * {@link Fact#CATEGORIES}. An answer with another category is not valid. The descriptions go with each question. Other categories
   * apply from the next slice on, as other {@link #instructions} do; facts keep those that they have until they change.
   *
   * @throws InvalidInputException if there are more than {@value FactCategory#MOST}, or two of the same name
   */
  public MemoryExtractorBuilder categories(List<FactCategory> categories) {
    this.guidance = new Guidance(null, categories);
    return this;
  }

  /**
   * Sets how many short conversations of {@link MemoryExtractor#rememberAll} the model reads in one call at most; 10 unless set, 1
   * to 50. With 1, each is read alone.
   *
   * <p>
   * A conversation is short if its new messages fit into one slice, and into {@link #tokensPerPackedCall} together with others. Only
   * conversations with the same instructions are packed, and only those of the same scope, apart from the run, unless {@link
   * #packAcrossScopes} says otherwise.
   *
   * <p>
   * <b>Trade-off.</b> The instructions are sent once instead of once for each conversation, and there are fewer calls. In return, a
   * model may note less of each when it reads several, an answer comes later, and one that is not valid costs a call more: then each
   * conversation is read alone. What becomes of facts is still decided for each conversation by itself.
   */
  public MemoryExtractorBuilder conversationsPerCall(int conversations) {
    this.conversationsPerCall = inRange("conversationsPerCall", conversations, MOST_CONVERSATIONS);
    return this;
  }

  /**
   * Sets how many tokens, by estimate, the messages of several conversations in one call may have together; 4,000 unless set. Raise
   * {@link #answerTokens} with it, because one answer has the facts of all.
   */
  public MemoryExtractorBuilder tokensPerPackedCall(int tokens) {
    this.tokensPerPackedCall = inRange("tokensPerPackedCall", tokens, Integer.MAX_VALUE);
    return this;
  }

  /**
   * Sets whether conversations of different scopes, such as of different users, may be in one call; not unless set. A model that
   * mixes them up would give one user what another one has said, which no check of an answer can find if it names messages of the
   * right conversation. So it is for data whose users may know of each other.
   */
  public MemoryExtractorBuilder packAcrossScopes(boolean allowed) {
    this.packAcrossScopes = allowed;
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
   * was asked; and of each call that has read several conversations, with what it has cost alone. It is called on the thread that remembers, by several at once, and must not fail.
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
    long least = QuestionEstimate.least(guidance) + answerTokens;
    if (limits != null && limits.mostACall() < least) {
      throw new InvalidInputException(
          "the budget allows a call " + limits.mostACall() + " tokens, and one with no message may cost "
              + least + " already: raise the budget, or let an answer have fewer tokens");
    }
    return new MemoryExtractor(this);
  }
}
