package dev.memlane.extraction;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MessagePage;
import dev.memlane.storage.conversation.RememberedSlice;
import dev.memlane.storage.conversation.RememberingStore;
import dev.memlane.storage.conversation.RememberingStore.Progress;
import dev.memlane.storage.postgres.Database;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * An extractor of facts from conversations: it reads what is new in a conversation, by a chat model, and keeps the memories of
 * its scope up to date with it.
 *
 * <pre>{@code
 * try (MemoryExtractor extractor = MemoryExtractor.builder(memory, database, model).build()) {
 *   memory.conversations().append(chat, messages).join();
 *   RememberReport report = extractor.remember(chat).join();
 * }
 * }</pre>
 *
 * <p>
 * <b>Steps.</b> A conversation is remembered in slices, from a cursor on that is kept with it. For each, a model <i>extracts</i>
 * facts; the memories closest to them are <i>found</i>; the model <i>decides</i> in one call which are new, change a memory, or
 * are known; and that is <i>applied</i> by ordinary writes, in the conversation's scope without its run. A changed memory keeps
 * what it said before in its history. {@link Fact} says what is known of each.
 *
 * <p>
 * <b>What is promised</b>, across crashes and processes: each message is remembered once; an answer that was kept is not asked
 * for again; each fact is added once, and each change made once. An answer that is not valid is asked for once more; then the
 * slice is a dead letter, and the conversation goes on after it.
 *
 * <p>
 * <b>What it may cost</b> is set by a {@link TokenBudget}. When a day's budget is used up, a call stops and {@linkplain
 * RememberReport#pause() says so}; a question that may cost more than a call may makes its slice a dead letter.
 *
 * <p>
 * <b>What a model says is data.</b> It can only add facts to the conversation's own scope, and change those that it was shown
 * from there. It can delete nothing, and names no id, scope or key.
 *
 * <p>
 * Futures fail with a {@link MemlaneException}; calling again goes on where it stopped. Safe for use by several threads; no
 * method waits, except that closing does.
 */
public final class MemoryExtractor implements AutoCloseable {

  /** The longest instructions, in characters. */
  public static final int LONGEST_INSTRUCTIONS = 4_000;

  private final MemoryOrchestrator memory;
  private final RememberingStore store;
  private final ModelCalls model;
  private final UnaryOperator<String> redaction;
  private final InstantSource clock;
  private final Function<Scope, RememberMode> modes;
  private final Function<Scope, @Nullable String> instructions;
  private final Guidance guidance;
  private final Consumer<RememberReport> onSlice;
  private final int mostWaiting;
  private final Semaphore permits;
  private final WorkThreads threads;
  private final SliceCutter cutter;
  private final ConversationPacker packer;

  private final Object lock = new Object();
  /** For each conversation that is being remembered, the last call; the next one waits for it. */
  @GuardedBy("lock")
  private final Map<Scope, CompletableFuture<?>> underWay = new HashMap<>();
  @GuardedBy("lock")
  private int calls;
  @GuardedBy("lock")
  private boolean closed;

  MemoryExtractor(MemoryExtractorBuilder builder) {
    this.memory = builder.memory;
    this.store = new RememberingStore(builder.database);
    this.model = new ModelCalls(builder.model, builder.answerTokens, builder.patience, builder.budget);
    this.redaction = builder.redaction;
    this.clock = builder.clock;
    this.modes = builder.modes;
    this.instructions = builder.instructions;
    this.guidance = builder.guidance;
    this.onSlice = builder.onSlice;
    this.mostWaiting = builder.mostWaiting;
    this.threads = new WorkThreads("memlane-extraction-", "conversations were still being remembered", builder.grace);
    this.permits = new Semaphore(builder.concurrency);
    this.cutter = new SliceCutter(memory, builder.messagesPerCall, builder.charactersPerCall);
    this.packer = new ConversationPacker(builder, store, model, cutter, permits, threads, this::begin);
  }

  /**
   * Begins to build an extractor.
   *
   * @param memory stays open; the caller closes it after the extractor
   * @param database the memory's own database; stays open
   * @param model stays open
   */
  public static MemoryExtractorBuilder builder(MemoryOrchestrator memory, Database database, ChatModel model) {
    return new MemoryExtractorBuilder(Objects.requireNonNull(memory, "memory"),
        Objects.requireNonNull(database, "database"), Objects.requireNonNull(model, "model"));
  }

  /**
   * The scope in which the facts of a conversation are kept, found and changed: the conversation's without its run, or the
   * conversation's own if it has nothing else. Whoever may have a conversation remembered has to reach that scope.
   */
  public static Scope scopeOfFacts(Scope conversation) {
    return SliceRun.factsOf(conversation);
  }

