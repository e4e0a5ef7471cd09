package dev.memlane.extraction;

import static dev.memlane.extraction.RememberStage.ADA;
import static dev.memlane.extraction.RememberStage.CHAT;
import static dev.memlane.extraction.RememberStage.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.NoteScript;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Budgets on a real database, with a scripted model whose calls cost 100 tokens each, and are estimated at some 1,000. */
@Tag("programs")
class TokenBudgetTest {

  private static final int ANSWER_TOKENS = 400;
  private static final int COST = 100;
  /** One call fits while another is reserved no more. */
  private static final long ONE_CALL = 1_600;
  private static final Duration NO_WAIT = Duration.ZERO;

  @TempDir
  Path directory;

  private final String url = RememberStage.freshDatabase();
  private final ChatProvider provider = ChatProvider.start(new NoteScript());
  private RememberStage stage;
  private TokenBudget budget;

  @BeforeEach
  void open() {
    stage = new RememberStage(url, directory.resolve("index"), provider);
    budget = TokenBudget.in(stage.database);
  }

  @AfterEach
  void close() {
    stage.close();
    provider.close();
  }

  /** A model whose answers cost what a test says. */
  private record Costing(ChatModel real, long cost) implements ChatModel {

    @Override
    public String model() {
      return real.model();
    }

    @Override
    public CompletableFuture<ChatAnswer> chat(ChatRequest request) {
      return real.chat(request).thenApply(answer -> new ChatAnswer(answer.text(), answer.end(), cost < 0 ? -1 : cost, 0,
          answer.allowance()));
    }
  }

  private MemoryExtractor extractor(TokenBudget limits) {
    return extractor(limits, COST);
  }

  private MemoryExtractor extractor(TokenBudget limits, long cost) {
    return MemoryExtractor.builder(stage.memory, stage.database, new Costing(stage.model, cost))
        .answerTokens(ANSWER_TOKENS)
        .messagesPerCall(1).budget(limits).build();
  }

  private static BudgetPause pause(RememberReport report) {
    return Objects.requireNonNull(report.pause());
  }

  private void letADayPass() {
    int unused = stage.database.writeNow("letting a day pass",
        handle -> handle.execute("update token_day set day = day - 1"));
  }

  @Test
  void budgetUsedUp_stopsWithAStatus_andTheNextDayGoesOn_withoutAskingAgain() {
    stage.say("note: home is Porto", "note: job is baker", "note: pet is a cat");
    TokenBudget small = budget.withTokensADay(ONE_CALL);

    try (MemoryExtractor extractor = extractor(small, 900)) {
      RememberReport first = get(extractor.remember(CHAT));

      assertThat(first.messages()).isEqualTo(1);
      assertThat(first.facts()).extracting(FactOutcome::text).containsExactly("home is Porto");
      assertThat(first.pause()).isNotNull();
      assertThat(pause(first).messagesLeft()).isEqualTo(2);
      assertThat(pause(first).limit()).isEqualTo(ONE_CALL);
      assertThat(pause(first).used()).isEqualTo(900).isEqualTo(small.usedToday());
      assertThat(pause(first).until()).isAfter(Instant.now());
      assertThat(get(extractor.remember(CHAT)).pause()).isNotNull();
      assertThat(provider.questions()).hasSize(1);

      // The second message needs two calls: for its facts, and for what becomes of them.
      letADayPass();
      RememberReport second = get(extractor.remember(CHAT));
      assertThat(second.messages()).isZero();
      assertThat(pause(second).messagesLeft()).isEqualTo(2);
      letADayPass();
      assertThat(get(extractor.remember(CHAT)).messages()).isEqualTo(1);
      assertThat(stage.contents()).containsExactly("home is Porto", "job is baker");
    }
    try (MemoryExtractor extractor = extractor(budget)) {
      assertThat(get(extractor.remember(CHAT)).pause()).isNull();
    }
    assertThat(stage.contents()).containsExactly("home is Porto", "job is baker", "pet is a cat");
    assertThat(provider.questions()).as("no answer that was kept is asked for again").hasSize(5);
  }

