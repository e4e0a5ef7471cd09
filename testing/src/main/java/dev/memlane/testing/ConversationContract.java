package dev.memlane.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageImportOutcome;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.store.ConversationStore;
import dev.memlane.model.store.ConversationStore.NumberedConversation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The contract of every store of conversations. Each implementation is a small subclass. */
public abstract class ConversationContract {

  private static final Instant AT = Instant.parse("2026-06-01T10:00:00.123456Z");
  private static final Scope CHAT = Scope.user("ada").withRun("7");
  private static final int ALL = 10_000;
  private static final long ANY_SIZE = Long.MAX_VALUE;

  private ConversationStore store;

  /** Opens an empty store; called once before each test. */
  protected abstract ConversationStore open();

  @BeforeEach
  void openStore() {
    store = open();
  }

  private static NewMessage message(String payload) {
    return NewMessage.of(MessageRole.USER, payload + " to read", "test", payload);
  }

  private static List<NewMessage> messages(String... payloads) {
    return Stream.of(payloads).map(ConversationContract::message).toList();
  }

  private List<ConversationMessage> append(NewMessage... messages) {
    return store.append(CHAT, List.of(messages), AT).join();
  }

  private void replace(String... payloads) {
    store.replaceWindow(CHAT, messages(payloads), AT).join();
  }

  private List<ConversationMessage> windowMessages() {
    return store.window(CHAT, ALL, Long.MAX_VALUE).join().messages();
  }

  private List<String> window() {
    return payloads(windowMessages());
  }

  private List<ConversationMessage> logMessages() {
    ConversationStore.Messages page = store.messages(CHAT, 0, ALL, ANY_SIZE).join();
    assertThat(page.more()).isFalse();
    return page.messages();
  }

  private List<String> log() {
    return payloads(logMessages());
  }

  private static List<String> payloads(List<ConversationMessage> messages) {
    return messages.stream().map(ConversationMessage::payload).toList();
  }

  private static List<Long> positions(List<ConversationMessage> messages) {
    return messages.stream().map(ConversationMessage::position).toList();
  }

  // ---- what is kept ----------------------------------------------------------------------------------------------

  /** Texts that a store might change. */
  static Stream<String> texts() {
    return Stream.of("", " ", "plain", "{\"a\":  1,\t\"a\": 2}\r\n", "C:\\new\\u0041 \\", "caf\u00e9 cafe\u0301",
        "\ud83c\udfbb", "a\u0000b", "\u0000", "cut \ud83c", "\udfbb cut", "\udfbb\ud83c",
        "\\\u0000\\u0000 \ud83c\udfbb",
        "\ufeff\uffff\u007f", "x".repeat(3_000_000), "\u0000\\\ud83c".repeat(1_000));
  }

  @ParameterizedTest
  @MethodSource("texts")
  void append_anyText_isKeptExactly(String text) {
    NewMessage both = NewMessage.of(MessageRole.TOOL, text, "test", text);
    NewMessage textOnly = NewMessage.of(MessageRole.USER, text, "test", "{}");
    NewMessage payloadOnly = NewMessage.of(MessageRole.ASSISTANT, null, "test", text);

    List<ConversationMessage> stored = append(both, textOnly, payloadOnly);

    assertThat(stored).hasSize(3);
    assertSame(stored.get(0), both);
    assertSame(stored.get(1), textOnly);
    assertSame(stored.get(2), payloadOnly);
    assertThat(windowMessages()).isEqualTo(stored);
    assertThat(logMessages()).isEqualTo(stored);
    store.replaceWindow(CHAT, Stream.of(both, textOnly, payloadOnly)
        .map(each -> NewMessage.of(each.role(), each.text(), each.format(), each.payload())).toList(), AT).join();
    assertThat(windowMessages()).as("the same window").isEqualTo(stored);
  }

