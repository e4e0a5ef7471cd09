package dev.memlane.storage.conversation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.storage.conversation.RememberedAnswer.End;
import dev.memlane.storage.conversation.RememberingStore.Progress;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.TestServer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("programs")
class RememberingStoreTest {

  private static final Scope CHAT = Scope.user("ada").withRun("monday");
  private static final Instant NOW = Instant.parse("2026-03-02T09:00:00Z");

  private final Database database = Database.builder(TestServer.freshDatabase()).open();
  private final PostgresConversationStore conversations = new PostgresConversationStore(database);
  private final RememberingStore store = new RememberingStore(database);

  @BeforeEach
  void append() {
    append(4);
  }

  @AfterEach
  void close() {
    database.close();
  }

  private void append(int count) {
    List<NewMessage> messages = IntStream.range(0, count)
        .mapToObj(i -> NewMessage.of(MessageRole.USER, "text", "test", "")).toList();
    assertThat(conversations.append(CHAT, messages, NOW).join()).hasSize(count);
  }

  private Progress progress() {
    return store.progress(CHAT).orElseThrow();
  }

  private RememberedSlice slice(long after, long last) {
    return new RememberedSlice(CHAT, progress().number(), after, last);
  }

  private static RememberedAnswer answer(int attempt, String text) {
    return new RememberedAnswer("extract", attempt, "[]", text, End.COMPLETE);
  }

  private long rows() {
    return database.readNow("counting", handle -> handle.createQuery(
        "select (select count(*) from remembered_slice) + (select count(*) from remembered_answer)").mapTo(Long.class)
        .one());
  }

  @Test
  void progress_ofNothing_isEmpty() {
    assertThat(store.progress(Scope.user("ada").withRun("tuesday"))).isEmpty();
    assertThat(progress()).isEqualTo(new Progress(progress().number(), 0, 4, List.of()));
  }

  @Test
  void begin_theFirstFixesTheEnd() {
    assertThat(store.begin(slice(0, 2))).hasValue(slice(0, 2));

    assertThat(store.begin(slice(0, 4))).hasValue(slice(0, 2));
    assertThat(progress().underWay()).containsExactly(slice(0, 2));
  }

  @Test
  void begin_awayFromTheCursor_isRefused() {
    store.begin(slice(0, 2));
    store.finish(slice(0, 2));

    assertThat(progress().remembered()).isEqualTo(2);
    assertThat(store.begin(slice(0, 2))).isEmpty();
    assertThat(store.begin(slice(3, 4))).isEmpty();
    assertThat(rows()).isZero();
    assertThat(store.begin(slice(2, 4))).hasValue(slice(2, 4));
  }

  @Test
  void keep_theFirstAnswerIsEverybodys() {
    store.begin(slice(0, 4));

    assertThat(store.keep(slice(0, 4), answer(1, "one"), NOW)).hasValue(answer(1, "one"));
    assertThat(store.keep(slice(0, 4), answer(1, "two"), NOW)).hasValue(answer(1, "one"));
    assertThat(store.keep(slice(0, 4), answer(2, "three"), NOW)).hasValue(answer(2, "three"));

    assertThat(store.answers(slice(0, 4))).containsExactly(answer(1, "one"), answer(2, "three"));
  }

  @Test
  void keep_forASliceThatHasEnded_isNotKept() {
    store.begin(slice(0, 4));
    store.keep(slice(0, 4), answer(1, "one"), NOW);
    store.finish(slice(0, 4));

    assertThat(store.keep(slice(0, 4), answer(2, "late"), NOW)).isEmpty();

    assertThat(rows()).isZero();
  }

  @Test
  void keepAll_keepsTheFirstAnswerOfEachSlice_andLeavesOutOneThatHasEnded() {
    Scope other = Scope.user("ada").withRun("tuesday");
    Scope ended = Scope.user("ada").withRun("wednesday");
    RememberedSlice second = begun(other);
    RememberedSlice first = begun(CHAT);
    RememberedSlice late = begun(ended);
    store.keep(first, answer(1, "earlier"), NOW);
    store.finish(late);

    store.keepAll(Map.of(first, answer(1, "one"), second, answer(1, "two"), late, answer(1, "late")), NOW);

    assertThat(store.answers(first)).containsExactly(answer(1, "earlier"));
    assertThat(store.answers(second)).containsExactly(answer(1, "two"));
    assertThat(store.answers(late)).isEmpty();
  }

  private RememberedSlice begun(Scope chat) {
    conversations.append(chat, List.of(NewMessage.of(MessageRole.USER, "text", "test", "")), NOW).join();
    Progress progress = store.progress(chat).orElseThrow();
    return store.begin(new RememberedSlice(chat, progress.number(), 0, progress.last())).orElseThrow();
  }

  @Test
  void answersOfADeadLetter_stayAsTheyAre() {
    store.begin(slice(0, 4));
    store.keep(slice(0, 4), answer(1, "useless"), NOW);
    store.bury(slice(0, 4), "extract", "not valid", NOW);

    store.keepAll(Map.of(slice(0, 4), answer(2, "late")), NOW);

    assertThat(store.answers(slice(0, 4))).containsExactly(answer(1, "useless"));
  }