  @Test
  void twoExtractors_atOnce_areNeverAskingForMoreThanTheBudget() throws Exception {
    Scope other = ADA.withRun("tuesday");
    stage.say("note: home is Porto");
    stage.say(other, "note: job is baker");
    CompletableFuture<Void> held = new CompletableFuture<>();
    CompletableFuture<Void> asked = new CompletableFuture<>();
    NoteScript script = new NoteScript();
    provider.script(question -> {
      asked.complete(null);
      return script.apply(question).after(held);
    });

    try (Database database = Database.builder(url).poolSize(4).open();
        MemoryExtractor one = extractor(budget.withTokensADay(ONE_CALL));
        MemoryExtractor two = extractor(TokenBudget.in(database).withTokensADay(ONE_CALL))) {
      CompletableFuture<RememberReport> first = one.remember(CHAT);
      asked.get(60, TimeUnit.SECONDS);
      // Another process has the reservation, so nobody knows when it ends.
      RememberReport refused = get(two.remember(other));
      assertThat(refused.pause()).isNotNull();
      assertThat(pause(refused).used()).isGreaterThan(COST);
      assertThat(provider.questions()).hasSize(1);

      held.complete(null);
      assertThat(get(first).messages()).isEqualTo(1);
      assertThat(budget.usedToday()).isEqualTo(COST);
      assertThat(get(two.remember(other)).pause()).isNull();
    }
    assertThat(stage.contents()).containsExactly("home is Porto", "job is baker");
  }

  @Test
  void callsOfOneProcess_waitForEachOther_insteadOfPausing() {
    List<Scope> chats = List.of(Scope.user("a").withRun("1"), Scope.user("b").withRun("1"),
        Scope.user("c").withRun("1"),
        Scope.user("d").withRun("1"));
    chats.forEach(chat -> stage.say(chat, "note: home is Porto"));

    try (MemoryExtractor extractor = extractor(budget.withTokensADay(ONE_CALL))) {
      List<CompletableFuture<RememberReport>> reports = chats.stream().map(extractor::remember).toList();
      assertThat(reports).allSatisfy(report -> assertThat(get(report).pause()).isNull());
    }
    assertThat(budget.usedToday()).isEqualTo(4 * COST);
  }

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void callsOfBudgetsMadeOfOne_waitForEachOther() throws Exception {
    TokenBudget.Reservation held = budget.withTokensADay(ONE_CALL).reserve(1_000, NO_WAIT);
    TokenBudget other = budget.withTokensADay(ONE_CALL).withTokensACall(ONE_CALL);
    FutureTask<TokenBudget.Reservation> second = new FutureTask<>(() -> other.reserve(1_000, Duration.ofMinutes(2)));
    Thread thread = Thread.ofPlatform().start(second);
    while (thread.isAlive() && thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }

    held.end(COST);

    second.get().end(COST);
    assertThat(budget.usedToday()).isEqualTo(2 * COST);
  }

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void callsThatNeverEnd_areWaitedForNoLongerThanThePatience() throws Exception {
    TokenBudget small = budget.withTokensADay(ONE_CALL);
    TokenBudget.Reservation endless = small.reserve(1_000, NO_WAIT);

    assertThatThrownBy(() -> small.reserve(1_000, Duration.ofMillis(20))).isInstanceOf(BudgetUsedUpException.class)
        .hasMessageContaining("used up");
    assertThatThrownBy(() -> small.reserve(1_000, NO_WAIT)).isInstanceOf(BudgetUsedUpException.class);

    // Nothing is left behind of those that gave up.
    endless.end(COST);
    TokenBudget.Reservation next = small.reserve(1_000, NO_WAIT);
    next.end(COST);
    assertThat(small.usedToday()).isEqualTo(2 * COST);
  }

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void remember_whoseTokensAreReservedForTooLong_isAPause() throws Exception {
    stage.say("note: home is Porto");
    TokenBudget small = budget.withTokensADay(ONE_CALL);
    TokenBudget.Reservation endless = small.reserve(1_000, NO_WAIT);
    try (MemoryExtractor extractor = MemoryExtractor.builder(stage.memory, stage.database, stage.model)
        .answerTokens(ANSWER_TOKENS).patience(Duration.ofMillis(20)).budget(small).build()) {
      assertThat(pause(get(extractor.remember(CHAT))).messagesLeft()).isEqualTo(1);
    }
    assertThat(provider.questions()).isEmpty();
    endless.end(COST);
  }