  private static void assertSame(ConversationMessage stored, NewMessage given) {
    assertThat(stored).isEqualTo(new ConversationMessage(stored.position(), given.id(), given.role(), given.text(),
        given.format(), given.payload(), AT));
  }

  @Test
  void append_everyRole_isKept() {
    List<NewMessage> given = Stream.of(MessageRole.values()).map(role -> NewMessage.of(role, null, "test", "{}"))
        .toList();

    store.append(CHAT, given, AT).join();

    assertThat(logMessages()).extracting(ConversationMessage::role).containsExactly(MessageRole.values());
  }

  @Test
  void replaceWindow_withDamagedTexts_tellsThemApart() {
    replace("\ud83c");
    replace("\ud83d");
    assertThat(window()).containsExactly("\ud83d");
    replace("?");
    assertThat(window()).containsExactly("?");
    assertThat(log()).containsExactly("\ud83c", "\ud83d", "?");
  }

  // ---- appending -------------------------------------------------------------------------------------------------

  @Test
  void append_severalTimes_keepsTheOrder() {
    List<ConversationMessage> stored = new ArrayList<>(append(message("1"), message("2"), message("3")));
    stored.addAll(append(message("4")));
    stored.addAll(append(message("5"), message("6")));

    assertThat(stored).isSortedAccordingTo(Comparator.comparingLong(ConversationMessage::position));
    assertThat(new HashSet<>(positions(stored))).hasSize(6);
    assertThat(stored.getFirst().position()).isPositive();
    assertThat(logMessages()).isEqualTo(stored);
    assertThat(windowMessages()).isEqualTo(stored);
  }

  @Test
  void append_repeated_storesOnce() {
    NewMessage one = message("1");
    NewMessage two = message("2");
    List<ConversationMessage> first = append(one, two);
    append(message("3"));

    assertThat(store.append(CHAT, List.of(one, two), AT.plusSeconds(9)).join()).isEqualTo(first);
    List<ConversationMessage> more = append(two, message("4"), one);

    assertThat(more.get(0)).isEqualTo(first.get(1));
    assertThat(more.get(2)).isEqualTo(first.get(0));
    assertThat(log()).containsExactly("1", "2", "3", "4");
    assertThat(window()).containsExactly("1", "2", "3", "4");
  }

  @Test
  void append_repeatedAfterItLeftTheWindow_doesNotBringItBack() {
    NewMessage one = message("1");
    long position = append(one).getFirst().position();
    store.leaveWindow(CHAT, List.of(position)).join();

    append(one);

    assertThat(window()).isEmpty();
    assertThat(log()).containsExactly("1");
  }

  @Test
  void append_ofAnIdOfAnotherMessage_storesNothing() {
    NewMessage one = message("1");
    append(one);
    NewMessage other = new NewMessage(one.id(), one.role(), one.text(), one.format(), "other");

    assertThatThrownBy(() -> append(message("2"), other, message("3"))).cause()
        .isInstanceOf(InvalidInputException.class).hasMessageContaining(one.id().toString());

    assertThat(log()).containsExactly("1");
  }

  @Test
  void append_ofOneIdToTwoConversations_storesTwoMessages() {
    NewMessage one = message("1");
    append(one);
    Scope other = CHAT.withRun("8");
    store.append(other, List.of(one), AT).join();

    assertThat(log()).containsExactly("1");
    assertThat(payloads(store.window(other, ALL, Long.MAX_VALUE).join().messages())).containsExactly("1");
  }

  @Test
  void conversations_ofSimilarScopes_areApart() {
    List<Scope> scopes = List.of(Scope.run("7"), CHAT, Scope.user("bob").withRun("7"), Scope.agent("ada").withRun("7"),
        CHAT.withAgent("ada"), CHAT.withRun("8"));
    for (Scope scope : scopes) {
      store.append(scope, messages("of " + scope), AT).join();
    }
    store.delete(scopes.getFirst()).join();
    for (Scope scope : scopes.subList(1, scopes.size())) {
      store.replaceWindow(scope, messages("of " + scope, "more"), AT).join();
      assertThat(payloads(store.messages(scope, 0, ALL, ANY_SIZE).join().messages())).containsExactly("of " + scope,
          "more");
    }
    assertThat(store.window(scopes.getFirst(), ALL, Long.MAX_VALUE).join().messages()).isEmpty();
  }

