package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.evaluation.EvalResult.Found;
import dev.memlane.cli.internal.evaluation.EvalSet.Collection;
import dev.memlane.cli.internal.evaluation.EvalSet.Question;
import dev.memlane.cli.internal.evaluation.EvalSet.Turn;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A measurement of retrieval. Every turn of a collection becomes a memory (user: the collection; run: its session; actor:
 * the speaker; key: the turn's id), and every question a search among that collection's memories, at the time when the
 * question is asked, or else when the collection ends. Facts count as finding the turns that they come from. Used once, by one
 * thread.
 */
public final class Evaluator {

  private static final int TURNS_AT_ONCE = 256;
  private static final int QUESTIONS_AT_ONCE = 8;

  private final MemoryOrchestrator memory;
  private final EvalSet set;
  private final @Nullable EvalFacts facts;
  private final BooleanSupplier stopped;

  /**
   * @param facts where facts of the set are kept; null if nothing is searched but turns
   * @param stopped whether to end early, by a {@link CommandFailure}
   */
  public Evaluator(MemoryOrchestrator memory, EvalSet set, @Nullable EvalFacts facts, BooleanSupplier stopped) {
    this.memory = memory;
    this.set = set;
    this.facts = facts;
    this.stopped = stopped;
  }

  /**
   * Stores all turns.
   *
   * @throws CommandFailure if a turn cannot be stored, because figures on a part would mislead
   */
  public void store(ProgressBar bar) {
    long done = 0;
    for (Collection collection : set.collections()) {
      List<NewMemory> turns = collection.turns().stream().map(turn -> memory(collection, turn)).toList();
      for (int start = 0; start < turns.size(); start += TURNS_AT_ONCE) {
        requireGoing();
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
    Variant all = Variant.of(EvalMode.HYBRID).through(facts == null ? EvalSource.TURNS : EvalSource.BOTH);
    Deque<CompletableFuture<List<SearchHit>>> inFlight = new ArrayDeque<>();
    long done = 0;
    for (Collection collection : set.collections()) {
      for (Question question : collection.questions()) {
        requireGoing();
        inFlight.add(memory.search(request(collection, question, all)));
        if (inFlight.size() == QUESTIONS_AT_ONCE) {
          var unused = BlockingMemory.await(inFlight.remove());
          bar.at(++done);
        }
      }
    }
    inFlight.forEach(BlockingMemory::await);
  }

  /** Asks all questions, one after the other, and measures them. */
  public EvalResult ask(Variant variant, ProgressBar bar) {
    EvalResult result = new EvalResult(variant, set);
    for (Collection collection : set.collections()) {
      for (Question question : collection.questions()) {
        requireGoing();
        SearchRequest request = request(collection, question, variant);
        long begun = System.nanoTime();
        List<SearchHit> hits = BlockingMemory.await(memory.search(request));
        long took = System.nanoTime() - begun;
        result.add(collection.id(), question,
            hits.stream().map(hit -> facts == null ? Found.of(hit.memory()) : facts.found(collection, hit.memory()))
                .toList(),
            took);
        bar.at(result.searches());
      }
    }
    return result;
  }

  private void requireGoing() {
    if (stopped.getAsBoolean()) {
      throw new CommandFailure("stopped; nothing was measured");
    }
  }

  private SearchRequest request(Collection collection, Question question, Variant variant) {
    Instant now = question.now() == null ? collection.end() : question.now();
    return variant.request().apply(SearchRequest.builder(question.text())
        .scopes(scopes(collection, variant.through())).limit(Recall.DEEPEST).now(now)).build();
  }

  private List<Scope> scopes(Collection collection, EvalSource through) {
    Scope turns = Scope.user(collection.id());
    if (through == EvalSource.TURNS) {
      return List.of(turns);
    }
    Scope found = Objects.requireNonNull(facts, "there are facts to search").scope(collection);
    return through == EvalSource.FACTS ? List.of(found) : List.of(turns, found);
  }

  private static NewMemory memory(Collection collection, Turn turn) {
    Scope whole = Scope.user(collection.id());
    return NewMemory.builder(turn.text(), turn.session() == null ? whole : whole.withRun(turn.session())).key(turn.id())
        .actor(turn.speaker()).occurredAt(turn.occurredAt()).build();
  }
}
