package dev.memlane.testing.fuzz;

import java.util.List;

/**
 * A parser and its promises for any input: it accepts the input, and then reads it back the same after writing it, or
 * refuses it with a plain message ({@link Refusals}); it ends within bounded time and memory.
 *
 * <p>
 * An implementation is a public class with a public constructor without arguments, next to the parser's tests. It is
 * named in the file {@code META-INF/services/dev.memlane.testing.fuzz.FuzzTarget} of these tests. It keeps no state
 * from one input to the next, because a failure must be repeatable from the input alone. Used by one thread.
 */
public interface FuzzTarget extends AutoCloseable {

  /** The name by which a run selects it: one lower-case word. */
  String name();

  /** Inputs to begin with: valid ones of every kind, and some that are nearly valid. */
  List<byte[]> seeds();

  /** Words of the syntax, which mutations insert. */
  List<String> words();

  /**
   * Parses one input.
   *
   * @throws AssertionError if a promise is broken
   * @throws Exception any exception that the parser does not document is a broken promise, too
   */
  void check(byte[] input) throws Exception;

  /** Releases what the target holds. Does nothing unless overridden. */
  @Override
  default void close() {}
}
