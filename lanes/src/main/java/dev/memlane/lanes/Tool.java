package dev.memlane.lanes;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Something that a model can call. Immutable.
 *
 * <pre>{@code
 * Tool.of("read_file", (String file) -> Files.readString(Path.of(file))).lane("query").idempotent(true)
 *     .accessing(file -> Access.reads(Path.of(file).toAbsolutePath().normalize().toString()))
 * }</pre>
 *
 * <p>
 * Unless it says otherwise, it runs in lane {@code execute}, once, and is taken to read and write anything, so that it keeps
 * its place among the others.
 *
 * @param <A> what the arguments are, such as parsed JSON
 * @param <R> what the results are, such as text
 */
public final class Tool<A, R> {

  /** What a tool does with a call. */
  @FunctionalInterface
  public interface Handler<A, R> {
    R call(A arguments) throws Exception;
  }

  /** What a tool does with calls that come together. */
  @FunctionalInterface
  public interface BatchHandler<A, R> {

    /**
     * @return for each of the arguments, in their order, what returns its result, or throws why there is none
     * @throws Exception if all have failed
     */
    List<Callable<R>> call(List<A> arguments) throws Exception;
  }

  /** Who does it. */
  sealed interface Work<A, R> {

    record OneByOne<A, R>(Handler<A, R> handler) implements Work<A, R> {}

    record Together<A, R>(BatchHandler<A, R> handler) implements Work<A, R> {}

    record Outside<A, R>(Class<R> type) implements Work<A, R> {}
  }

  private final String name;
  private final Work<A, R> work;
  private final String lane;
  private final boolean idempotent;
  private final Function<A, Access> access;
  private final @Nullable Duration within;

  private Tool(String name, Work<A, R> work, String lane, boolean idempotent, Function<A, Access> access,
      @Nullable Duration within) {
    this.name = Objects.requireNonNull(name, "name");
    this.work = work;
    this.lane = lane;
    this.idempotent = idempotent;
    this.access = access;
    this.within = within;
  }

  private Tool(String name, Work<A, R> work) {
    this(name, work, "execute", false, arguments -> Access.everything(), null);
  }

  /** A tool that is run for each call. */
  public static <A, R> Tool<A, R> of(String name, Handler<A, R> handler) {
    return new Tool<>(name, new Work.OneByOne<>(Objects.requireNonNull(handler, "handler")));
  }

  /**
   * A tool that is run once for all calls of it that can go at the same time. If every call fails, and none by a
   * {@link ToolException}, the whole has failed, with what the first one threw: it is tried again if it is idempotent, and kept as a dead
   * letter. If only some fail, they alone do, and are not kept.
   */
  public static <A, R> Tool<A, R> batched(String name, BatchHandler<A, R> handler) {
    return new Tool<>(name, new Work.Together<>(Objects.requireNonNull(handler, "handler")));
  }

  /** A tool whose calls wait for a worker outside, who is given the arguments; see {@link LaneExecutor#outside()}. */
  public static <A, R> Tool<A, R> outside(String name, Class<R> type) {
    return new Tool<>(name, new Work.Outside<>(Task.boxed(type)));
  }

  /** Where it runs. */
  public Tool<A, R> lane(String lane) {
    return new Tool<>(name, work, lane, idempotent, access, within);
  }

  /** Says whether running it twice does no more than running it once, so that it may be tried again. */
  public Tool<A, R> idempotent(boolean idempotent) {
    return new Tool<>(name, work, lane, idempotent, access, within);
  }

  /** Says what a call reads and writes, by its arguments. */
  public Tool<A, R> accessing(Function<A, Access> access) {
    return new Tool<>(name, work, lane, idempotent, access, within);
  }

  /**
   * With so long from a call's submission until it has to be done.
   *
   * @throws IllegalArgumentException if the time is not longer than nothing
   */
  public Tool<A, R> within(Duration within) {
    if (!within.isPositive()) {
      throw new IllegalArgumentException("tool " + name + ": within is " + within + "; it must be longer than nothing");
    }
    return new Tool<>(name, work, lane, idempotent, access, within);
  }

  /** What calls name it by. */
  public String name() {
    return name;
  }

  /** Where it runs. */
  public String lane() {
    return lane;
  }

  public boolean idempotent() {
    return idempotent;
  }

  /** What a call with these arguments reads and writes. */
  public Access access(A arguments) {
    return access.apply(arguments);
  }

  @Nullable
  Duration within() {
    return within;
  }

  Work<A, R> work() {
    return work;
  }

  @Override
  public String toString() {
    return "Tool[" + name + " in lane " + lane + "]";
  }
}
