package dev.memlane.storage.conversation;

import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The store of how far conversations are remembered: a cursor for each, the slices under way, and what a model has answered
 * for them. It knows nothing of what is asked.
 *
 * <p>
 * <b>Slices.</b> A conversation is remembered in slices, one after the other. A slice begins at the cursor, and where it ends
 * is fixed by whoever begins it first. When it is done, the cursor moves past it and its row goes, together. A slice that
 * can't be done becomes a dead letter, and the cursor moves as well. Every such change locks the conversation's row first, so
 * no slice begins past the cursor, and none of a conversation that is being deleted.
 *
 * <p>
 * <b>Answers.</b> The first answer to a step is kept, and everybody gets that one. An answer needs its slice's row, so one
 * that comes after the slice has ended is not kept.
 *
 * <p>
 * <b>Repeats.</b> Each change may run again after its answer was lost, with the same result, and is repeated a few times here.
 * All methods wait for the database, and throw a {@link StoreException} if it fails. Safe for use by several threads.
 */
public final class RememberingStore {

  /** The longest answer that is kept, in characters. */
  public static final int LONGEST_ANSWER = 1_000_000;
  /** The most slices under way, and dead letters, that one call returns. */
  public static final int MOST_SLICES = 1_000;

  private static final int LONGEST_FAILURE = 1_000;
  private static final String SLICE = "c.user_id, c.agent_id, c.run_id, s.conversation, s.after_position, s.last_position";

  private final Database database;

  public RememberingStore(Database database) {
    this.database = database;
  }

  /**
   * How far a conversation is remembered.
   *
   * @param number the conversation's number
   * @param remembered the position of the last message of the slices that have ended; 0 for none
   * @param last the position of the conversation's newest message
   * @param underWay the slices under way, in order; at most {@value #MOST_SLICES}
   */
  public record Progress(long number, long remembered, long last, List<RememberedSlice> underWay) {

    public Progress {
      underWay = List.copyOf(underWay);
    }
  }

  /** How far a conversation is remembered; empty if there is none of this scope. */
  public Optional<Progress> progress(Scope conversation) {
    ScopeCondition scope = ScopeCondition.exactly(conversation);
    return database.readNow("reading how far a conversation is remembered", handle -> {
      List<Progress> rows = scope.bind(handle.createQuery("""
          select c.id, c.remembered, c.last_position as newest, s.after_position, s.last_position from (
            select id, remembered, last_position from conversation where not deleted and %s
          ) c left join remembered_slice s on s.conversation = c.id and s.state = 1
          order by s.after_position limit :limit""".formatted(scope.sql()))).bind("limit", MOST_SLICES)
          .map((row, context) -> {
            long number = row.getLong("id");
            long after = row.getLong("after_position");
            List<RememberedSlice> slice = row.wasNull()
                ? List.of()
                : List.of(new RememberedSlice(conversation, number, after, row.getLong("last_position")));
            return new Progress(number, row.getLong("remembered"), row.getLong("newest"), slice);
          }).list();
      if (rows.isEmpty()) {
        return Optional.empty();
      }
      Progress any = rows.getFirst();
      return Optional.of(new Progress(any.number, any.remembered, any.last,
          rows.stream().flatMap(row -> row.underWay.stream()).toList()));
    });
  }

  /**
   * Begins a slice at the cursor, or joins the one that somebody else has begun there.
   *
   * @param slice with the end that it is to have
   * @return the slice with the end that it has; empty if the cursor is elsewhere meanwhile, or the conversation is gone
   */
  public Optional<RememberedSlice> begin(RememberedSlice slice) {
    return RepeatableWrites.run(database, "beginning to remember a conversation", handle -> {
      int unused = handle.createUpdate("""
          with c as (
            select id from conversation where id = :conversation and not deleted and remembered = :after for update
          )
          insert into remembered_slice (conversation, after_position, last_position, state)
          select id, :after, :last, 1 from c on conflict do nothing""").bind("conversation", slice.number())
          .bind("after", slice.after()).bind("last", slice.last()).execute();
      // A statement of its own, which sees what the first one has waited for.
      return handle.createQuery("select last_position from remembered_slice "
          + "where conversation = :conversation and after_position = :after and state = 1")
          .bind("conversation", slice.number()).bind("after", slice.after()).mapTo(Long.class).findOne()
          .map(last -> new RememberedSlice(slice.conversation(), slice.number(), slice.after(), last));
    });
  }

  /** The answers that are kept for a slice, by step and attempt. */
  public List<RememberedAnswer> answers(RememberedSlice slice) {
    return database.readNow("reading what a model has answered", handle -> answers(handle, slice));
  }

