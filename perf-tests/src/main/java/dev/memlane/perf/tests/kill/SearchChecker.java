package dev.memlane.perf.tests.kill;

import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.kill.Checker.Problem;
import dev.memlane.perf.tests.kill.StoredRows.Entry;
import dev.memlane.perf.tests.kill.StoredRows.Row;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/**
 * A check by searches: some of the live memories must be found by their words and by their meaning, and some of the
 * contents that were replaced or deleted must not be found.
 */
final class SearchChecker {

  private static final int SAMPLE = 40;

  private SearchChecker() {}

  static List<Problem> check(BlockingMemory memory, StoredRows stored, Random random) {
    List<Problem> problems = new ArrayList<>();
    List<Row> live = new ArrayList<>(
        stored.core().values().stream().filter(row -> row.state() == StoredRows.LIVE).toList());
    Collections.shuffle(live, random);
    for (Row row : live.subList(0, Math.min(SAMPLE, live.size()))) {
      String content = Objects.requireNonNull(row.content());
      Scope scope = Scope.user(Objects.requireNonNull(row.user()));
      for (SearchRequest.Mode mode : List.of(SearchRequest.Mode.LEXICAL, SearchRequest.Mode.SEMANTIC)) {
        List<SearchHit> hits = search(memory, content, scope, mode);
        if (hits.isEmpty() || !hits.getFirst().memory().id().equals(row.memory())) {
          problems.add(new Problem(row.memory(), mode + " search does not find it by its content: " + content));
        }
        hits.forEach(hit -> checkHit(hit, stored, problems));
      }
    }
    List<Entry> replaced = new ArrayList<>(stored.history().values().stream().flatMap(List::stream)
        .filter(entry -> entry.newContent() != null && !isPresent(stored, entry.memory(), entry.newContent()))
        .toList());
    Collections.shuffle(replaced, random);
    for (Entry entry : replaced.subList(0, Math.min(SAMPLE, replaced.size()))) {
      String content = Objects.requireNonNull(entry.newContent());
      List<SearchHit> hits = new ArrayList<>();
      for (SearchRequest.Mode mode : List.of(SearchRequest.Mode.LEXICAL, SearchRequest.Mode.SEMANTIC)) {
        hits.addAll(memory.search(SearchRequest.builder(content).everywhere().limit(5).mode(mode).build()));
      }
      hits.forEach(hit -> checkHit(hit, stored, problems));
    }
    return problems;
  }

  private static List<SearchHit> search(BlockingMemory memory, String content, Scope scope, SearchRequest.Mode mode) {
    return memory.search(SearchRequest.builder(content).scope(scope).limit(5).mode(mode).build());
  }

  private static boolean isPresent(StoredRows stored, MemoryId memory, String content) {
    Row row = stored.core().get(memory);
    return row != null && row.state() == StoredRows.LIVE && content.equals(row.content());
  }

  private static void checkHit(SearchHit hit, StoredRows stored, List<Problem> problems) {
    if (!isPresent(stored, hit.memory().id(), hit.memory().content())) {
      problems.add(new Problem(hit.memory().id(), "a search finds a memory that core does not hold: " + hit.memory()));
    }
  }
}