  @Test
  void keepAll_thatFails_keepsNothing() {
    Scope other = Scope.user("ada").withRun("tuesday");
    conversations.append(other, List.of(NewMessage.of(MessageRole.USER, "text", "test", "")), NOW).join();
    RememberedSlice second = new RememberedSlice(other, store.progress(other).orElseThrow().number(), 0, 1);
    store.begin(slice(0, 4));
    store.begin(second);

    // The later one, in the order of the conversations, can't be stored.
    assertThatThrownBy(() -> store.keepAll(Map.of(slice(0, 4), answer(1, "one"), second, answer(1, "a\0b")), NOW))
        .isInstanceOf(StoreException.class);

    assertThat(store.answers(slice(0, 4))).isEmpty();
    assertThat(store.answers(second)).isEmpty();
  }

  @Test
  void finish_twice_movesTheCursorOnce() {
    store.begin(slice(0, 2));
    store.finish(slice(0, 2));
    store.begin(slice(2, 4));
    store.finish(slice(0, 2));

    assertThat(progress()).isEqualTo(new Progress(progress().number(), 2, 4, List.of(slice(2, 4))));
  }

  @Test
  void bury_keepsWhatWasAnswered_untilItIsDroppedOrRevived() {
    store.begin(slice(0, 2));
    store.keep(slice(0, 2), answer(1, "valid"), NOW);
    RememberedAnswer useless = new RememberedAnswer("decide", 1, "[]", "no", End.REFUSED);
    store.keep(slice(0, 2), useless, NOW);

    store.bury(slice(0, 2), "decide", "it is no use", NOW);

    assertThat(progress()).isEqualTo(new Progress(progress().number(), 2, 4, List.of()));
    assertThat(store.deadLetters(Scope.user("ada"), 10)).containsExactly(new UnrememberedSlice(slice(0, 2), "decide",
        "it is no use", NOW, List.of(useless, answer(1, "valid"))));
    assertThat(store.deadLetters(Scope.user("bob"), 10)).isEmpty();

    assertThat(store.revive(slice(0, 2))).isTrue();
    assertThat(store.revive(slice(0, 2))).isFalse();
    assertThat(store.answers(slice(0, 2))).containsExactly(answer(1, "valid"));
    assertThat(progress().underWay()).containsExactly(slice(0, 2));
    store.finish(slice(0, 2));
    assertThat(progress().remembered()).isEqualTo(2);
    assertThat(rows()).isZero();
  }

  @Test
  void drop_leavesNothing() {
    store.begin(slice(0, 2));
    store.keep(slice(0, 2), answer(1, "no"), NOW);
    assertThat(store.drop(slice(0, 2))).isFalse();
    store.bury(slice(0, 2), "extract", "it is no use", NOW);

    assertThat(store.drop(slice(0, 2))).isTrue();

    assertThat(store.drop(slice(0, 2))).isFalse();
    assertThat(rows()).isZero();
  }

  @Test
  void delete_ofTheConversation_leavesNothing_andTheNextBeginsAnew() {
    store.begin(slice(0, 2));
    store.keep(slice(0, 2), answer(1, "one"), NOW);
    store.finish(slice(0, 2));
    store.begin(slice(2, 4));
    RememberedSlice old = slice(2, 4);
    store.keep(old, answer(1, "two"), NOW);

    assertThat(conversations.delete(CHAT).join()).isEqualTo(4);

    assertThat(rows()).isZero();
    assertThat(store.keep(old, answer(2, "late"), NOW)).isEmpty();
    append(4);
    assertThat(progress().remembered()).isZero();
    assertThat(store.begin(old)).isEmpty();
    store.finish(old);
    assertThat(progress().remembered()).isZero();
  }

  /** Slices are begun, answered and ended by several at once: each position is gone through once, and nothing deadlocks. */
  @Test
  void severalProcesses_oneConversation_agree() throws Exception {
    append(36);
    List<Callable<List<String>>> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String name = "process " + i;
      processes.add(() -> remember(name));
    }
    List<List<String>> seen = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (threads) {
      for (Future<List<String>> each : threads.invokeAll(processes, 60, TimeUnit.SECONDS)) {
        seen.add(each.get());
      }
    }

    assertThat(progress().remembered()).isEqualTo(40);
    assertThat(rows()).isZero();
    // Everybody has seen the same answer for the same slice.
    assertThat(seen.stream().flatMap(List::stream).distinct().map(line -> line.replaceAll(" by.*", "")))
        .doesNotHaveDuplicates();
  }

  private List<String> remember(String name) {
    List<String> seen = new ArrayList<>();
    for (Progress now = progress(); now.remembered() < now.last(); now = progress()) {
      Optional<RememberedSlice> slice = store.begin(slice(now.remembered(), now.remembered() + 1));
      if (slice.isPresent()) {
        Optional<RememberedAnswer> kept = store.keep(slice.get(), answer(1, name), NOW);
        kept.ifPresent(answer -> seen.add(slice.get().after() + " by " + answer.answer()));
        store.finish(slice.get());
      }
    }
    return seen;
  }
}
