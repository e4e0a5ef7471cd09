package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * A measurement of retrieval on {@link Locomo}. Every turn of a conversation becomes a memory (user: the conversation;
 * run: its session; actor: the speaker; key: the turn's id), and every question a search among that conversation's
 * memories. Used once, by one thread.
 */
public final class Evaluator {

  private static final int TURNS_AT_ONCE = 256;
  private static final int QUESTIONS_AT_ONCE = 8;

  private final MemoryOrchestrator memory;
  private final Locomo locomo;

  public Evaluator(MemoryOrchestrator memory, Locomo locomo) {
    this.memory = memory;
    this.locomo = locomo;
  }

  /**
   * Stores all turns.
   *
   * @throws CommandFailure if a turn cannot be stored, because figures on a part would mislead
   */
  public void store(ProgressBar bar) {
    long done = 0;
    for (Locomo.Conversation conversation : locomo.conversations()) {
      List<NewMemory> turns = conversation.turns().stream().map(turn -> memory(conversation, turn)).toList();
      for (int start = 0; start < turns.size(); start += TURNS_AT_ONCE) {
        List<NewMemory> chunk = turns.subList(start, Math.min(turns.size(), start + TURNS_AT_ONCE));
        for (WriteOutcome outcome : BlockingMemory.await(memory.addMemories(chunk))) {
          if (!outcome.succeeded()) {
            throw new CommandFailure(
                "a turn could not be stored, so there is nothing to measure: " + outcome.describe());
          }
        }
        done += chunk.size();
        bar.at(done);
      }
    }
  }

  /** Asks all questions once, so that their vectors are cached and the program is warm when they are measured. */
  public void prepare(ProgressBar bar) {
    Deque<CompletableFuture<List<SearchHit>>> inFlight = new ArrayDeque<>();
    long done = 0;
    for (Locomo.Conversation conversation : locomo.conversations()) {
      for (Locomo.Question question : conversation.questions()) {
        inFlight.add(memory.search(request(conversation, question, EvalMode.HYBRID)));
        if (inFlight.size() == QUESTIONS_AT_ONCE) {
          var unused = BlockingMemory.await(inFlight.remove());
          bar.at(++done);
        }
      }
    }
    inFlight.forEach(BlockingMemory::await);
  }

  /** Asks all questions, one after the other, and measures them. */
  public EvalResult ask(EvalMode mode, ProgressBar bar) {
    EvalResult result = new EvalResult(mode);
    for (Locomo.Conversation conversation : locomo.conversations()) {
      for (Locomo.Question question : conversation.questions()) {
        SearchRequest request = request(conversation, question, mode);
        long begun = System.nanoTime();
        List<SearchHit> hits = BlockingMemory.await(memory.search(request));
        long took = System.nanoTime() - begun;
        result.add(conversation.id(), question,
            hits.stream().map(hit -> Objects.requireNonNullElse(hit.memory().key(), "")).toList(), took);
        bar.at(result.overall().questions());
      }
    }
    return result;
  }

  private static SearchRequest request(Locomo.Conversation conversation, Locomo.Question question, EvalMode mode) {
    return mode.apply(SearchRequest.builder(question.text()).scope(Scope.user(conversation.id())).limit(Recall.DEEPEST))
        .build();
  }

  private static NewMemory memory(Locomo.Conversation conversation, Locomo.Turn turn) {
    return NewMemory.builder(turn.text(), Scope.user(conversation.id()).withRun(turn.session())).key(turn.dialogId())
        .actor(turn.speaker()).occurredAt(turn.occurredAt()).metadata("dia_id", turn.dialogId()).build();
  }
}
