package dev.memlane.perf.tests.kill;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.Operation;
import dev.memlane.perf.tests.kill.StoredRows.Entry;
import dev.memlane.perf.tests.kill.StoredRows.Row;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A comparison of the database's content with the requests and answers.
 *
 * <p>
 * The history claims what happened, and the claim must be possible. Every entry was requested. Every acknowledged
 * operation is in the history once, and none that was answered as not done. The versions of a memory have no gaps, and
 * each entry starts from the content that the one before left. Only a put follows a delete. No operation precedes one that had been answered when it
 * was requested, and the operations of one writer are in the order of its requests. An update that expected a state
 * follows that state. Core must be what the history ends in. Where only one writer works on a memory and no request is
 * open, the answers of operations that were not done must also fit the state at that time.
 *
 * <p>
 * Requests without an answer, or with the answer unsettled, may have landed or not. Used once.
 */
final class Checker {

  private final List<Attempt> attempts;
  private final StoredRows stored;
  private final List<Problem> problems = new ArrayList<>();

  private final Map<String, List<Attempt>> byToken = new HashMap<>();
  private final Map<OperationId, Entry> entries = new HashMap<>();
  private final Map<OperationId, Attempt> landed = new HashMap<>();

  /** A broken promise. */
  record Problem(@Nullable MemoryId memory, String text) {
    @Override
    public String toString() {
      return memory == null ? text : "memory " + memory + ": " + text;
    }
  }

  private Checker(List<Attempt> attempts, StoredRows stored) {
    this.attempts = attempts;
    this.stored = stored;
  }

  /**
   * @param attempts in the order of the requests
   * @return the broken promises; empty if there are none
   */
  static List<Problem> check(List<Attempt> attempts, StoredRows stored) {
    Checker checker = new Checker(attempts, stored);
    attempts
        .forEach(attempt -> checker.byToken.computeIfAbsent(attempt.token, token -> new ArrayList<>(1)).add(attempt));
    stored.history().values().forEach(list -> list.forEach(entry -> checker.entries.put(entry.op(), entry)));
    stored.history().forEach(checker::checkHistory);
    checker.checkTokens();
    attempts.forEach(checker::checkAnswer);
    checker.checkCore();
    checker.checkAnswersInOrder();
    return checker.problems;
  }

  private void report(@Nullable MemoryId memory, String text) {
    problems.add(new Problem(memory, text));
  }

  private void checkHistory(MemoryId memory, List<Entry> list) {
    Entry before = null;
    int version = 1;
    for (Entry entry : list) {
      if (entry.version() != version) {
        report(memory, "the history has version " + entry.version() + " where " + version + " is due: " + entry);
      }
      version = entry.version() + 1;
      Attempt attempt = match(entry);
      boolean revives = attempt != null && attempt.form == Attempt.Form.PUT;
      if (before == null != (entry.kind() == Operation.Kind.ADD)
          || before != null && before.kind() == Operation.Kind.DELETE && !revives) {
        report(memory, "the history has " + entry + " after " + before);
      }
      if (!Objects.equals(entry.oldContent(), before == null ? null : before.newContent())) {
        report(memory,
            "the entry does not start from the state that the one before it left: " + entry + " after " + before);
      }
      if (attempt != null) {
        landed.put(entry.op(), attempt);
        checkEntry(entry, before, attempt);
      }
      before = entry;
    }
    checkOrder(memory, list);
  }

  /** Returns the request that an entry comes from: the one answered with its id, or one that may have landed. */
  private @Nullable Attempt match(Entry entry) {
    Attempt possible = null;
    Attempt denied = null;
    for (Attempt attempt : byToken.getOrDefault(String.valueOf(entry.token()), List.of())) {
      if (!attempt.form.canBe(entry.kind()) || attempt.memory != null && !attempt.memory.equals(entry.memory())) {
        continue;
      }
      switch (attempt.fate()) {
        case LANDED -> {
          if (entry.op().equals(attempt.op)) {
            return attempt;
          }
        }
        case MAY_HAVE_LANDED -> {
          if (attempt.op == null || attempt.op.equals(entry.op())) {
            possible = possible == null ? attempt : possible;
          }
        }
        case NOT_LANDED -> denied = attempt;
      }
    }
    if (possible == null) {
      report(entry.memory(), denied == null
          ? "the history has an operation that was never requested: " + entry
          : "the history has an operation that was answered as not done: " + entry + ", " + denied);
    }
    return possible;
  }

  private void checkEntry(Entry entry, @Nullable Entry before, Attempt attempt) {
    if (attempt.version > 0 && attempt.version != entry.version()) {
      report(entry.memory(), "version " + attempt.version + " was acknowledged: " + attempt + ", " + entry);
    }
    if (attempt.expected != null && (before == null || !before.op().equals(attempt.expected))) {
      report(entry.memory(), "it follows another state than the one it expected: " + attempt + ", after " + before);
    }
    String content = entry.newContent();
    boolean contentFits = switch (entry.kind()) {
      case ADD, UPDATE -> attempt.setsContent
          ? content != null && content.endsWith(" " + attempt.token)
          : before != null && Objects.equals(content, before.newContent());
      case DELETE -> content == null;
    };
    if (!contentFits) {
      report(entry.memory(), "it has another content than requested: " + entry + ", " + attempt);
    }
  }

