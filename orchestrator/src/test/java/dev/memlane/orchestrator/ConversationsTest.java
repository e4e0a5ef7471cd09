package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Filter;
import dev.memlane.model.InDoubtException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMemory;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.FaultyWire.Fault;
import dev.memlane.testing.FaultyWire;
import dev.memlane.testing.Traces;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Conversations through a memory's own calls; {@code ConversationContract} has what the store promises. */
@Tag("programs")
class ConversationsTest {

  private static final String MARKER = "zqxwvjk";
  private static final Scope ADA = Scope.user("ada");
  private static final Scope CHAT = ADA.withRun("7");

  @TempDir
  private Path folder;

  private String jdbcUrl;

  @BeforeEach
  void begin() {
    jdbcUrl = TestMemory.freshDatabase();
  }

  private static NewMessage message(String payload) {
    return NewMessage.of(MessageRole.USER, payload, "test", payload);
  }

  private static List<String> payloads(List<ConversationMessage> messages) {
    return messages.stream().map(ConversationMessage::payload).toList();
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void conversation_afterARestart_isAsItWas() {
    List<ConversationMessage> stored = new ArrayList<>();
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("one"))) {
      BlockingConversations conversations = test.blocking.conversations();
      stored.addAll(conversations.append(CHAT, List.of(message("1"), message("two \u0000 \ud83c"))));
      stored.addAll(conversations.append(CHAT, List.of(message("3"))));
      conversations.leaveWindow(CHAT, List.of(stored.getFirst().position()));
    }
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("two"))) {
      BlockingConversations conversations = test.blocking.conversations();
      assertThat(conversations.messages(CHAT, 0, 100)).isEqualTo(new MessagePage(stored, null));
      assertThat(conversations.window(CHAT)).isEqualTo(stored.subList(1, 3));
      assertThat(conversations.list(null, 0, 10)).isEqualTo(new ConversationPage(List.of(CHAT), null));
    }
  }

  @Test
  void messages_ofTwoProcesses_allLand() {
    try (TestMemory one = TestMemory.open(jdbcUrl, folder.resolve("one"));
        TestMemory other = TestMemory.open(jdbcUrl, folder.resolve("other"))) {
      List<CompletableFuture<List<ConversationMessage>>> appends = IntStream.range(0, 100)
          .mapToObj(i -> (i % 2 == 0 ? one : other).memory.conversations().append(CHAT, List.of(message("m" + i))))
          .toList();
      List<Long> positions = appends.stream().map(append -> append.join().getFirst().position()).sorted().toList();

      assertThat(positions).isEqualTo(LongStream.rangeClosed(1, 100).boxed().toList());
      assertThat(one.blocking.conversations().window(CHAT)).isEqualTo(other.blocking.conversations().window(CHAT))
          .hasSize(100);
    }
  }

  @Test
  void pages_ofMessagesAndConversations_haveTheirNext() {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder)) {
      BlockingConversations conversations = test.blocking.conversations();
      for (int i = 0; i < 5; i++) {
        conversations.append(ADA.withRun("r" + i), IntStream.range(0, 5).mapToObj(j -> message("m" + j)).toList());
      }

      MessagePage page = conversations.messages(ADA.withRun("r1"), 0, 3);
      assertThat(payloads(page.messages())).containsExactly("m0", "m1", "m2");
      MessagePage last = conversations.messages(ADA.withRun("r1"), Objects.requireNonNull(page.next()), 3);
      assertThat(payloads(last.messages())).containsExactly("m3", "m4");
      assertThat(last.next()).isNull();
      ConversationPage first = conversations.list(ADA, 0, 4);
      assertThat(first.conversations()).extracting(Scope::run).containsExactly("r0", "r1", "r2", "r3");
      assertThat(conversations.list(ADA, Objects.requireNonNull(first.next()), 4))
          .isEqualTo(new ConversationPage(List.of(ADA.withRun("r4")), null));
    }
  }

  @Test
  void messages_areNotSearched() {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder)) {
      test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
      test.blocking.conversations().append(CHAT, List.of(message("{\"text\": \"Ada plays the oboe\"}")));

      assertThat(test.blocking.search(SearchRequest.of("oboe", ADA))).hasSize(1);
      assertThat(test.blocking.count(null, null)).isEqualTo(1);
    }
  }

  // ---- limits ----------------------------------------------------------------------------------------------------

  @Test
  void calls_beyondTheirLimits_areRefused() {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder)) {
      Conversations conversations = test.memory.conversations();
      NewMessage one = message("1");
      List<NewMessage> many = IntStream.rangeClosed(0, Conversations.MOST_MESSAGES).mapToObj(i -> message("")).toList();
      List<NewMessage> window = IntStream.rangeClosed(0, Conversations.LONGEST_WINDOW).mapToObj(i -> message(""))
          .toList();
      String long16 = "x".repeat(NewMessage.LONGEST_TEXT);
      List<NewMessage> large = IntStream.range(0, 5).mapToObj(i -> NewMessage.of(MessageRole.TOOL, null, "f", long16))
          .toList();

      refused(conversations.append(ADA, List.of(one)), "withRun");
      refused(conversations.append(CHAT, many), "1000");
      refused(conversations.append(CHAT, List.of(one, one)), one.id().toString());
      refused(conversations.append(CHAT, large), "64000000");
      refused(conversations.replaceWindow(ADA, List.of(one)), "withRun");
      refused(conversations.replaceWindow(CHAT, window), "10000");
      refused(conversations.replaceWindow(CHAT, large), "64000000");
      refused(conversations.leaveWindow(ADA, List.of(1L)), "withRun");
      refused(conversations.leaveWindow(CHAT, LongStream.rangeClosed(0, 10_000).boxed().toList()), "10000");
      refused(conversations.window(ADA), "withRun");
      refused(conversations.messages(ADA, 0, 10), "withRun");
      refused(conversations.messages(CHAT, 0, 0), "page's length is 0");
      refused(conversations.messages(CHAT, 0, 1_001), "1 to 1000");
      refused(conversations.list(null, 0, 10_001), "1 to 10000");
      refused(conversations.delete(ADA), "withRun");
      assertThat(test.blocking.conversations().append(CHAT, List.of())).isEmpty();
      assertThat(test.blocking.conversations().list(null, 0, 10).conversations()).isEmpty();
    }
    assertThatThrownBy(() -> NewMessage.of(MessageRole.USER, null, "f", "x".repeat(16_000_001)))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("payload");
    assertThatThrownBy(() -> NewMessage.of(MessageRole.USER, "x".repeat(16_000_001), "f", ""))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("text");
    assertThatThrownBy(() -> NewMessage.of(MessageRole.USER, null, " ", "")).isInstanceOf(InvalidInputException.class);
    assertThat(message("secret").toString()).doesNotContain("secret");
  }

  private static void refused(CompletableFuture<?> call, String because) {
    assertThat(catchThrowable(call::join)).cause().isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(because);
  }

  @Tag("slow")
  @Test
  void message_ofTheLongestText_isKept() {
    try (TestMemory test = TestMemory.patient(folder)) {
      String longest = "x\u0000".repeat(NewMessage.LONGEST_TEXT / 2);
      test.blocking.conversations().append(CHAT, List.of(NewMessage.of(MessageRole.TOOL, null, "test", longest)));

      assertThat(test.blocking.conversations().window(CHAT).getFirst().payload().equals(longest)).isTrue();
    }
  }

  @Test
  void window_thatIsTooLong_isRefused() throws SQLException {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder)) {
      test.blocking.conversations().append(CHAT, List.of(message("1")));
      execute("insert into memlane.conversation_message (conversation, position, id, role, format, payload, escaped, "
          + "created_at) select c.id, i, gen_random_uuid(), 2, 'test', 'm', false, now() "
          + "from memlane.conversation c, generate_series(2, 10001) i");
      execute("insert into memlane.conversation_window select conversation, position, id "
          + "from memlane.conversation_message where position > 1");

      refused(test.memory.conversations().window(CHAT), "10000");
      test.blocking.conversations().leaveWindow(CHAT, List.of(1L));
      assertThat(test.blocking.conversations().window(CHAT)).hasSize(10_000);
    }
  }

  @Test
  void calls_afterClosing_fail() {
    TestMemory test = TestMemory.open(jdbcUrl, folder);
    Conversations conversations = test.memory.conversations();
    test.close();

    for (CompletableFuture<?> call : List.of(conversations.append(CHAT, List.of(message("1"))),
        conversations.window(CHAT), conversations.delete(CHAT))) {
      assertThat(catchThrowable(call::join)).cause().isInstanceOf(StoreException.class).hasMessageContaining("closed");
    }
  }

  @Test
  void calls_onStoresWithoutConversations_sayWhatToDo() {
    try (TestMemory test = TestMemory.openWithoutConversations(jdbcUrl, folder)) {
      refused(test.memory.conversations().append(CHAT, List.of(message("1"))), "conversations(...)");
      refused(test.memory.conversations().window(CHAT), "conversations(...)");
      assertThat(test.blocking.deleteAll(ADA, null, true).messages()).isZero();
      assertThat(test.blocking.sweep()).isZero();
    }
  }

  // ---- lost answers ----------------------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(value = Fault.class, names = {"HOLD_REQUEST", "HOLD_ANSWER"})
  void append_withoutAnAnswerUntilTheDeadline_isInDoubt_andCanBeRepeated(Fault fault) {
    try (FaultyWire wire = FaultyWire.to(jdbcUrl);
        TestMemory test = TestMemory.open(Database.builder(wire.jdbcUrl()), folder, Duration.ofMillis(500),
            Duration.ofSeconds(60))) {
      List<NewMessage> given = List.of(message("1"), message("2"));
      CompletableFuture<Void> struck = wire.next(fault, "insert into conversation_message");

      assertThatThrownBy(() -> test.blocking.conversations().append(CHAT, given))
          .isInstanceOf(InDoubtException.class).hasMessageContaining("same ids");

      assertThat(struck).isCompleted();
      wire.release();
      List<ConversationMessage> stored = untilItAnswers(() -> test.blocking.conversations().append(CHAT, given));
      assertThat(payloads(stored)).containsExactly("1", "2");
      assertThat(test.blocking.conversations().messages(CHAT, 0, 10).messages()).isEqualTo(stored);
    }
  }

  @Test
  void append_whileTheServerIsAwayForAMoment_waitsForIt() {
    try (FaultyWire wire = FaultyWire.to(jdbcUrl);
        TestMemory test = TestMemory.open(Database.builder(wire.jdbcUrl()).connectionTimeout(Duration.ofMillis(250)),
            folder, Duration.ofSeconds(30), Duration.ofSeconds(60))) {
      test.blocking.conversations().append(CHAT, List.of(message("1")));
      wire.refuse();
      // One for each connection that is open already.
      List<CompletableFuture<Void>> struck = IntStream.range(0, 6)
          .mapToObj(i -> wire.next(Fault.CUT_ANSWER, "insert into conversation_message")).toList();

      CompletableFuture<List<ConversationMessage>> append = test.memory.conversations().append(CHAT,
          List.of(message("2")));
      struck.getFirst().join();
      Until.isTrue("it has been tried again", () -> test.conversations.calls("append") > 2);
      wire.release();

      assertThat(payloads(append.join())).containsExactly("2");
      assertThat(payloads(test.blocking.conversations().window(CHAT))).containsExactly("1", "2");
    }
  }

  private static <T> T untilItAnswers(Supplier<T> call) {
    List<T> answer = new ArrayList<>();
    Until.isTrue("it answers", () -> {
      try {
        answer.add(call.get());
        return true;
      } catch (MemlaneException e) {
        // The connections that were held are not free yet.
        return false;
      }
    });
    return answer.getFirst();
  }

  // ---- deleting --------------------------------------------------------------------------------------------------

  private static NewMessage marked() {
    return new NewMessage(UUID.randomUUID(), MessageRole.USER, MARKER, MARKER, MARKER);
  }

  private static void fill(TestMemory test) {
    BlockingConversations conversations = test.blocking.conversations();
    conversations.append(CHAT, List.of(marked(), marked()));
    conversations.replaceWindow(ADA.withRun("8"), List.of(marked()));
    conversations.append(Scope.user("bob").withRun("7"), List.of(message("of Bob")));
    test.blocking.addMemory(NewMemory.builder("Ada plays the oboe", ADA).metadata("topic", "music").build());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void deleteAll_ofAScope_leavesNothingOfItsConversations(boolean purging) throws SQLException {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder)) {
      fill(test);
      assertThat(Traces.inTables(jdbcUrl, MARKER)).hasSize(3);

      DeleteReport report = test.blocking.deleteAll(ADA, null, purging);

      assertThat(report).isEqualTo(new DeleteReport(1, purging ? 1 : 0, 0, List.of(), 3));
      assertThat(Traces.inTables(jdbcUrl, MARKER)).isEmpty();
      assertThat(test.blocking.conversations().list(null, 0, 10).conversations())
          .containsExactly(Scope.user("bob").withRun("7"));
    }
  }

  @Test
  void deleteAll_byAFilter_keepsConversations() {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder)) {
      fill(test);

      DeleteReport report = test.blocking.deleteAll(ADA, Filter.equal("topic", "music"), true);

      assertThat(report).isEqualTo(new DeleteReport(1, 1, 0, List.of(), 0));
      assertThat(test.blocking.conversations().list(ADA, 0, 10).conversations()).hasSize(2);
    }
  }

  @Test
  void deleteAll_thatWasInterrupted_isFinishedByTheNext() throws SQLException {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder)) {
      fill(test);
      execute("update memlane.conversation set deleted = true where user_id = 'ada' and run_id = '7'");

      assertThat(test.blocking.deleteAll(ADA, null).messages()).isEqualTo(3);

      assertThat(Traces.inTables(jdbcUrl, MARKER)).isEmpty();
    }
  }

  @Test
  void sweep_finishesAnInterruptedDeletion() throws SQLException {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder)) {
      fill(test);
      execute("update memlane.conversation set deleted = true where user_id = 'ada'");

      assertThat(test.blocking.sweep()).isEqualTo(3);

      assertThat(Traces.inTables(jdbcUrl, MARKER)).isEmpty();
    }
  }

  @Test
  void delete_ofAConversation_leavesNothingOfIt() throws SQLException {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder)) {
      fill(test);
      test.blocking.conversations().delete(ADA.withRun("8"));

      assertThat(test.blocking.conversations().delete(CHAT)).isEqualTo(2);

      assertThat(Traces.inTables(jdbcUrl, MARKER)).isEmpty();
      assertThat(test.blocking.count(ADA, null)).as("memories stay").isEqualTo(1);
    }
  }
}
