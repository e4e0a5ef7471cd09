package dev.memlane.perf.tests.kill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.Operation;
import dev.memlane.perf.tests.kill.Attempt.Form;
import dev.memlane.perf.tests.kill.Checker.Problem;
import dev.memlane.perf.tests.kill.StoredRows.Entry;
import dev.memlane.perf.tests.kill.StoredRows.Row;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The checker of the kill test passes what may be, and reports every kind of damage. */
class CheckerTest {

  private static final MemoryId MEMORY = new MemoryId(new UUID(0, 1));
  private static final MemoryId OTHER = new MemoryId(new UUID(0, 2));

  /** The requests of one writer and the stored rows. They agree until a test changes one of them. */
  static final class Scene {
    final List<Attempt> attempts = new ArrayList<>();
    final Map<MemoryId, Row> core = new HashMap<>();
    final Map<MemoryId, List<Entry>> history = new HashMap<>(Map.of(MEMORY, new ArrayList<>()));
    private long line;

    /** An add, two updates and two answers that fit, then an update that was in flight and is not there. */
    Scene() {
      answer(ask(Form.ADD, "add", null, true), Attempt.Answer.STORED, op(1), 1);
      answer(ask(Form.UPDATE, "first", op(1), true), Attempt.Answer.STORED, op(2), 2);
      answer(ask(Form.UPDATE, "refused", op(1), true), Attempt.Answer.CONFLICT, op(2), 0);
      answer(ask(Form.UPDATE, "back", null, true), Attempt.Answer.ROLLED_BACK, op(9), 0);
      answer(ask(Form.ADD, "again", null, true), Attempt.Answer.DUPLICATE, op(2), 2);
      answer(ask(Form.UPDATE, "second", null, false), Attempt.Answer.STORED, op(3), 3);
      ask(Form.UPDATE, "open", null, true);
      entry(1, 1, Operation.Kind.ADD, null, "the add", "add");
      entry(2, 2, Operation.Kind.UPDATE, "the add", "the first", "first");
      entry(3, 3, Operation.Kind.UPDATE, "the first", "the first", "second");
      row(StoredRows.LIVE, 3, 3, "the first", "second", true);
    }

    Attempt ask(Form form, String token, @Nullable OperationId expected, boolean setsContent) {
      Attempt attempt = new Attempt(new Attempt.Request(token, new Attempt.Source(0, 'a'), 0, false, form, MEMORY, "k",
          token, expected, setsContent), ++line);
      attempts.add(attempt);
      return attempt;
    }

    void answer(Attempt attempt, Attempt.Answer answer, @Nullable OperationId op, int version) {
      attempt.answer = answer;
      attempt.op = op;
      attempt.version = version;
      attempt.answeredAt = ++line;
    }

    void entry(int op, int version, Operation.Kind kind, @Nullable String old, @Nullable String now, String token) {
      entries().add(new Entry(MEMORY, op(op), version, kind, old, now, token));
    }

    void row(int state, int version, int op, @Nullable String content, String token, boolean vector) {
      core.put(MEMORY, new Row(MEMORY, state, version, op(op), "a-0", "k", content, token, vector));
    }

    List<Entry> entries() {
      return Objects.requireNonNull(history.get(MEMORY));
    }

    List<Problem> check() {
      return Checker.check(attempts, new StoredRows(core, history));
    }
  }

  private static OperationId op(int number) {
    return new OperationId(new UUID(7, number));
  }

