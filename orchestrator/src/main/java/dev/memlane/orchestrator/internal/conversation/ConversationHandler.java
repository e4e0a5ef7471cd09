package dev.memlane.orchestrator.internal.conversation;

import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InDoubtException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageImportOutcome;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ConversationStore;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.write.Admission;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The handler of conversations: admits changes like other writes, and repeats a change whose answer was lost until its
 * deadline, so that its caller gets the truth. Repeating is safe, because messages have ids. Safe for use by several threads.
 */
public final class ConversationHandler {

  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final int TRIES = 3;

  private final @Nullable ConversationStore store;
  private final Environment environment;
  private final Admission admission;
  private final Duration patience;

  /**
   * @param store null if the orchestrator's stores have none
   * @param patience how long a change may take
   */
  public ConversationHandler(@Nullable ConversationStore store, Environment environment, Admission admission,
      Duration patience) {
    this.store = store;
    this.environment = environment;
    this.admission = admission;
    this.patience = patience;
  }

  public boolean hasStore() {
    return store != null;
  }

  /**
   * The store.
   *
   * @throws InvalidInputException if there is none
   */
  public ConversationStore store() {
    if (store == null) {
      throw new InvalidInputException("this memory was opened on stores of the application's own, without one for "
          + "conversations; give the builder one with conversations(...)");
    }
    return store;
  }

  public CompletableFuture<List<ConversationMessage>> append(Scope conversation, List<NewMessage> messages) {
    Instant at = environment.times().next();
    return change(() -> store().append(conversation, messages, at),
        "append the messages again under the same ids, which stores each of them once");
  }

  public CompletableFuture<Void> replaceWindow(Scope conversation, List<NewMessage> messages) {
    Instant at = environment.times().next();
    return change(() -> store().replaceWindow(conversation, messages, at), "replace the window again");
  }

  public CompletableFuture<Void> leaveWindow(Scope conversation, Collection<Long> positions) {
    return change(() -> store().leaveWindow(conversation, positions), "let the messages leave the window again");
  }

  public CompletableFuture<List<MessageImportOutcome>> restore(Scope conversation, List<ArchivedMessage> messages) {
    return change(() -> store().restore(conversation, messages), "import the messages again");
  }

  public CompletableFuture<Long> delete(Scope conversation) {
    return admit(() -> delete(() -> store().delete(conversation), TRIES));
  }

  /** Deletes all conversations that the scope matches; none if the orchestrator's stores have none. */
  public CompletableFuture<Long> deleteAll(Scope within) {
    ConversationStore present = store;
    return present == null
        ? CompletableFuture.completedFuture(0L)
        : admit(() -> delete(() -> present.deleteAll(within), TRIES));
  }

  /** Deletes without a deadline, because it takes as long as there are messages; each page has a bound of its own. */
  private CompletableFuture<Long> delete(Supplier<CompletableFuture<Long>> deletion, int triesLeft) {
    return deletion.get().exceptionallyComposeAsync(failed -> {
      Throwable failure = Futures.unwrap(failed);
      if (!(failure instanceof InDoubtException)) {
        return CompletableFuture.failedFuture(failure);
      }
      return triesLeft > 1
          ? environment.after(PAUSE, () -> delete(deletion, triesLeft - 1))
          : CompletableFuture.failedFuture(new InDoubtException("it is unknown how much of the conversations was "
              + "deleted (" + failure.getMessage() + "); delete them again", failure));
    }, environment.executor());
  }

  /** Removes what interrupted deletions have left. */
  public CompletableFuture<Long> sweep() {
    return store == null ? CompletableFuture.completedFuture(0L) : store.sweep();
  }

  /**
   * @param advice what to do if it remains unknown whether the change was done
   */
  private <T> CompletableFuture<T> change(Supplier<CompletableFuture<T>> change, String advice) {
    Instant deadline = environment.now().plus(patience);
    return admit(() -> attempt(change, advice, deadline, false));
  }

  private <T> CompletableFuture<T> admit(Supplier<CompletableFuture<T>> change) {
    return admission.admit(change, refusal -> {
      throw new StoreException(refusal, null);
    });
  }

  /**
   * @param inDoubt whether an attempt before may have done the change
   */
  private <T> CompletableFuture<T> attempt(
      Supplier<CompletableFuture<T>> change, String advice, Instant deadline, boolean inDoubt) {
    return environment.until(deadline, change.get()).exceptionallyComposeAsync(failed -> {
      Throwable failure = Futures.unwrap(failed);
      boolean late = environment.isPast(deadline);
      boolean unknown = failure instanceof InDoubtException || failure instanceof StoreException && (inDoubt || late);
      if (!unknown) {
        return CompletableFuture.failedFuture(failure);
      }
      return environment.isPast(deadline.minus(PAUSE))
          ? CompletableFuture.failedFuture(new InDoubtException("it is unknown whether the conversation was changed ("
              + failure.getMessage() + "); " + advice, failure))
          : environment.after(PAUSE, () -> attempt(change, advice, deadline, true));
    }, environment.executor());
  }
}