  // ---- the window ------------------------------------------------------------------------------------------------

  @Test
  void replaceWindow_thatGrew_appendsTheNewMessage() {
    replace("system", "1");
    List<ConversationMessage> before = windowMessages();
    replace("system", "1", "2");

    assertThat(windowMessages().subList(0, 2)).isEqualTo(before);
    assertThat(window()).containsExactly("system", "1", "2");
    assertThat(log()).containsExactly("system", "1", "2");
  }

  @Test
  void replaceWindow_withoutTheOldest_letsItLeave() {
    replace("system", "1", "2", "3");
    replace("system", "2", "3", "4");
    replace("system", "3", "4", "5");

    assertThat(window()).containsExactly("system", "3", "4", "5");
    assertThat(log()).containsExactly("system", "1", "2", "3", "4", "5");
  }

  @Test
  void replaceWindow_changedInTheMiddle_isAppendedFromThere() {
    replace("system", "1", "2", "3");
    replace("system", "1", "two", "3", "4");

    assertThat(window()).containsExactly("system", "1", "two", "3", "4");
    assertThat(log()).containsExactly("system", "1", "2", "3", "two", "3", "4");
  }

  @Test
  void replaceWindow_withAMessageInFront_isAppendedAsAWhole() {
    replace("1", "2");
    replace("system", "1", "2");

    assertThat(window()).containsExactly("system", "1", "2");
    assertThat(log()).containsExactly("1", "2", "system", "1", "2");
  }

  @Test
  void replaceWindow_withEqualMessages_keepsTheNewest() {
    replace("ok", "1", "ok", "2");
    List<ConversationMessage> before = windowMessages();
    replace("ok", "2", "ok");

    assertThat(windowMessages().subList(0, 2)).isEqualTo(before.subList(2, 4));
    assertThat(window()).containsExactly("ok", "2", "ok");
  }

  @Test
  void replaceWindow_ofAnotherFormat_isAnotherMessage() {
    replace("1");
    store.replaceWindow(CHAT, List.of(NewMessage.of(MessageRole.USER, "1 to read", "other", "1")), AT).join();

    assertThat(logMessages()).extracting(ConversationMessage::format).containsExactly("test", "other");
    assertThat(windowMessages()).extracting(ConversationMessage::format).containsExactly("other");
  }

  @Test
  void replaceWindow_byTheSame_changesNothing() {
    replace("1", "2");
    List<ConversationMessage> before = windowMessages();
    replace("1", "2");

    assertThat(windowMessages()).isEqualTo(before);
    assertThat(logMessages()).isEqualTo(before);
  }

  @Test
  void replaceWindow_byNothing_emptiesIt() {
    replace();
    assertThat(store.list(null, 0, ALL).join()).as("nothing began").isEmpty();
    replace("1", "2");
    replace();

    assertThat(window()).isEmpty();
    assertThat(log()).containsExactly("1", "2");
    replace("1");
    assertThat(log()).containsExactly("1", "2", "1");
  }

