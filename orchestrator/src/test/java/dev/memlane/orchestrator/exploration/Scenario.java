package dev.memlane.orchestrator.exploration;

import java.util.List;
import java.util.Locale;

/**
 * A few operations on one memory, begun by two processes. Those of one process run one after the other; those of
 * different processes interleave.
 *
 * @param memoryExists whether the memory exists before the run
 * @param writer the number of the process that only writes and has no index; or -1
 * @param shared whether the processes share one index
 */
record Scenario(String name, boolean memoryExists, List<Call> calls, int writer, boolean shared) {

  /** What a call does. */
  enum Kind {
    ADD, PUT, UPDATE, DELETE
  }

  /**
   * One call.
   *
   * @param process the number of the process that makes it
   * @param retryOf the index of the call that it repeats if that was not acknowledged; or -1
   * @param sameAs the index of the call whose memory it stores too; or -1 for a memory of its own
   * @param together whether it begins without waiting for the earlier calls of its process
   * @param erases whether a delete also purges the history
   */
  record Call(Kind kind, int process, int retryOf, int sameAs, boolean together, boolean erases) {

    private Call(Kind kind, int process) {
      this(kind, process, -1, -1, false, false);
    }

    String name() {
      return erases ? "erase" : kind.name().toLowerCase(Locale.ROOT);
    }

    static Call add(int process) {
      return new Call(Kind.ADD, process);
    }

    static Call put(int process) {
      return new Call(Kind.PUT, process);
    }

    static Call update(int process) {
      return new Call(Kind.UPDATE, process);
    }

    static Call delete(int process) {
      return new Call(Kind.DELETE, process);
    }

    static Call erase(int process) {
      return new Call(Kind.DELETE, process, -1, -1, false, true);
    }

    static Call retry(int process, int of) {
      return new Call(Kind.ADD, process, of, -1, false, false);
    }

    /** A put of the same memory, whatever became of the first one. */
    static Call putSame(int process, int as) {
      return new Call(Kind.PUT, process, -1, as, false, false);
    }

    /** A put of the same memory, if the first one was not acknowledged. */
    static Call retryPut(int process, int of) {
      return new Call(Kind.PUT, process, of, of, false, false);
    }

    /** The same call, begun without waiting for those before it. */
    Call atOnce() {
      return new Call(kind, process, retryOf, sameAs, true, erases);
    }
  }

  static final Scenario ADD = of("add", Call.add(0));
  static final Scenario UPDATE = on("update", Call.update(0));
  static final Scenario DELETE = on("delete", Call.delete(0));
  static final Scenario ADD_ADD = of("add | add", Call.add(0), Call.add(1));
  static final Scenario ADD_RETRY = of("add, its retry", Call.add(0), Call.retry(0, 0));
  static final Scenario ADD_RETRY_RETRY = of("add, its retry, the retry's retry", Call.add(0), Call.retry(0, 0),
      Call.retry(0, 1));
  static final Scenario ADD_RETRY_ADD = of("add, its retry | add", Call.add(0), Call.add(1), Call.retry(0, 0));
  static final Scenario ADDS_AT_ONCE = of("add & add in one process", Call.add(0), Call.add(0).atOnce());
  static final Scenario UPDATE_UPDATE = on("update | update", Call.update(0), Call.update(1));
  static final Scenario UPDATE_TWICE = on("update; update", Call.update(0), Call.update(0));
  static final Scenario UPDATES_AT_ONCE = on("update & update in one process", Call.update(0), Call.update(0).atOnce());
  static final Scenario THREE_UPDATES = on("update; update | update", Call.update(0), Call.update(0), Call.update(1));
  static final Scenario UPDATE_DELETE = on("update | delete", Call.update(0), Call.delete(1));
  static final Scenario DELETE_DELETE = on("delete | delete", Call.delete(0), Call.delete(1));
  static final Scenario ADD_UPDATE = of("add | update", Call.add(0), Call.update(1));
  static final Scenario ADD_DELETE_ADD = of("add | delete; add", Call.add(0), Call.delete(1), Call.add(1));
  static final Scenario ADD_UPDATE_ADD = of("add; update | add", Call.add(0), Call.update(0), Call.add(1));