  private static List<RememberedAnswer> answers(Handle handle, RememberedSlice slice) {
    return handle.createQuery("select step, attempt, shown, answer, ended from remembered_answer "
        + "where conversation = :conversation and after_position = :after order by step, attempt")
        .bind("conversation", slice.number()).bind("after", slice.after()).map((row, context) -> answer(row)).list();
  }

  private static RememberedAnswer answer(ResultSet row) throws SQLException {
    return new RememberedAnswer(row.getString("step"), row.getInt("attempt"), row.getString("shown"),
        row.getString("answer"), end(row.getInt("ended")));
  }

  /**
   * Keeps an answer, unless there is one already.
   *
   * @param answer its texts are storable, without NUL characters and unpaired surrogates, and have at most
   * {@value #LONGEST_ANSWER} characters
   * @return the answer that is kept, this one or an earlier one; empty if the slice has ended meanwhile
   */
  public Optional<RememberedAnswer> keep(RememberedSlice slice, RememberedAnswer answer, Instant at) {
    return RepeatableWrites.run(database, "keeping what a model has answered",
        handle -> keep(handle, slice, answer, at));
  }

  /**
   * Keeps answers of several slices as {@link #keep} does, either all or, if it fails, none. One whose slice has ended meanwhile
   * is left out.
   */
  public void keepAll(Map<RememberedSlice, RememberedAnswer> answers, Instant at) {
    // In one order for everybody, so that nobody waits in a circle.
    List<Map.Entry<RememberedSlice, RememberedAnswer>> ordered = answers.entrySet().stream().sorted(Comparator
        .comparingLong((Map.Entry<RememberedSlice, RememberedAnswer> entry) -> entry.getKey().number())
        .thenComparingLong(entry -> entry.getKey().after())).toList();
    boolean unusedAnswer = RepeatableWrites.run(database, "keeping what a model has answered",
        handle -> handle.inTransaction(each -> {
          for (Map.Entry<RememberedSlice, RememberedAnswer> entry : ordered) {
            Optional<RememberedAnswer> unused = keep(each, entry.getKey(), entry.getValue(), at);
          }
          return true;
        }));
  }

  private static Optional<RememberedAnswer> keep(Handle handle, RememberedSlice slice, RememberedAnswer answer,
      Instant at) {
    int unused = handle.createUpdate("""
        with s as (
          select conversation, after_position from remembered_slice
          where conversation = :conversation and after_position = :after and state = 1 for share
        )
        insert into remembered_answer (conversation, after_position, step, attempt, shown, answer, ended, answered_at)
        select conversation, after_position, :step, :attempt, :shown, :answer, :ended, cast(:at as timestamptz)
        from s on conflict do nothing""").bind("conversation", slice.number()).bind("after", slice.after())
        .bind("step", answer.step()).bind("attempt", answer.attempt()).bind("shown", answer.shown())
        .bind("answer", answer.answer()).bind("ended", number(answer.end()))
        .bind("at", at.truncatedTo(ChronoUnit.MICROS)).execute();
    return handle.createQuery("select step, attempt, shown, answer, ended from remembered_answer "
        + "where conversation = :conversation and after_position = :after and step = :step and attempt = :attempt")
        .bind("conversation", slice.number()).bind("after", slice.after()).bind("step", answer.step())
        .bind("attempt", answer.attempt()).map((row, context) -> answer(row)).findOne();
  }

  /** Ends a slice that is done: the cursor moves past it, and nothing is kept of it. */
  public void finish(RememberedSlice slice) {
    end("ending a slice of a conversation", slice, handle -> {
      int unused = handle.createUpdate("""
          with s as (
            delete from remembered_slice where conversation = :conversation and after_position = :after and state = 1
            returning conversation, after_position
          )
          delete from remembered_answer a using s
          where a.conversation = s.conversation and a.after_position = s.after_position""")
          .bind("conversation", slice.number()).bind("after", slice.after()).execute();
    });
  }

  /**
   * Ends a slice that can't be done: it becomes a dead letter with its answers, and the cursor moves past it.
   *
   * @param step the step whose answers were no use
   * @param failure why; it goes with the slice
   */
  public void bury(RememberedSlice slice, String step, String failure, Instant at) {
    String shortened = failure.length() <= LONGEST_FAILURE ? failure : failure.substring(0, LONGEST_FAILURE);
    end("writing a dead letter", slice, handle -> {
      int unused = handle.createUpdate("""
          update remembered_slice set state = 2, failed_step = :step, failure = :failure,
            failed_at = cast(:at as timestamptz)
          where conversation = :conversation and after_position = :after and state = 1""")
          .bind("conversation", slice.number()).bind("after", slice.after()).bind("step", step)
          .bind("failure", shortened).bind("at", at.truncatedTo(ChronoUnit.MICROS)).execute();
    });
  }

