package dev.memlane.server.internal.api;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.Progress;
import dev.memlane.server.internal.http.Problems;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The long work that requests ask for: what runs, with its progress, and the last that ended. It is in memory, so it begins
 * empty with the server. Safe for use by several threads.
 */
public final class Jobs {

  private static final int MOST_ENDED = 100;

  /** A piece of work. */
  @FunctionalInterface
  public interface Work<T> {
    T run(Progress progress) throws IOException;
  }

  /**
   * A job as it is reported.
   *
   * @param scope the scope that it is about; null if it is about everything
   * @param state running, done or failed
   * @param total how many items there are, perhaps an estimate; 0 if it is not known
   * @param endedAt null while it runs
   * @param result what it answered; null unless it is done
   * @param problem why it failed; null unless it has
   */
  public record Job(String kind, @Nullable Scope scope, String state, long done, long total, Instant startedAt,
      @Nullable Instant endedAt, @Nullable Object result, @Nullable String problem) {}

  /** A job that runs. */
  private static final class Running implements Progress {

    private final String kind;
    private final @Nullable Scope scope;
    private final Instant startedAt = Instant.now();
    private volatile long done;
    private volatile long total;

    Running(String kind, @Nullable Scope scope) {
      this.kind = kind;
      this.scope = scope;
    }

    @Override
    public void at(long nowDone, long nowTotal) {
      done = nowDone;
      total = Math.max(0, nowTotal);
    }

    Job now() {
      return new Job(kind, scope, "running", done, total, startedAt, null, null, null);
    }

    Job ended(@Nullable Object result, @Nullable String problem) {
      return new Job(kind, scope, problem == null ? "done" : "failed", done, total, startedAt, Instant.now(), result,
          problem);
    }
  }

  @GuardedBy("this")
  private final Set<Running> running = new LinkedHashSet<>();

  @GuardedBy("this")
  private final Deque<Job> ended = new ArrayDeque<>();

  /** Does a piece of work in this thread, and reports it meanwhile and afterwards, with its result. */
  public <T> T run(String kind, @Nullable Scope scope, Work<T> work) throws IOException {
    return run(kind, scope, work, result -> result);
  }

  /**
   * Does a piece of work in this thread, and reports it meanwhile and afterwards.
   *
   * @param reported what is reported of the result: it is kept, so it must not say what users have said
   */
  public <T> T run(String kind, @Nullable Scope scope, Work<T> work, Function<T, ?> reported) throws IOException {
    Running job = new Running(kind, scope);
    synchronized (this) {
      running.add(job);
    }
    try {
      T result = work.run(job);
      end(job, job.ended(reported.apply(result), null));
      return result;
    } catch (IOException | RuntimeException | Error e) {
      end(job, job.ended(null, Problems.of(e).detail()));
      throw e;
    }
  }

  private synchronized void end(Running job, Job result) {
    running.remove(job);
    ended.addFirst(result);
    if (ended.size() > MOST_ENDED) {
      ended.removeLast();
    }
  }

  /** What runs, the oldest first, and then what ended, the last first. */
  public synchronized List<Job> list() {
    List<Job> all = new ArrayList<>();
    running.forEach(job -> all.add(job.now()));
    all.addAll(ended);
    return all;
  }
}
