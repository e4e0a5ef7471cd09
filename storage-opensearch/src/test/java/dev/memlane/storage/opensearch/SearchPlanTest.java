package dev.memlane.storage.opensearch;

import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.storage.vector.WordAnalysis;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How answers of the cluster are read that say less than was asked for. */
class SearchPlanTest {

  private static final DocumentName DOCUMENT = new DocumentName(id(1), op(1));

  @ParameterizedTest
  @CsvSource(quoteCharacter = '\'', value = {"'{}', false", "'{\"aggregations\": {}}', false",
      "'{\"aggregations\": {\"held\": {\"buckets\": {}}}}', false",
      "'{\"aggregations\": {\"held\": {\"buckets\": {\"0\": {\"doc_count\": 0}}}}}', false",
      "'{\"aggregations\": {\"held\": {\"buckets\": {\"0\": {\"doc_count\": 1}}}}}', true"})
  void documentOfWhichAnAnswerSaysNothing_isNotHeld(String words, boolean held) throws IOException {
    WordAnalysis analysis = WordAnalysis.of(Locale.ENGLISH);
    SearchPlan plan = SearchPlan.of(new IndexQuery(null, "oboe", List.of(), null, 10, false, Set.of(DOCUMENT)),
        analysis,
        new DocumentJson(analysis, false));
    JsonNode scopes = JsonMapper.builder().build().readTree("{\"hits\": {\"total\": {\"value\": 0}}}");
    List<JsonNode> answers = List.of(scopes, JsonMapper.builder().build().readTree(words));

    assertThat(plan.searches()).hasSameSizeAs(answers);
    assertThat(plan.hits(answers, List.of()).held()).isEqualTo(held ? Set.of(DOCUMENT) : Set.of());
  }
}
