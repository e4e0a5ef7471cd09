package dev.memlane.perf.tests.kill;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.Operation;
import org.jspecify.annotations.Nullable;

/**
 * One operation that a victim requested, and its answer. The {@link Ledger} writes it under its lock.
 *
 * <p>
 * The {@code token} is a word that occurs in no other request. An add or an update carries it in its metadata, and in
 * its content if it sets one; a delete carries it as its actor. So the history entry of an operation is recognised even
 * if its id was never reported. A retry under a key carries the token of the request that it repeats.
 */
final class Attempt {

  /** The answer to a victim. */
  enum Answer {
    /** No answer: the victim was killed first. */
    NONE,
    /** The add or update is stored. */
    STORED,
    /** The memory is deleted. */
    DELETED,
    /** The key belongs to a memory already. */
    DUPLICATE,
    /** It was rolled back; nothing of it remains. */
    ROLLED_BACK,
    /** The memory was in another state than expected. */
    CONFLICT,
    /** There is no such memory. */
    NOT_FOUND,
    /** The memory was deleted before. */
    WAS_DELETED,
    /** It was refused before it began. */
    REFUSED,
    /** Its fate could not be found out in time. */
    UNSETTLED,
    /** It was unsettled, and a later query said that it landed. */
    FOUND_LANDED,
    /** It was unsettled, and a later query said that it will never land. */
    FOUND_LOST,
    /** It failed without an outcome. */
    UNKNOWN
  }

  /** What is asked for. */
  enum Form {
    ADD, UPDATE, DELETE,
    /** An add, an update, or a revival of a deleted memory, as the memory is found. */
    PUT;

    /** Whether an entry of this kind can come from it. */
    boolean canBe(Operation.Kind kind) {
      return this == PUT ? kind != Operation.Kind.DELETE : name().equals(kind.name());
    }
  }

  /** What must be true of an operation after an answer. */
  enum Fate {
    LANDED, MAY_HAVE_LANDED, NOT_LANDED
  }

  // The request.
  final String name;
  final Source source;
  final int writer;
  /** Whether all writers of all victims work on its memory, instead of one writer alone. */
  final boolean shared;
  final Form form;
  /** Null for an add without a key, until the answer names it. */
  @Nullable
  MemoryId memory;
  final @Nullable String key;
  final String token;
  final @Nullable OperationId expected;
  final boolean setsContent;
  /** When the driver read this request, as a line number over all victims. */
  final long askedAt;

  // The answer.
  Answer answer = Answer.NONE;
  long answeredAt = Long.MAX_VALUE;
  /**
   * The operation's id if the answer names it. For a duplicate or a deleted memory: the id of the state that was found.
   */
  @Nullable
  OperationId op;
  int version;

  /**
   * The process that sent the request.
   *
   * @param number counts all victims
   * @param lane names the writers' own scopes: the victims of one lane follow one another, with the same memories
   */
  record Source(int number, char lane) {}

  /**
   * A request, before it is sent.
   *
   * @param name no other request has it
   * @param shared whether all writers of all victims work on its memory, instead of one writer alone
   * @param memory null for an add without a key
   * @param token a word that occurs in no other request, except in retries of this one
   */
  record Request(String name, Source source, int writer, boolean shared, Form form, @Nullable MemoryId memory,
      @Nullable String key, String token, @Nullable OperationId expected, boolean setsContent) {}

  Attempt(Request request, long askedAt) {
    this.name = request.name;
    this.source = request.source;
    this.writer = request.writer;
    this.shared = request.shared;
    this.form = request.form;
    this.memory = request.memory;
    this.key = request.key;
    this.token = request.token;
    this.expected = request.expected;
    this.setsContent = request.setsContent;
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
    return "line " + askedAt + ": " + name + " asks for " + form + " of " + (memory == null ? "a new memory" : memory)
        + (key == null ? "" : " key " + key) + " token " + token + (expected == null ? "" : " expecting " + expected)
        + (answer == Answer.NONE
            ? ": not answered"
            : "; line " + answeredAt + ": " + answer + " op " + op + " version " + version);
  }
}
