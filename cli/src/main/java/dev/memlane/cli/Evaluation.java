package dev.memlane.cli;

import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * Measures retrieval on {@link Locomo}: every turn becomes a memory (user: the conversation; run: its session; actor: the
 * speaker; key: the turn's id), every question a search among the conversation's memories. Used once, by one thread.
 */
final class Evaluation {

  private static final int QUESTIONS_AT_ONCE = 8;

  private final MemoryOrchestrator memory;
  private final SearchRequest.Mode mode;
  private final Recall overall = new Recall();
  private final Map<Integer, Recall> byCategory = new TreeMap<>();

  private record Asked(Locomo.Question question, CompletableFuture<List<SearchHit>> hits) {}

  Evaluation(MemoryOrchestrator memory, SearchRequest.Mode mode) {
    this.memory = memory;
    this.mode = mode;
  }

  Recall overall() {
    return overall;
  }

  /** By number. */
  Map<Integer, Recall> byCategory() {
    return byCategory;
  }

  /**
   * Stores all turns.
   *
   * @throws CommandFailure if one can't be stored: figures on a part would mislead
   */
  void store(Locomo locomo, Bar bar) {
    long done = 0;
    for (Locomo.Conversation conversation : locomo.conversations()) {
      List<NewMemory> turns = conversation.turns().stream().map(turn -> memory(conversation, turn)).toList();
      for (int start = 0; start < turns.size(); start += Ingestion.CHUNK) {
        List<NewMemory> chunk = turns.subList(start, Math.min(turns.size(), start + Ingestion.CHUNK));
        for (WriteOutcome outcome : Futures.join(memory.addMemories(chunk))) {
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

  /** Asks all questions, some at once. */
  void ask(Locomo locomo, Bar bar) {
    Deque<Asked> inFlight = new ArrayDeque<>();
    for (Locomo.Conversation conversation : locomo.conversations()) {
      for (Locomo.Question question : conversation.questions()) {
        inFlight.add(new Asked(question, memory.search(SearchRequest.builder(question.text())
            .scope(Scope.user(conversation.id())).limit(Recall.DEEPEST).mode(mode).build())));
        if (inFlight.size() == QUESTIONS_AT_ONCE) {
          score(inFlight.remove(), bar);
        }
      }
    }
    while (!inFlight.isEmpty()) {
      score(inFlight.remove(), bar);
    }
  }

  private void score(Asked asked, Bar bar) {
    List<String> hits = new ArrayList<>();
    Futures.join(asked.hits()).forEach(hit -> hits.add(Objects.requireNonNullElse(hit.memory().key(), "")));
    overall.add(hits, asked.question().evidence());
    byCategory.computeIfAbsent(asked.question().category(), category -> new Recall()).add(hits,
        asked.question().evidence());
    bar.at(overall.questions());
  }

  private static NewMemory memory(Locomo.Conversation conversation, Locomo.Turn turn) {
    return NewMemory.builder(turn.text(), Scope.user(conversation.id()).withRun(turn.session())).key(turn.dialogId())
        .actor(turn.speaker()).occurredAt(turn.occurredAt()).metadata("dia_id", turn.dialogId()).build();
  }
}
