package dev.memlane.extraction;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.storage.conversation.TokenBudgetStore;
import dev.memlane.storage.conversation.TokenBudgetStore.Reserved;
import dev.memlane.storage.postgres.Database;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * How many tokens a chat model may cost: on a day in UTC, and for one call. All processes with a budget on the same database share
 * what is used on a day, each with its own limit.
 *
 * <pre>{@code
 * TokenBudget budget = TokenBudget.in(database).withTokensADay(2_000_000).withTokensACall(40_000);
 * MemoryExtractor extractor = MemoryExtractor.builder(memory, database, model).budget(budget).build();
 * }</pre>
 *
 * <p>
 * <b>The day.</b> A day in UTC, by the database's clock. Providers report use by UTC days, the end of a day is known exactly, and
 * one row counts it. The hours around midnight may cost the budget of two days.
 *
 * <p>
 * <b>A call.</b> Before a call, the most that it may cost is reserved: a cautious estimate of the question's tokens, plus the limit of
 * the answer. After the call, the server's count replaces the reservation; if the server does not count, the reservation stays. So
 * concurrent calls exceed a day's limit at most by the error of the estimates. If the tokens that a call lacks are reserved by other
 * calls of the same object, it waits for those, as long as it would wait for an answer of the model.
 *
 * <p>
 * <b>Failures.</b> A call that the endpoint refused, or that could not reach it, costs nothing. A call that got no answer in time, or
 * failed in another way, may have been billed and keeps its reservation. So does a call of a process that died, until the day ends.
 *
 * <p>
 * Only the number of calls in flight changes. Safe for use by several threads.
 */
public final class TokenBudget {

  private final TokenBudgetStore store;
  private final long aDay;
  private final long aCall;
  private final InFlight inFlight;

  private TokenBudget(TokenBudgetStore store, long aDay, long aCall, InFlight inFlight) {
    this.store = store;
    this.aDay = aDay;
    this.aCall = aCall;
    this.inFlight = inFlight;
  }

  /**
   * Returns a budget without limits, which counts what is used.
   *
   * @param database stays open
   */
  public static TokenBudget in(Database database) {
    return new TokenBudget(new TokenBudgetStore(Objects.requireNonNull(database, "database")), Long.MAX_VALUE,
        Long.MAX_VALUE, new InFlight());
  }

  /** Returns this budget with another limit for a day in UTC; at least 1. */
  public TokenBudget withTokensADay(long tokens) {
    return new TokenBudget(store, positive("a day", tokens), aCall, inFlight);
  }

  /** Returns this budget with another limit for the most that one call may cost, question and answer together; at least 1. */
  public TokenBudget withTokensACall(long tokens) {
    return new TokenBudget(store, aDay, positive("a call", tokens), inFlight);
  }

  private static long positive(String per, long tokens) {
    if (tokens < 1) {
      throw new InvalidInputException("the tokens " + per + " are " + tokens + "; they must be at least 1");
    }
    return tokens;
  }

  /**
   * The tokens that are used on the present day, with those that are reserved. It waits for the database.
   *
   * @throws StoreException if the database can't be read
   */
  public long usedToday() {
    return store.used();
  }

  /** The most that one call may cost. */
  long mostACall() {
    return Math.min(aDay, aCall);
  }

  /**
   * Reserves the tokens of a call. It waits while calls of this object are in the way.
   *
   * @param tokens at most {@link #mostACall()}
   * @param patience how long to wait for those calls, all in all
   * @throws BudgetUsedUpException if the day has not as many left, or calls are still in the way after that time
   * @throws StoreException if the database can't be written
   */
  Reservation reserve(long tokens, Duration patience) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      long seen = inFlight.settled();
      UUID id = UUID.randomUUID();
      inFlight.begin();
      boolean made = false;
      Reserved reserved;
      try {
        reserved = store.reserve(id, tokens, aDay);
        made = reserved.reserved();
      } finally {
        if (!made) {
          inFlight.withdraw();
        }
      }
      if (made) {
        return new Reservation(id);
      }
      if (!inFlight.awaitSettled(seen, end)) {
        throw new BudgetUsedUpException(reserved.dayEnds(), reserved.used(), aDay);
      }
    }
  }

  /** The tokens of one call under way. For use by one thread. */
  final class Reservation {

    private final UUID id;

    private Reservation(UUID id) {
      this.id = id;
    }

    /**
     * The call has ended.
     *
     * @param cost in tokens; negative if nobody knows it, and then what was reserved counts
     */
    void end(long cost) {
      try {
        if (cost >= 0) {
          store.settle(id, cost);
        }
      } catch (StoreException e) {
        // What has been answered is worth more than the rest of the reservation.
        System.getLogger(TokenBudget.class.getName()).log(System.Logger.Level.WARNING,
            "what a call of a chat model has cost could not be written; the budget of the day counts its estimate", e);
      } finally {
        inFlight.end();
      }
    }
  }

  /** How many calls of this process are in flight. Safe for use by several threads. */
  private static final class InFlight {

    /** Those whose reservation is being tried count as well, so that none which was just made is overlooked. */
    @GuardedBy("this")
    private int calls;
    @GuardedBy("this")
    private long settled;

    private synchronized long settled() {
      return settled;
    }

    private synchronized void begin() {
      calls++;
    }

    private synchronized void withdraw() {
      calls--;
      notifyAll();
    }

    private synchronized void end() {
      calls--;
      settled++;
      notifyAll();
    }

    /**
     * Waits for the end of a call; false if none has ended since, and none is in flight or the time is over.
     *
     * @param seen how many had ended before
     * @param end until when to wait, by {@link System#nanoTime}
     */
    private synchronized boolean awaitSettled(long seen, long end) throws InterruptedException {
      for (long left = end - System.nanoTime(); settled == seen && calls > 0
          && left > 0; left = end - System.nanoTime()) {
        // Rounded up: zero would wait for ever.
        TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, TimeUnit.MILLISECONDS.toNanos(1)));
      }
      return settled != seen;
    }
  }
}