  @Test
  void replaceWindow_withAnIdThatIsTaken_storesUnderAFreshOne() {
    NewMessage one = message("1");
    append(one, message("2"));
    NewMessage free = message("2");

    store.replaceWindow(CHAT, List.of(free, one), AT).join();

    assertThat(window()).containsExactly("2", "1");
    assertThat(logMessages()).extracting(ConversationMessage::id).doesNotHaveDuplicates().contains(one.id());
    store.append(CHAT, List.of(free), AT).join();
    assertThat(logMessages()).as("the id that was free is kept").hasSize(4);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void replaceWindow_atRandom_leavesTheGivenWindow(long seed) {
    Random random = new Random(seed);
    List<String> given = new ArrayList<>();
    for (int step = 0; step < 60; step++) {
      switch (random.nextInt(6)) {
        case 0 -> given.subList(0, Math.min(given.size(), random.nextInt(3))).clear();
        case 1 -> given.removeIf(each -> random.nextInt(4) == 0);
        case 2 -> given.add(random.nextInt(given.size() + 1), "m" + random.nextInt(5));
        default -> given.add("m" + random.nextInt(5));
      }
      if (random.nextInt(8) == 0) {
        String appended = "m" + random.nextInt(5);
        append(message(appended));
      }
      List<Long> before = positions(logMessages());
      replace(given.toArray(String[]::new));

      assertThat(window()).as("seed %s, step %s", seed, step).isEqualTo(given);
      assertThat(positions(logMessages()).subList(0, before.size())).as("the log only grows").isEqualTo(before);
    }
  }

  static Stream<Long> seeds() {
    return new Random().longs(3).boxed();
  }

  @Test
  void leaveWindow_ofSome_keepsThemInTheLog() {
    List<ConversationMessage> stored = append(message("1"), message("2"), message("3"));
    List<Long> leaving = List.of(stored.get(0).position(), stored.get(2).position(), 1_000_000L);

    store.leaveWindow(CHAT, leaving).join();
    store.leaveWindow(CHAT, leaving).join();
    store.leaveWindow(Scope.run("none"), leaving).join();
    store.leaveWindow(CHAT, List.of()).join();

    assertThat(window()).containsExactly("2");
    assertThat(logMessages()).isEqualTo(stored);
    assertThat(store.list(null, 0, ALL).join()).hasSize(1);
  }

  @Test
  void window_withALimit_isItsBeginning() {
    append(message("1"), message("2"), message("3"));

    assertThat(payloads(store.window(CHAT, 2, Long.MAX_VALUE).join().messages())).containsExactly("1", "2");
    assertThat(store.window(CHAT, 2, Long.MAX_VALUE).join().more()).isTrue();
    assertThat(store.window(CHAT, 3, Long.MAX_VALUE).join().more()).isFalse();
  }

  @Test
  void window_withALimitOfBytes_endsWithTheMessageThatReachesIt() {
    append(message("x".repeat(1_000)), message("y".repeat(1_000)), message("z".repeat(1_000)));

    assertThat(store.window(CHAT, 3, 3_000).join().messages()).hasSize(2);
    assertThat(store.window(CHAT, 3, 3_000).join().more()).isTrue();
  }

  @Test
  void windowEnd_isTheNewestOfTheWindow_inPagesTowardsTheBeginning() {
    append(message("1"), message("2"), message("3"), message("4"), message("5"));
    store.leaveWindow(CHAT, positions(windowMessages()).subList(3, 4)).join();

    ConversationStore.WindowEnd end = store.windowEnd(CHAT, Long.MAX_VALUE, 2, ANY_SIZE).join();
    ConversationStore.WindowEnd rest = store.windowEnd(CHAT, end.messages().getFirst().position(), 2, ANY_SIZE).join();

    assertThat(payloads(end.messages())).containsExactly("3", "5");
    assertThat(end.more()).isTrue();
    assertThat(end.length()).isEqualTo(4);
    assertThat(payloads(rest.messages())).containsExactly("1", "2");
    assertThat(rest.more()).isFalse();
    assertThat(rest.length()).isEqualTo(4);
    assertThat(store.windowEnd(CHAT, rest.messages().getFirst().position(), 2, ANY_SIZE).join())
        .isEqualTo(new ConversationStore.WindowEnd(List.of(), false, 0));
    assertThat(store.windowEnd(CHAT.withRun("none"), Long.MAX_VALUE, 2, ANY_SIZE).join().messages()).isEmpty();
    assertThat(store.windowEnd(CHAT, Long.MAX_VALUE, 4, ANY_SIZE).join().messages()).isEqualTo(windowMessages());
    store.delete(CHAT).join();
    assertThat(store.windowEnd(CHAT, Long.MAX_VALUE, 4, ANY_SIZE).join().messages()).isEmpty();
  }

  @Test
  void windowEnd_withALimitOfBytes_endsWithTheMessageThatReachesIt() {
    append(message("x".repeat(1_000)), message("y".repeat(1_000)), message("z".repeat(1_000)));

    ConversationStore.WindowEnd end = store.windowEnd(CHAT, Long.MAX_VALUE, 3, 3_000).join();

    assertThat(payloads(end.messages())).containsExactly("y".repeat(1_000), "z".repeat(1_000));
    assertThat(end.more()).isTrue();
    assertThat(end.length()).isEqualTo(3);
    assertThat(store.windowEnd(CHAT, Long.MAX_VALUE, 3, 1).join().messages()).hasSize(1);
  }

  // ---- reading in pages ------------------------------------------------------------------------------------------

  @Test
  void messages_inPages_areAllInOrder() {
    for (int i = 0; i < 25; i++) {
      append(message("m" + i));
    }
    store.leaveWindow(CHAT, positions(windowMessages()).subList(0, 20)).join();

    List<String> read = new ArrayList<>();
    ConversationStore.Messages page = store.messages(CHAT, 0, 10, ANY_SIZE).join();
    while (page.more()) {
      assertThat(page.messages()).hasSize(10);
      read.addAll(payloads(page.messages()));
      page = store.messages(CHAT, page.messages().getLast().position(), 10, ANY_SIZE).join();
    }
    read.addAll(payloads(page.messages()));

    assertThat(read).isEqualTo(IntStream.range(0, 25).mapToObj(i -> "m" + i).toList());
    assertThat(page.messages()).hasSize(5);
    long last = page.messages().getLast().position();
    assertThat(store.messages(CHAT, last, 10, ANY_SIZE).join()).isEqualTo(new ConversationStore.Messages(List.of(),
        false));
    assertThat(store.messages(CHAT, 0, 25, ANY_SIZE).join().more()).isFalse();
    assertThat(store.messages(CHAT, 0, 24, ANY_SIZE).join().more()).isTrue();
  }

  @Test
  void messages_ofManyBytes_endThePage() {
    for (int i = 0; i < 4; i++) {
      append(NewMessage.of(MessageRole.USER, "x".repeat(500), "test", i + "\u00e4".repeat(250)));
    }

    ConversationStore.Messages page = store.messages(CHAT, 0, 10, 1_500).join();
    assertThat(page.messages()).hasSize(2);
    assertThat(page.more()).isTrue();
    ConversationStore.Messages rest = store.messages(CHAT, page.messages().getLast().position(), 10, 1).join();
    assertThat(rest.messages()).as("at least one").hasSize(1);
    assertThat(rest.more()).isTrue();
    assertThat(store.messages(CHAT, rest.messages().getLast().position(), 10, 1).join().more()).isFalse();
  }

  @Test
  void list_inPages_isInTheOrderInWhichTheyBegan() {
    List<Scope> began = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      Scope conversation = (i % 2 == 0 ? Scope.user("ada") : Scope.user("bob").withAgent("helper")).withRun("r" + i);
      store.append(conversation, messages("m"), AT).join();
      began.add(conversation);
    }
    store.append(began.getFirst(), messages("later"), AT).join();

    List<NumberedConversation> all = store.list(null, 0, ALL).join();
    assertThat(all).extracting(NumberedConversation::conversation).isEqualTo(began);
    assertThat(store.list(null, 0, 3).join()).isEqualTo(all.subList(0, 3));
    assertThat(store.list(null, all.get(2).number(), 3).join()).isEqualTo(all.subList(3, 6));
    assertThat(scopes(Scope.user("ada"))).containsExactly(began.get(0), began.get(2), began.get(4), began.get(6));
    assertThat(scopes(Scope.agent("helper"))).containsExactly(began.get(1), began.get(3), began.get(5));
    assertThat(scopes(Scope.run("r3"))).containsExactly(began.get(3));
    assertThat(scopes(Scope.user("eve"))).isEmpty();
  }

