package dev.memlane.storage.conversation;

import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.UUID;
import org.jdbi.v3.core.Handle;

/**
 * The store of how many tokens chat models were asked for on a day in UTC, which all processes on a database share.
 *
 * <p>
 * <b>Reserve, call, settle.</b> The most that a call may cost is reserved before it, in a transaction that locks the day's row.
 * So the reservations and the costs of a day are never above the limit together, however many calls begin at once. After the
 * call its reservation becomes its cost. A process that dies in between leaves its reservation, which counts until the day ends.
 *
 * <p>
 * <b>Repeats.</b> A reservation has an id, so reserving and settling may each run again after their answer was lost, with the
 * same result. The day is that of the database's clock, so processes with other clocks agree.
 *
 * <p>
 * All methods wait for the database, and throw a {@link StoreException} if it fails. Safe for use by several threads.
 */
public final class TokenBudgetStore {

  private static final int DAYS_KEPT = 31;
  private static final String TODAY = "cast(now() at time zone 'UTC' as date)";

  private final Database database;

  public TokenBudgetStore(Database database) {
    this.database = database;
  }

  /**
   * What became of a reservation.
   *
   * @param reserved whether it was made
   * @param used the tokens of the day, costs and reservations together
   * @param dayEnds when the next day begins
   */
  public record Reserved(boolean reserved, long used, Instant dayEnds) {}

  private record Day(LocalDate day, long tokens) {

    private Reserved answer(boolean reserved, long used) {
      return new Reserved(reserved, used, day.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant());
    }
  }

  /**
   * Reserves tokens of the present day, if there are as many left.
   *
   * @param id names the reservation
   * @param tokens at least 0
   * @param limit how many tokens the day may have
   */
  public Reserved reserve(UUID id, long tokens, long limit) {
    return RepeatableWrites.run(database, "reserving tokens of a chat model", handle -> handle.inTransaction(each -> {
      Day day = today(each);
      boolean repeated = each.createQuery("select 1 from token_reservation where id = :id").bind("id", id)
          .mapTo(Integer.class).findOne().isPresent();
      if (repeated) {
        return day.answer(true, day.tokens);
      }
      if (tokens > limit - day.tokens) {
        return day.answer(false, day.tokens);
      }
      int unused = each.createUpdate("insert into token_reservation (id, day, tokens) values (:id, :day, :tokens)")
          .bind("id", id).bind("day", day.day).bind("tokens", tokens).execute();
      int unusedToo = each.createUpdate("update token_day set tokens = tokens + :tokens where day = :day")
          .bind("day", day.day).bind("tokens", tokens).execute();
      return day.answer(true, day.tokens + tokens);
    }));
  }

  /** The present day's row, locked. */
  private static Day today(Handle handle) {
    boolean first = handle
        .execute("insert into token_day (day, tokens) values (" + TODAY + ", 0) on conflict do nothing") > 0;
    if (first) {
      int unused = handle.execute("delete from token_day where day < " + TODAY + " - " + DAYS_KEPT);
      int unusedToo = handle.execute("delete from token_reservation where day < " + TODAY + " - " + DAYS_KEPT);
    }
    return handle.createQuery("select day, tokens from token_day where day = " + TODAY + " for update")
        .map((row, context) -> new Day(row.getObject("day", LocalDate.class), row.getLong("tokens"))).one();
  }

  /**
   * Puts what a call has cost in the place of its reservation, on the day of the reservation. Does nothing if there is no such
   * reservation.
   *
   * @param cost in tokens; at least 0, and possibly more than was reserved
   */
  public void settle(UUID id, long cost) {
    int unused = RepeatableWrites.run(database, "settling tokens of a chat model", handle -> handle.createUpdate("""
        with r as (delete from token_reservation where id = :id returning day, tokens)
        update token_day d set tokens = greatest(0, d.tokens - r.tokens + :cost) from r where d.day = r.day""")
        .bind("id", id).bind("cost", cost).execute());
  }

  /** The tokens of the present day, costs and reservations together. */
  public long used() {
    return database.readNow("reading the tokens of a chat model", handle -> handle
        .createQuery("select tokens from token_day where day = " + TODAY).mapTo(Long.class).findOne().orElse(0L));
  }

  @Override
  public String toString() {
    return "TokenBudgetStore[" + database + "]";
  }
}
