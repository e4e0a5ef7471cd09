package dev.memlane.perf.tests.kill;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.Operation;
import org.jspecify.annotations.Nullable;

/**
 * One operation that a victim asked for, and what it was answered. Written by the {@link Ledger} under its lock.
 *
 * <p>
 * The {@code token} is a word that occurs in no other request: an add and an update carry it in their metadata (and in
 * their content, where they set one), a delete carries it as its actor. So the entry of an operation is recognised in
 * the history even when nobody was told its id. A retry under a key carries the token of what it retries.
 */
final class Attempt {

  /** What a victim was told. */
  enum Answer {
    /** Nothing: it was killed before. */
    NONE,
    /** The add or update is stored. */
    STORED,
    /** The memory is deleted. */
    DELETED,
    /** The key was taken by a memory. */
    DUPLICATE,
    /** Nothing remains of it. */
    ROLLED_BACK,
    /** Another state was there than expected. */
    CONFLICT,
    /** There is no such memory. */
    NOT_FOUND,
    /** The memory was deleted before. */
    WAS_DELETED,
    /** Not begun. */
    REFUSED,
    /** It could not be found out in time. */
    UNSETTLED,
    /** It was unsettled, was asked for, and has landed. */
    FOUND_LANDED,
    /** It was unsettled, was asked for, and never will land. */
    FOUND_LOST,
    /** A failure without an outcome. */
    UNKNOWN
  }

  /** What has to be true of an operation after an answer. */
  enum Fate {
    LANDED, MAY_HAVE_LANDED, NOT_LANDED
  }

  // What was asked for.
  final String name;
  final Source source;
  final int writer;
  /** Whether all writers of all victims work on its memory, and not one alone. */
  final boolean shared;
  final Operation.Kind kind;
  /** Null for an add without a key, until it is answered. */
  @Nullable
  MemoryId memory;
  final @Nullable String key;
  final String token;
  final @Nullable OperationId expected;
  final boolean setsContent;
  /** When the driver read this request, as a line number over all victims. */
  final long askedAt;

  // What was answered.
  Answer answer = Answer.NONE;
  long answeredAt = Long.MAX_VALUE;
  /** The operation's own id where the answer names it; a duplicate's or a deleted memory's: of the state that is there. */
  @Nullable
  OperationId op;
  int version;

  /**
   * The process that asked.
   *
   * @param number counts all victims
   * @param lane names the writers' own scopes: the victims of one lane follow each other, with the same memories
   */
  record Source(int number, char lane) {}

  Attempt(String name, Source source, int writer, boolean shared, Operation.Kind kind, @Nullable MemoryId memory,
      @Nullable String key, String token, @Nullable OperationId expected, boolean setsContent, long askedAt) {
    this.name = name;
    this.source = source;
    this.writer = writer;
    this.shared = shared;
    this.kind = kind;
    this.memory = memory;
    this.key = key;
    this.token = token;
    this.expected = expected;
    this.setsContent = setsContent;
    this.askedAt = askedAt;
  }

  Fate fate() {
    return switch (answer) {
      case STORED, DELETED, FOUND_LANDED -> Fate.LANDED;
      case NONE, UNSETTLED, UNKNOWN -> Fate.MAY_HAVE_LANDED;
      case DUPLICATE, ROLLED_BACK, CONFLICT, NOT_FOUND, WAS_DELETED, REFUSED, FOUND_LOST -> Fate.NOT_LANDED;
    };
  }

  @Override
  public String toString() {
    return "line " + askedAt + ": " + name + " asks for " + kind + " of " + (memory == null ? "a new memory" : memory)
        + (key == null ? "" : " key " + key) + " token " + token + (expected == null ? "" : " expecting " + expected)
        + (answer == Answer.NONE
            ? ": not answered"
            : "; line " + answeredAt + ": " + answer + " op " + op + " version " + version);
  }
}