  /** Remembers what is new in a conversation as {@link #remember(RememberRequest)}, as its scope has it. */
  public CompletableFuture<RememberReport> remember(Scope conversation) {
    return remember(conversation, null);
  }

  /**
   * Remembers what is new in a conversation as {@link #remember(RememberRequest)}.
   *
   * @param mode what becomes memories; null for the mode of its scope
   */
  public CompletableFuture<RememberReport> remember(Scope conversation, @Nullable RememberMode mode) {
    try {
      return remember(RememberRequest.of(conversation).withMode(mode));
    } catch (InvalidInputException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /**
   * Remembers what a conversation has had since it was last remembered, up to its newest message at the time of the call.
   * Calls for one conversation run one after the other. What was remembered in one mode, or under some instructions, is not read
   * again in another, or under others.
   *
   * @return what was remembered; empty if there is nothing new, or no such conversation. If the
   * budget of the day is used up, it says so and does not fail. Fails with a {@link ChatException} if
   * the model gives no answer, an {@link ExtractionException} if a fact can't be written now, or a {@link StoreException}
   */
  public CompletableFuture<RememberReport> remember(RememberRequest request) {
    try {
      RememberCall call = admit(request);
      begin(call, ModelUsage.NONE);
      return call.report();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /**
   * Remembers what is new in several conversations. Each is remembered as {@link #remember(RememberRequest)} does it. Before that,
   * short ones are read by the model together, so that there are fewer calls; {@link
   * MemoryExtractorBuilder#conversationsPerCall} says which, how many, and at what price.
   *
   * <p>
   * Conversations of one scope that were read together are remembered one after the other, in the order of the requests, and so are all
   * of one scope and the same instructions where {@link MemoryExtractorBuilder#concurrency} is 1. A call that
   * reads several conversations adds nothing that each of them would not have had by itself. What is promised stays. If
   * its answer is not valid, or there is none, each conversation is read alone. What it has cost is in the report of the first one.
   *
   * @return the reports in the order of the requests, each complete when its conversation is done
   */
  public List<CompletableFuture<RememberReport>> rememberAll(List<RememberRequest> requests) {
    List<CompletableFuture<RememberReport>> reports = new ArrayList<>();
    List<RememberCall> admitted = new ArrayList<>();
    for (RememberRequest request : requests) {
      try {
        RememberCall call = admit(request);
        reports.add(call.report());
        admitted.add(call);
      } catch (RuntimeException e) {
        reports.add(CompletableFuture.failedFuture(e));
      }
    }
    packer.begin(admitted);
    return List.copyOf(reports);
  }

  private RememberCall admit(RememberRequest request) {
    Scope conversation = request.conversation();
    RememberMode mode = request.mode() == null ? modes.apply(conversation) : request.mode();
    Guidance guided = guidance
        .with(request.instructions() == null ? instructions.apply(conversation) : request.instructions());
    CompletableFuture<RememberReport> report = new CompletableFuture<>();
    CompletableFuture<?> before;
    synchronized (lock) {
      String refusal = refusal();
      if (refusal != null) {
        throw new ExtractionException(refusal, null);
      }
      calls++;
      before = underWay.put(conversation, report);
    }
    CompletableFuture<?> unused = report.whenComplete((result, failure) -> ended(conversation, report));
    return new RememberCall(conversation, mode, guided, report, before);
  }

  /** @param paid what a call of the model about several conversations has cost, for the report of the first of them */
  private void begin(RememberCall call, ModelUsage paid) {
    Runnable run = () -> threads.execute(() -> complete(call.report(), () -> rememberNow(call, paid)));
    if (call.before() == null) {
      start(call.report(), run);
    } else {
      // By another thread, because a long chain of calls that fail at once would be as deep.
      CompletableFuture<?> unused = call.before().whenCompleteAsync((result, failure) -> start(call.report(), run));
    }
  }

  @GuardedBy("lock")
  private @Nullable String refusal() {
    return closed
        ? "the extractor has been closed"
        : calls >= mostWaiting
            ? mostWaiting
                + " conversations are waiting to be remembered, which is the limit; try again later, or raise "
                + "the limit"
            : null;
  }

  private static void start(CompletableFuture<?> report, Runnable run) {
    try {
      run.run();
    } catch (RejectedExecutionException e) {
      report.completeExceptionally(new ExtractionException("the extractor has been closed", e));
    }
  }

  private void ended(Scope conversation, CompletableFuture<?> report) {
    synchronized (lock) {
      calls--;
      underWay.remove(conversation, report);
    }
  }

  private <T> void complete(CompletableFuture<T> report, Supplier<T> work) {
    try {
      permits.acquire();
      try {
        report.complete(work.get());
      } finally {
        permits.release();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      report.completeExceptionally(new ExtractionException("the extractor was closed before this was done", e));
    } catch (Throwable e) {
      // Errors too: the caller must be notified.
      report.completeExceptionally(e);
    }
  }

  private RememberReport rememberNow(RememberCall call, ModelUsage paid) {
    Scope conversation = call.conversation();
    Tally tally = new Tally(paid);
    Progress begin = store.progress(conversation).orElse(null);
    if (begin == null) {
      requireOwnDatabase(conversation);
      return tally.report(null);
    }
    Progress progress = begin;
    while (progress != null && progress.number() == begin.number()) {
      Optional<RememberedSlice> next = cutter.next(conversation, progress, begin.last());
      if (next.isEmpty()) {
        break;
      }
      Optional<RememberedSlice> slice = progress.underWay().isEmpty() ? store.begin(next.get()) : next;
      try {
        slice.ifPresent(each -> run(each, call, tally));
      } catch (BudgetUsedUpException e) {
        return tally.report(BudgetPause.of(e, Math.max(0, begin.last() - progress.remembered())));
      }
      progress = store.progress(conversation).orElse(null);
    }
    return tally.report(null);
  }

  private void run(RememberedSlice slice, RememberCall call, Tally whole) {
    Tally tally = new Tally();
    try {
      new SliceRun(memory, store, model, redaction, clock, call.mode(), call.guidance(), slice, tally).run();
    } finally {
      // What was paid is reported even if the slice was not done.
      whole.add(tally);
      onSlice.accept(tally.report(null));
    }
  }

  /** Another database has no such conversation either, and nothing would ever be remembered. */
  private void requireOwnDatabase(Scope conversation) {
    MessagePage page = BlockingMemory.await(memory.conversations().messages(conversation, 0, 1));
    if (!page.messages().isEmpty() && store.progress(conversation).isEmpty()) {
      throw new ExtractionException(
          "the memory has this conversation, and the database that the extractor was given has "
              + "not; give it the memory's own database, with the same schema",
          null);
    }
  }

  /**
   * Lists the slices that could not be remembered, the newest first.
   *
   * @param within those of conversations that this scope matches; null for all
   * @param limit how many at most, 1 to {@value RememberingStore#MOST_SLICES}
   */
  public CompletableFuture<List<ConversationDeadLetter>> deadLetters(@Nullable Scope within, int limit) {
    if (limit < 1 || limit > RememberingStore.MOST_SLICES) {
      return CompletableFuture.failedFuture(new InvalidInputException("the limit is " + limit + "; it must be 1 to "
          + RememberingStore.MOST_SLICES));
    }
    return call(() -> store.deadLetters(within, limit).stream().map(ConversationDeadLetter::of).toList());
  }

  /**
   * Tries a dead letter again, with the answers that were valid, and then remembers what else is new in its conversation.
   *
   * @return as {@link #remember}; fails with an {@link InvalidInputException} if there is no such dead letter
   */
  public CompletableFuture<RememberReport> retry(ConversationDeadLetter dead) {
    return call(() -> store.revive(dead.slice())).thenCompose(revived -> revived
        ? remember(dead.conversation(), withFacts(modes.apply(dead.conversation())))
        : CompletableFuture.failedFuture(new InvalidInputException("there is no such dead letter any more; list them "
            + "again")));
  }

  /** Without them there would be nothing to try again. */
  private static RememberMode withFacts(RememberMode mode) {
    return mode.includesFacts() ? mode : RememberMode.BOTH;
  }

  /** Destroys a dead letter with all that is kept of it; returns whether it was there. */
  public CompletableFuture<Boolean> drop(ConversationDeadLetter dead) {
    return call(() -> store.drop(dead.slice()));
  }

  private <T> CompletableFuture<T> call(Supplier<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    synchronized (lock) {
      String refusal = refusal();
      if (refusal != null) {
        return CompletableFuture.failedFuture(new ExtractionException(refusal, null));
      }
      calls++;
    }
    var unused = result.whenComplete((value, failure) -> {
      synchronized (lock) {
        calls--;
      }
    });
    start(result, () -> threads.execute(() -> complete(result, work)));
    return result;
  }

  /**
   * Ends what is under way, wherever it is, and waits for it for ten seconds at most. The next extractor goes on with it.
   * Does nothing the second time.
   */
  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
    }
    threads.close();
  }

  @Override
  public String toString() {
    return "MemoryExtractor[" + memory + "]";
  }
}