  private List<Scope> scopes(Scope within) {
    return store.list(within, 0, ALL).join().stream().map(NumberedConversation::conversation).toList();
  }

  // ---- deleting --------------------------------------------------------------------------------------------------

  @Test
  void delete_removesTheConversation_andNoOther() {
    Scope wider = Scope.run("7");
    append(message("1"), message("2"));
    replace("2", "3");
    store.append(wider, messages("other"), AT).join();

    assertThat(store.delete(CHAT).join()).isEqualTo(3);

    assertThat(window()).isEmpty();
    assertThat(log()).isEmpty();
    assertThat(scopes(wider)).containsExactly(wider);
    assertThat(payloads(store.window(wider, ALL, Long.MAX_VALUE).join().messages())).containsExactly("other");
    assertThat(store.delete(CHAT).join()).isZero();
    assertThat(store.delete(Scope.run("none")).join()).isZero();
  }

  @Test
  void append_afterADeletion_beginsAnew() {
    NewMessage one = message("1");
    append(one);
    store.delete(CHAT).join();

    append(one);

    assertThat(log()).containsExactly("1");
    assertThat(window()).containsExactly("1");
  }

  @Test
  void deleteAll_removesWhatTheScopeMatches() {
    List<Scope> ofAda = List.of(CHAT, CHAT.withRun("8"), CHAT.withAgent("helper"));
    Scope ofBob = Scope.user("bob").withRun("7");
    for (Scope scope : ofAda) {
      store.append(scope, messages("1", "2"), AT).join();
    }
    store.append(ofBob, messages("1"), AT).join();

    assertThat(store.deleteAll(Scope.user("ada")).join()).isEqualTo(6);

    assertThat(store.list(null, 0, ALL).join()).extracting(NumberedConversation::conversation).containsExactly(ofBob);
    assertThat(store.deleteAll(Scope.user("ada")).join()).isZero();
    assertThat(store.sweep().join()).isZero();
  }

