package dev.memlane.extraction;

import dev.memlane.model.MemlaneException;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The chat model was not asked, because a {@link TokenBudget} of the day is used up. The message says when a new one begins. */
public final class BudgetUsedUpException extends MemlaneException {

  private final Instant until;
  private final long used;
  private final long limit;

  BudgetUsedUpException(Instant until, long used, long limit) {
    this(until, used, limit, null);
  }

  private BudgetUsedUpException(Instant until, long used, long limit, @Nullable Throwable cause) {
    super(String.format(Locale.ROOT,
        "the budget of %,d tokens a day is used up, with %,d that are used or reserved; it begins anew "
            + "at %s, or raise it",
        limit, used, until), cause);
    this.until = until;
    this.used = used;
    this.limit = limit;
  }

  /** When the next day begins, and with it a new budget. */
  public Instant until() {
    return until;
  }

  long used() {
    return used;
  }

  long limit() {
    return limit;
  }

  @Override
  public BudgetUsedUpException copy() {
    return new BudgetUsedUpException(until, used, limit, this);
  }
}