  @Test
  void processThatDies_losesItsReservationAtMost_untilTheDayEnds() throws Exception {
    stage.say("note: home is Porto");
    try (Database database = Database.builder(url).poolSize(4).open()) {
      // What a process leaves that dies between its reservation and its settlement.
      TokenBudget.Reservation unused = TokenBudget.in(database).reserve(1_000, NO_WAIT);
    }

    try (MemoryExtractor extractor = extractor(budget.withTokensADay(ONE_CALL))) {
      assertThat(get(extractor.remember(CHAT)).pause()).isNotNull();
    }
    try (MemoryExtractor extractor = extractor(budget.withTokensADay(ONE_CALL + 1_000))) {
      assertThat(get(extractor.remember(CHAT)).pause()).isNull();
    }
    assertThat(budget.usedToday()).isEqualTo(1_000 + COST);
    letADayPass();
    assertThat(budget.usedToday()).isZero();
  }

  @Test
  void failedCall_costsNothing_unlessItMayHaveBeenBilled() {
    stage.say("note: home is Porto");
    provider.next(ChatReply.status(503, "{}"));
    try (MemoryExtractor extractor = extractor(budget)) {
      assertThatThrownBy(() -> extractor.remember(CHAT).get(60, TimeUnit.SECONDS))
          .hasCauseInstanceOf(ChatException.class);
    }
    assertThat(budget.usedToday()).isZero();

    long reserved = 0;
    for (RuntimeException failure : List.of(new IllegalStateException("it broke"),
        new EndpointException(Failure.TIMED_OUT, "no answer in time", null),
        new EndpointException(Failure.UNKNOWN, "nobody knows", null))) {
      try (MemoryExtractor extractor = MemoryExtractor.builder(stage.memory, stage.database, new Failing(failure))
          .answerTokens(ANSWER_TOKENS).budget(budget).build()) {
        assertThatThrownBy(() -> extractor.remember(CHAT).get(60, TimeUnit.SECONDS))
            .hasCauseInstanceOf(ChatException.class);
      }
      assertThat(budget.usedToday() - reserved).as("what was reserved before %s", failure).isGreaterThan(ANSWER_TOKENS);
      reserved = budget.usedToday();
    }
  }

  /** A model of which every call fails after it was made. */
  private record Failing(RuntimeException failure) implements ChatModel {

    @Override
    public String model() {
      return "failing";
    }

    @Override
    public CompletableFuture<ChatAnswer> chat(ChatRequest request) {
      return CompletableFuture.failedFuture(failure);
    }
  }

  @Test
  void serverThatDoesNotCount_costsWhatWasReserved() {
    stage.say("note: home is Porto");
    try (MemoryExtractor extractor = extractor(budget, -1)) {
      get(extractor.remember(CHAT));
    }
    assertThat(budget.usedToday()).isGreaterThan(ANSWER_TOKENS);
  }

  @Test
  void callThatIsTooCostly_isADeadLetter_andTheConversationGoesOn() {
    stage.say("note: home is " + "Porto ".repeat(500), "note: job is baker");
    try (MemoryExtractor extractor = extractor(budget.withTokensACall(ONE_CALL))) {
      RememberReport report = get(extractor.remember(CHAT));
      assertThat(report.deadLetters()).isEqualTo(2);
      assertThat(report.pause()).isNull();
      // The first message is shown with the second one as well, because it comes just before it.
      ConversationDeadLetter dead = get(extractor.deadLetters(ADA, 10)).getFirst();
      assertThat(dead.reason()).contains("and a call 1,600").contains("raise the budget");
      assertThat(provider.questions()).isEmpty();
    }
    try (MemoryExtractor extractor = extractor(budget)) {
      assertThat(get(extractor.retry(get(extractor.deadLetters(ADA, 10)).getFirst())).facts()).hasSize(1);
    }
  }

  @Test
  void profile_sharesTheBudget() {
    stage.say("note: home is Porto");
    stage.remember();
    TokenBudget small = budget.withTokensADay(ONE_CALL);
    try (ProfileKeeper profiles = ProfileKeeper.builder(stage.memory, new Costing(stage.model, ONE_CALL))
        .answerTokens(ANSWER_TOKENS).budget(small).build()) {
      assertThat(get(profiles.refresh(ADA))).isPresent();
      assertThat(small.usedToday()).isEqualTo(ONE_CALL);
      stage.say("note: job is baker");
      stage.remember();

      assertThatThrownBy(() -> profiles.refresh(ADA).get(60, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class)
          .cause().isInstanceOf(BudgetUsedUpException.class).hasMessageContaining("used up");
    }
  }

  @Test
  void budgetThatIsTooSmallForAnyCall_isRefused() {
    assertThatThrownBy(() -> extractor(budget.withTokensADay(500))).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("allows a call 500 tokens");
    assertThatThrownBy(() -> budget.withTokensACall(0)).isInstanceOf(InvalidInputException.class);
  }
}