  static final Scenario PUT = of("put where nothing is", Call.put(0));
  static final Scenario REPLACE = on("put", Call.put(0));
  static final Scenario PUT_PUT = on("put | put", Call.put(0), Call.put(1));
  static final Scenario PUT_SAME = of("put | the same put", Call.put(0), Call.putSame(1, 0));
  static final Scenario PUT_RETRY = on("put, its retry", Call.put(0), Call.retryPut(0, 0));
  static final Scenario PUTS_AT_ONCE = on("put & put in one process", Call.put(0), Call.put(0).atOnce());
  static final Scenario ADD_PUT = of("add | put", Call.add(0), Call.put(1));
  static final Scenario UPDATE_PUT = on("update | put", Call.update(0), Call.put(1));
  static final Scenario DELETE_PUT = on("delete | put", Call.delete(0), Call.put(1));

  static final Scenario ERASE = on("erase", Call.erase(0));
  static final Scenario UPDATE_ERASE = on("update | erase", Call.update(0), Call.erase(1));
  static final Scenario DELETE_ERASE = on("delete | erase", Call.delete(0), Call.erase(1));
  static final Scenario ADD_ERASE = of("add | erase", Call.add(0), Call.erase(1));

  static final Scenario WRITER_ADDS = ADD_RETRY.byWriter();
  static final Scenario WRITER_UPDATES = UPDATE_UPDATE.byWriter();
  static final Scenario WRITER_UPDATES_DELETED = UPDATE_DELETE.byWriter();
  static final Scenario WRITER_PUTS = PUT_PUT.byWriter();

  static final Scenario SHARED_ADD = ADD_RETRY.overOneIndex();
  static final Scenario SHARED_ADD_ADD = ADD_ADD.overOneIndex();
  static final Scenario SHARED_UPDATE = UPDATE.overOneIndex();
  static final Scenario SHARED_UPDATE_UPDATE = UPDATE_UPDATE.overOneIndex();
  static final Scenario SHARED_UPDATE_DELETE = UPDATE_DELETE.overOneIndex();
  static final Scenario SHARED_DELETE_PUT = DELETE_PUT.overOneIndex();
  static final Scenario SHARED_PUT_PUT = PUT_PUT.overOneIndex();
  static final Scenario SHARED_ERASE = UPDATE_ERASE.overOneIndex();

  static final List<Scenario> ALL = List.of(ADD, UPDATE, DELETE, ADD_ADD, ADD_RETRY, ADD_RETRY_RETRY, ADD_RETRY_ADD,
      ADDS_AT_ONCE,
      UPDATE_UPDATE, UPDATE_TWICE, UPDATES_AT_ONCE, THREE_UPDATES, UPDATE_DELETE, DELETE_DELETE, ADD_UPDATE,
      ADD_DELETE_ADD, ADD_UPDATE_ADD, PUT, REPLACE, PUT_PUT, PUT_SAME, PUT_RETRY, PUTS_AT_ONCE, ADD_PUT, UPDATE_PUT,
      DELETE_PUT, ERASE, UPDATE_ERASE, DELETE_ERASE, ADD_ERASE, WRITER_ADDS, WRITER_UPDATES, WRITER_UPDATES_DELETED,
      WRITER_PUTS, SHARED_ADD, SHARED_ADD_ADD, SHARED_UPDATE, SHARED_UPDATE_UPDATE, SHARED_UPDATE_DELETE,
      SHARED_DELETE_PUT, SHARED_PUT_PUT, SHARED_ERASE);

  private static Scenario of(String name, Call... calls) {
    return new Scenario(name, false, List.of(calls), -1, false);
  }

  private static Scenario on(String name, Call... calls) {
    return new Scenario(name, true, List.of(calls), -1, false);
  }

  /** The same, with a first process that only writes. */
  private Scenario byWriter() {
    return new Scenario(name + ", the first by a writer", memoryExists, calls, 0, false);
  }

  /** The same, over one index. */
  private Scenario overOneIndex() {
    return new Scenario(name + ", over one index", memoryExists, calls, writer, true);
  }

  @Override
  public String toString() {
    return name;
  }
}