  // ---- restoring -------------------------------------------------------------------------------------------------

  @Test
  void restore_ofAnArchive_isAsItWas() {
    append(message("1"), message("2 \u0000"), message("3"));
    replace("2 \u0000", "3", "4");
    List<ArchivedMessage> archived = store.archive(CHAT, 0, ALL, ANY_SIZE).join().messages();
    assertThat(archived).extracting(ArchivedMessage::inWindow).containsExactly(false, true, true, true);
    List<ConversationMessage> messages = logMessages();
    List<ConversationMessage> window = windowMessages();
    store.delete(CHAT).join();

    assertThat(store.restore(CHAT, archived).join()).containsOnly(MessageImportOutcome.RESTORED).hasSize(4);

    assertThat(logMessages()).isEqualTo(messages);
    assertThat(windowMessages()).isEqualTo(window);
    assertThat(store.restore(CHAT, archived).join()).containsOnly(MessageImportOutcome.ALREADY_THERE);
    replace("3", "4", "5");
    assertThat(window()).as("compared by the restored hashes").containsExactly("3", "4", "5");
    assertThat(windowMessages().subList(0, 2)).isEqualTo(window.subList(1, 3));
    assertThat(logMessages()).as("appended after what was restored").hasSize(5);
  }

  @Test
  void restore_ofWhatDiffers_keepsWhatIsThere() {
    ConversationMessage there = append(message("1")).getFirst();
    ConversationMessage sameId = new ConversationMessage(7, there.id(), there.role(), there.text(), there.format(),
        "other", AT);
    ConversationMessage samePlace = new ConversationMessage(there.position(), UUID.randomUUID(), there.role(), null,
        there.format(), "other", AT);
    ConversationMessage later = new ConversationMessage(9, UUID.randomUUID(), there.role(), null, there.format(), "9",
        AT);

    assertThat(store.restore(CHAT, List.of(new ArchivedMessage(sameId, true), new ArchivedMessage(samePlace, true),
        new ArchivedMessage(later, false), new ArchivedMessage(there, false))).join()).containsExactly(
            MessageImportOutcome.DIFFERENT, MessageImportOutcome.DIFFERENT, MessageImportOutcome.RESTORED,
            MessageImportOutcome.ALREADY_THERE);

    assertThat(logMessages()).containsExactly(there, later);
    assertThat(windowMessages()).containsExactly(there);
    assertThat(append(message("10")).getFirst().position()).isEqualTo(10);
    assertThat(store.restore(CHAT, List.of()).join()).isEmpty();
  }