  private static int number(RememberedAnswer.End end) {
    return switch (end) {
      case COMPLETE -> 1;
      case CUT_OFF -> 2;
      case REFUSED -> 3;
    };
  }

  private static RememberedAnswer.End end(int number) {
    return switch (number) {
      case 1 -> RememberedAnswer.End.COMPLETE;
      case 2 -> RememberedAnswer.End.CUT_OFF;
      case 3 -> RememberedAnswer.End.REFUSED;
      default -> throw new StoreException("an answer of a model ends in a way " + number
          + ", written by a newer version of Memlane; use that version", null);
    };
  }

  /** Moves the cursor past a slice, if it is at its beginning, and does something with the slice. */
  private void end(String what, RememberedSlice slice, HandleConsumer<RuntimeException> change) {
    boolean unusedAnswer = RepeatableWrites.run(database, what, handle -> handle.inTransaction(each -> {
      // First of all, because whoever begins a slice locks the conversation and then waits for the slice.
      Optional<Long> cursor = each
          .createQuery("select remembered from conversation where id = :conversation for update")
          .bind("conversation", slice.number()).mapTo(Long.class).findOne();
      if (cursor.isPresent() && cursor.get() == slice.after()) {
        int unused = each.createUpdate("update conversation set remembered = :last where id = :conversation")
            .bind("conversation", slice.number()).bind("last", slice.last()).execute();
      }
      change.useHandle(each);
      return true;
    }));
  }

  /**
   * The dead letters, the newest first.
   *
   * @param within those of conversations that this scope matches; null for all
   * @param limit how many at most, 1 to {@value #MOST_SLICES}
   */
  public List<UnrememberedSlice> deadLetters(@Nullable Scope within, int limit) {
    ScopeCondition scope = within == null ? ScopeCondition.any() : ScopeCondition.within(within);
    return database.readNow("reading dead letters", handle -> {
      List<UnrememberedSlice> found = new ArrayList<>();
      scope.bind(handle.createQuery("select " + SLICE + """
          , s.failed_step, s.failure, s.failed_at
          from remembered_slice s join conversation c on c.id = s.conversation
          where s.state = 2 and not c.deleted and""" + " " + scope.sql() + " order by s.failed_at desc limit :limit"))
          .bind("limit", Math.min(limit, MOST_SLICES)).map((row, context) -> {
            RememberedSlice slice = slice(row);
            return new UnrememberedSlice(slice, row.getString("failed_step"), row.getString("failure"),
                row.getObject("failed_at", OffsetDateTime.class).toInstant(), List.of());
          }).forEach(found::add);
      return found.stream().map(dead -> new UnrememberedSlice(dead.slice(), dead.step(), dead.failure(),
          dead.failedAt(), answers(handle, dead.slice()))).toList();
    });
  }

  private static RememberedSlice slice(ResultSet row) throws SQLException {
    return new RememberedSlice(new Scope(row.getString("user_id"), row.getString("agent_id"), row.getString("run_id")),
        row.getLong("conversation"), row.getLong("after_position"), row.getLong("last_position"));
  }

  /**
   * Puts a dead letter under way again, without the answers of the step that failed.
   *
   * @return false if there is no such dead letter
   */
  public boolean revive(RememberedSlice slice) {
    return RepeatableWrites.run(database, "reviving a dead letter", handle -> handle.createUpdate("""
        with s as (
          select conversation, after_position, failed_step from remembered_slice
          where conversation = :conversation and after_position = :after and state = 2 for update
        ), a as (
          delete from remembered_answer a using s
          where a.conversation = s.conversation and a.after_position = s.after_position and a.step = s.failed_step
        )
        update remembered_slice r set state = 1, failed_step = null, failure = null, failed_at = null
        from s where r.conversation = s.conversation and r.after_position = s.after_position""")
        .bind("conversation", slice.number()).bind("after", slice.after()).execute()) > 0;
  }

  /**
   * Destroys a dead letter with all that is kept of it.
   *
   * @return false if there is no such dead letter
   */
  public boolean drop(RememberedSlice slice) {
    return RepeatableWrites.run(database, "dropping a dead letter", handle -> handle.createQuery("""
        with s as (
          delete from remembered_slice where conversation = :conversation and after_position = :after and state = 2
          returning conversation, after_position
        ), a as (
          delete from remembered_answer a using s
          where a.conversation = s.conversation and a.after_position = s.after_position
        )
        select count(*) from s""").bind("conversation", slice.number()).bind("after", slice.after())
        .mapTo(Long.class).one()) > 0;
  }

  @Override
  public String toString() {
    return "RememberingStore[" + database + "]";
  }
}
