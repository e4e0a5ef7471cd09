package dev.memlane.lanes;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A tool that a model can call. Immutable.
 *
 * <pre>{@code
 * Tool.of("read_file", (String file) -> Files.readString(Path.of(file))).lane("query").idempotent(true)
 *     .accessing(file -> Access.reads(Path.of(file).toAbsolutePath().normalize().toString()))
 * }</pre>
 *
 * <p>
 * By default, its calls run in lane {@code execute}, once, and are assumed to read and write anything, so that they
 * keep their order with all other calls.
 *
 * @param <A> the type of the arguments, for example parsed JSON
 * @param <R> the type of the results, for example text
 */
public final class Tool<A, R> {

  /** The code that carries out one call. */
  @FunctionalInterface
  public interface Handler<A, R> {
    R call(A arguments) throws Exception;
  }

  /** The code that carries out several calls together. */
  @FunctionalInterface
  public interface BatchHandler<A, R> {

    /**
     * @return for each of the arguments, in order, an answer that returns the result or throws the failure
     * @throws Exception if all calls have failed
     */
    List<Callable<R>> call(List<A> arguments) throws Exception;
  }

  /** How calls are carried out. */
  sealed interface Work<A, R> {

    record Single<A, R>(Handler<A, R> handler) implements Work<A, R> {}

    record Batched<A, R>(BatchHandler<A, R> handler) implements Work<A, R> {}

    record External<A, R>(Class<R> type) implements Work<A, R> {}
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

  /** A tool whose handler is run once for each call. */
  public static <A, R> Tool<A, R> of(String name, Handler<A, R> handler) {
    return new Tool<>(name, new Work.Single<>(Objects.requireNonNull(handler, "handler")));
  }

  /**
   * A tool whose handler is run once for all its calls that may run at the same time. If every call fails, and none
   * by a {@link ToolException}, the batch has failed with the failure of the first call: it is retried if the tool is
   * idempotent, and then kept as a dead letter. If only some calls fail, the others succeed, and nothing is kept.
   */
  public static <A, R> Tool<A, R> batched(String name, BatchHandler<A, R> handler) {
    return new Tool<>(name, new Work.Batched<>(Objects.requireNonNull(handler, "handler")));
  }

  /**
   * A tool whose calls wait for an external worker, which receives the arguments as payload; see
   * {@link ExternalTasks}.
   */
  public static <A, R> Tool<A, R> external(String name, Class<R> type) {
    return new Tool<>(name, new Work.External<>(Task.boxed(type)));
  }

  /** This tool in another lane. */
  public Tool<A, R> lane(String lane) {
    return new Tool<>(name, work, lane, idempotent, access, within);
  }

  /**
   * This tool, declared idempotent or not: only a call that may run twice with the effect of running once is retried.
   */
  public Tool<A, R> idempotent(boolean idempotent) {
    return new Tool<>(name, work, lane, idempotent, access, within);
  }

  /** This tool with a function from the arguments of a call to what the call reads and writes. */
  public Tool<A, R> accessing(Function<A, Access> access) {
    return new Tool<>(name, work, lane, idempotent, access, within);
  }

  /**
   * This tool with a deadline for its calls, as a time after their submission.
   *
   * @throws IllegalArgumentException if the time is not positive
   */
  public Tool<A, R> within(Duration within) {
    if (!within.isPositive()) {
      throw new IllegalArgumentException("tool " + name + ": within is " + within + "; it must be positive");
    }
    return new Tool<>(name, work, lane, idempotent, access, within);
  }

  /** The name that calls use. */
  public String name() {
    return name;
  }

  /** The name of its lane. */
  public String lane() {
    return lane;
  }

  public boolean idempotent() {
    return idempotent;
  }

  /** The resources that a call with these arguments reads and writes. */
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