  // ---- several writers -------------------------------------------------------------------------------------------

  @Test
  void append_byManyAtOnce_losesNothing() {
    List<CompletableFuture<List<ConversationMessage>>> appends = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      appends.add(store.append(CHAT, messages("a" + i, "b" + i), AT));
    }

    List<ConversationMessage> stored = new ArrayList<>();
    for (CompletableFuture<List<ConversationMessage>> append : appends) {
      List<ConversationMessage> two = append.join();
      assertThat(two.get(0).position()).isLessThan(two.get(1).position());
      stored.addAll(two);
    }
    stored.sort(Comparator.comparingLong(ConversationMessage::position));
    assertThat(logMessages()).isEqualTo(stored);
    assertThat(windowMessages()).isEqualTo(stored);
    assertThat(new HashSet<>(log())).hasSize(400);
  }

  @Test
  void append_ofTheSameByManyAtOnce_storesOnce() {
    List<NewMessage> given = messages("1", "2");
    List<CompletableFuture<List<ConversationMessage>>> appends = IntStream.range(0, 20)
        .mapToObj(i -> store.append(CHAT, given, AT)).toList();

    assertThat(appends.stream().map(CompletableFuture::join).distinct()).hasSize(1);
    assertThat(log()).containsExactly("1", "2");
  }

  @Test
  void replaceWindow_byManyAtOnce_leavesOneOfTheWindows() {
    List<List<String>> windows = IntStream.range(0, 20).mapToObj(i -> List.of("w" + i, "x" + i, "both")).toList();
    List<CompletableFuture<Void>> replacements = windows.stream()
        .map(each -> store.replaceWindow(CHAT, messages(each.toArray(String[]::new)), AT)).toList();

    replacements.forEach(CompletableFuture::join);

    assertThat(windows).contains(window());
    assertThat(log()).as("in the log are all").hasSize(60);
  }

  @Test
  void delete_whileOthersAppend_leavesOnlyWholeAppends() {
    append(message("first"));
    List<CompletableFuture<?>> work = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      work.add(i % 10 == 5 ? store.delete(CHAT) : store.append(CHAT, messages("a", "b"), AT));
    }
    work.forEach(CompletableFuture::join);

    assertThat(log().size() % 2).isZero();
    assertThat(window()).isEqualTo(log());
    store.delete(CHAT).join();
    assertThat(log()).isEmpty();
  }

  @Test
  void append_ofALongList_isOneCall() {
    List<NewMessage> given = IntStream.range(0, 1_000).mapToObj(i -> message("m" + i)).toList();

    List<ConversationMessage> stored = store.append(CHAT, given, AT).join();

    assertThat(stored).extracting(ConversationMessage::id)
        .isEqualTo(given.stream().map((Function<NewMessage, UUID>) NewMessage::id).toList());
    assertThat(logMessages()).isEqualTo(stored);
  }
}