  static Stream<Arguments> possible() {
    return Stream.of(is("as it was asked for", scene -> {}), is("the open one has landed", scene -> {
      scene.entry(4, 4, Operation.Kind.UPDATE, "the first", "the open", "open");
      scene.row(StoredRows.LIVE, 4, 4, "the open", "open", true);
    }), is("an unsettled one has landed", scene -> {
      Attempt open = scene.attempts.getLast();
      scene.answer(open, Attempt.Answer.UNSETTLED, op(4), 0);
      scene.entry(4, 4, Operation.Kind.UPDATE, "the first", "the open", "open");
      scene.row(StoredRows.LIVE, 4, 4, "the open", "open", true);
    }), is("deleted", scene -> {
      scene.answer(scene.ask(Form.DELETE, "gone", null, false), Attempt.Answer.DELETED, op(5), 4);
      scene.entry(5, 4, Operation.Kind.DELETE, "the first", null, "gone");
      scene.row(StoredRows.DELETED, 4, 5, null, "second", false);
      scene.answer(scene.ask(Form.ADD, "more", null, true), Attempt.Answer.WAS_DELETED, op(5), 0);
    }), is("deleted, and put again", scene -> revive(scene, Form.PUT)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("possible")
  void check_possibleHistory_reportsNothing(String what, Consumer<Scene> change) {
    Scene scene = new Scene();
    change.accept(scene);

    assertThat(scene.check()).as(what).isEmpty();
  }

  /** A delete, and what then comes back. */
  private static void revive(Scene scene, Form form) {
    scene.answer(scene.ask(Form.DELETE, "gone", null, false), Attempt.Answer.DELETED, op(4), 4);
    scene.answer(scene.ask(form, "new", null, true), Attempt.Answer.STORED, op(5), 5);
    scene.entry(4, 4, Operation.Kind.DELETE, "the first", null, "gone");
    scene.entry(5, 5, Operation.Kind.UPDATE, null, "the new", "new");
    scene.row(StoredRows.LIVE, 5, 5, "the new", "new", true);
  }

  static Stream<Arguments> damaged() {
    return Stream.of(damage("the history has history", scene -> revive(scene, Form.UPDATE)),
        damage("is lost", scene -> {
          scene.core.clear();
          scene.history.clear();
        }), damage("is lost", scene -> {
          scene.entries().removeLast();
          scene.row(StoredRows.LIVE, 2, 2, "the first", "first", true);
        }), damage("where 2 is due", scene -> scene.entries().remove(1)),
        damage("does not start from", scene -> scene.entries().remove(1)),
        damage("core is not what the history ends in",
            scene -> scene.row(StoredRows.LIVE, 3, 3, "the add", "second", true)),
        damage("core is not what the history ends in",
            scene -> scene.row(StoredRows.DELETED, 3, 3, null, "second", true)),
        damage("core has no vector", scene -> scene.row(StoredRows.LIVE, 3, 3, "the first", "second", false)),
        damage("core is void", scene -> scene.row(StoredRows.VOID, 3, 3, null, "second", false)),
        damage("a memory that core does not have", scene -> scene.core.clear()),
        damage("core has a memory that the history does not have",
            scene -> scene.core.put(OTHER, new Row(OTHER, 1, 1, op(8), "a-0", "z", "the x", "x", true))),
        damage("a key has made two memories", scene -> {
          scene.core.put(OTHER, new Row(OTHER, 1, 1, op(8), "a-0", "k", "the x", "x", true));
          scene.history.put(OTHER, List.of(new Entry(OTHER, op(8), 1, Operation.Kind.ADD, null, "the x", "x")));
        }), damage("never requested", scene -> {
          scene.entry(4, 4, Operation.Kind.UPDATE, "the first", "the x", "x");
          scene.row(StoredRows.LIVE, 4, 4, "the x", "x", true);
        }), damage("answered as not done", scene -> {
          scene.entry(9, 4, Operation.Kind.UPDATE, "the first", "the back", "back");
          scene.row(StoredRows.LIVE, 4, 9, "the back", "back", true);
        }), damage("answered as not done", scene -> {
          scene.entry(4, 4, Operation.Kind.UPDATE, "the first", "the refused", "refused");
          scene.row(StoredRows.LIVE, 4, 4, "the refused", "refused", true);
        }), damage("landed twice", scene -> {
          scene.entry(4, 4, Operation.Kind.UPDATE, "the first", "the open", "open");
          scene.entry(5, 5, Operation.Kind.UPDATE, "the open", "the open", "open");
          scene.row(StoredRows.LIVE, 5, 5, "the open", "open", true);
        }), damage("another content", scene -> {
          scene.entry(4, 4, Operation.Kind.UPDATE, "the first", "the something", "open");
          scene.row(StoredRows.LIVE, 4, 4, "the something", "open", true);
        }), damage("after a later one", scene -> {
          scene.answer(scene.attempts.getLast(), Attempt.Answer.STORED, op(4), 3);
          scene.attempts.get(5).version = 4;
          scene.entries().removeLast();
          scene.entry(4, 3, Operation.Kind.UPDATE, "the first", "the open", "open");
          scene.entry(3, 4, Operation.Kind.UPDATE, "the open", "the open", "second");
          scene.row(StoredRows.LIVE, 4, 3, "the open", "second", true);
        }), damage("another state than the one it expected", scene -> {
          Attempt expecting = scene.ask(Form.UPDATE, "late", op(2), true);
          scene.answer(expecting, Attempt.Answer.STORED, op(4), 4);
          scene.entry(4, 4, Operation.Kind.UPDATE, "the first", "the late", "late");
          scene.row(StoredRows.LIVE, 4, 4, "the late", "late", true);
        }), damage("version 2 was acknowledged", scene -> scene.attempts.get(5).version = 2),
        damage("of a duplicate answer is gone", scene -> scene.attempts.get(4).op = op(8)),
        damage("is lost", scene -> scene.answer(scene.attempts.getLast(), Attempt.Answer.FOUND_LANDED, op(4), 0)),
        damage("does not fit the state", scene -> {
          scene.attempts.removeLast();
          scene.answer(scene.ask(Form.UPDATE, "x", null, true), Attempt.Answer.NOT_FOUND, null, 0);
        }), damage("does not fit the state", scene -> {
          scene.attempts.removeLast();
          scene.answer(scene.ask(Form.UPDATE, "x", op(3), true), Attempt.Answer.CONFLICT, op(2), 0);
        }));
  }

  @ParameterizedTest
  @MethodSource("damaged")
  void check_damage_isReported(String expected, Consumer<Scene> damage) {
    Scene scene = new Scene();
    damage.accept(scene);

    assertThat(scene.check()).extracting(Problem::text).anySatisfy(text -> assertThat(text).contains(expected));
  }

  @Test
  void check_landingAgainstALaterState_isReportedEvenWithoutAnAnswer() {
    Scene scene = new Scene();
    scene.answer(scene.ask(Form.UPDATE, "newer", null, true), Attempt.Answer.STORED, op(4), 4);
    scene.entry(4, 4, Operation.Kind.UPDATE, "the first", "the newer", "newer");
    scene.entry(5, 5, Operation.Kind.UPDATE, "the newer", "the open", "open");
    scene.row(StoredRows.LIVE, 5, 5, "the open", "open", true);

    assertThat(scene.check()).extracting(Problem::text)
        .singleElement().asString().contains("an earlier operation comes after a later one");
  }

  private static Arguments is(String what, Consumer<Scene> change) {
    return Arguments.of(what, change);
  }

  private static Arguments damage(String expected, Consumer<Scene> damage) {
    return Arguments.of(expected, damage);
  }
}