  private void checkOrder(MemoryId memory, List<Entry> list) {
    for (int i = 0; i < list.size(); i++) {
      Attempt later = landed.get(list.get(i).op());
      // A few concurrent requests reach no further back. Comparing all pairs would take too long for a memory that all
      // writers share.
      for (int j = Math.max(0, i - 100); later != null && j < i; j++) {
        Attempt earlier = landed.get(list.get(j).op());
        // Lines of victims that worked at the same time may have been read in another order than they were written.
        if (earlier == null || earlier.source.lane() != later.source.lane()) {
          continue;
        }
        boolean reversed = later.answeredAt < earlier.askedAt && later.fate() == Attempt.Fate.LANDED
            || later.writer == earlier.writer && later.askedAt < earlier.askedAt;
        if (reversed) {
          report(memory, "an earlier operation comes after a later one: " + later + " after " + earlier);
        }
      }
    }
  }

  /** Checks that no request has landed twice, in one memory or in two. */
  private void checkTokens() {
    Map<String, Entry> seen = new HashMap<>();
    for (Entry entry : entries.values()) {
      Entry other = entry.token() == null ? null : seen.putIfAbsent(entry.token(), entry);
      if (other != null) {
        report(entry.memory(), "one request has landed twice: " + entry + ", " + other);
      }
    }
  }

  private void checkAnswer(Attempt attempt) {
    Entry entry = attempt.op == null ? null : entries.get(attempt.op);
    switch (attempt.answer) {
      case STORED, DELETED, FOUND_LANDED -> {
        if (entry == null || !entry.memory().equals(attempt.memory)) {
          report(attempt.memory, "an acknowledged operation is lost: " + attempt);
        } else if (!attempt.token.equals(entry.token())) {
          report(attempt.memory, "an acknowledged operation has become another: " + attempt + ", " + entry);
        }
      }
      case ROLLED_BACK, FOUND_LOST -> {
        if (entry != null) {
          report(attempt.memory,
              "an operation that was answered as not done is in the history: " + attempt + ", " + entry);
        }
      }
      case DUPLICATE -> {
        if (entry == null) {
          report(attempt.memory, "the state of a duplicate answer is gone: " + attempt);
        }
      }
      case WAS_DELETED -> {
        // An update may see a delete that is then undone. An add has confirmed the delete.
        if (attempt.form == Attempt.Form.ADD && (entry == null || entry.kind() != Operation.Kind.DELETE)) {
          report(attempt.memory, "the delete that an add was answered with is gone: " + attempt);
        }
      }
      case NONE, CONFLICT, NOT_FOUND, REFUSED, UNSETTLED, UNKNOWN -> {
        // The check of the history reports an entry that contradicts its answer.
      }
    }
  }

  private void checkCore() {
    Set<List<String>> keys = new HashSet<>();
    for (Row row : stored.core().values()) {
      List<Entry> list = stored.history().getOrDefault(row.memory(), List.of());
      if (row.state() == StoredRows.VOID) {
        if (!list.isEmpty()) {
          report(row.memory(), "core is void and the history is not: " + row + ", " + list.getLast());
        }
        continue;
      }
      if (list.isEmpty()) {
        report(row.memory(), "core has a memory that the history does not have: " + row);
        continue;
      }
      Entry last = list.getLast();
      boolean deleted = last.kind() == Operation.Kind.DELETE;
      boolean agrees = row.op().equals(last.op()) && row.version() == last.version()
          && row.state() == (deleted ? StoredRows.DELETED : StoredRows.LIVE)
          && (deleted || Objects.equals(row.content(), last.newContent()) && Objects.equals(row.token(), last.token()));
      if (!agrees) {
        report(row.memory(), "core is not what the history ends in: " + row + ", " + last);
      }
      if (row.state() == StoredRows.LIVE && !row.hasVector()) {
        report(row.memory(), "core has no vector: " + row);
      }
      if (row.key() != null && !keys.add(List.of(String.valueOf(row.user()), row.key()))) {
        report(row.memory(), "a key has made two memories: " + row);
      }
    }
    stored.history().forEach((memory, list) -> {
      if (!stored.core().containsKey(memory)) {
        report(memory, "the history has a memory that core does not have: " + list.getLast());
      }
    });
  }

  /** Checks, where one writer works on a memory alone, that its answers fit what it had done before. */
  private void checkAnswersInOrder() {
    Map<MemoryId, Present> present = new HashMap<>();
    for (Attempt attempt : attempts) {
      if (attempt.shared || attempt.memory == null) {
        continue;
      }
      Present state = present.computeIfAbsent(attempt.memory, memory -> new Present());
      switch (attempt.fate()) {
        case LANDED -> state.become(attempt);
        case MAY_HAVE_LANDED -> state.certain = false;
        case NOT_LANDED -> {
          if (state.certain && !state.explains(attempt)) {
            report(attempt.memory, "the answer does not fit the state that was there, which " + state.last + " made: "
                + attempt);
          }
        }
      }
    }
  }

  /** The state of a writer's own memory, as long as it is certain. */
  private static final class Present {
    boolean certain = true;
    @Nullable
    Attempt last;

    void become(Attempt attempt) {
      last = attempt;
      certain = true;
    }

    boolean explains(Attempt attempt) {
      boolean gone = last != null && last.form == Attempt.Form.DELETE;
      return switch (attempt.answer) {
        case NOT_FOUND -> last == null;
        case WAS_DELETED -> gone && last != null && Objects.equals(attempt.op, last.op);
        case DUPLICATE -> last != null && !gone && Objects.equals(attempt.op, last.op);
        case CONFLICT -> last != null && !gone && attempt.expected != null && !attempt.expected.equals(last.op);
        default -> true;
      };
    }
  }
}
