package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.HashEmbedder;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The real write protocol over simulated stores: every way up to a bound, random ones beyond. */
class WriteProtocolExplorationTest {

  private static BatchingEmbedder embedder;

  @BeforeAll
  static void openEmbedder() {
    embedder = BatchingEmbedder.builder(new HashEmbedder()).build();
  }

  @AfterAll
  static void closeEmbedder() {
    embedder.close();
  }

  static Stream<Scenario> scenarios() {
    return Scenario.ALL.stream();
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void protocol_asItIs_keepsItsPromises(Scenario scenario) {
    long begin = System.nanoTime();
    Explorer explorer = new Explorer(scenario, Set.of(), embedder);
    Explorer.Found found = explorer.all(new World.Budget(3, 1), begin + Long.getLong("memlane.explore.seconds", 5) * 1_000_000_000);
    System.out.println(scenario + ": " + explorer.runs() + " runs, " + explorer.states() + " states, " + explorer.exhausted() + " " + (System.nanoTime() - begin) / 1_000_000 + " ms");
    if (found != null) {
      System.out.println(found);
    }
    assertThat(found).isNull();
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void protocol_asItIs_keepsItsPromisesRandomly(Scenario scenario) {
    long begin = System.nanoTime();
    long deadline = begin + Long.getLong("memlane.explore.seconds", 5) * 1_000_000_000;
    Explorer explorer = new Explorer(scenario, Set.of(), embedder);
    for (long seed = 0; System.nanoTime() < deadline; seed++) {
      Explorer.Found found = explorer.random(new World.Budget((int) (seed % 5), (int) (seed % 3)), seed);
      if (found != null) {
        System.out.println(found);
      }
      assertThat(found).isNull();
    }
    System.out.println(scenario + ": " + explorer.runs() + " random runs");
  }

  static Stream<Arguments> rulesLeftOut() {
    return Stream.of(Arguments.of(Rule.FENCE, Scenario.ADD_RETRY), Arguments.of(Rule.FENCE, Scenario.UPDATE_TWICE),
        Arguments.of(Rule.CONFIRM, Scenario.ADD_ADD), Arguments.of(Rule.STAMP, Scenario.UPDATE_TWICE),
        Arguments.of(Rule.UNDO_BY_STAMP, Scenario.UPDATE_UPDATE), Arguments.of(Rule.FRESH_STAMP, Scenario.UPDATE_UPDATE),
        Arguments.of(Rule.VOID_ROW, Scenario.ADD_RETRY), Arguments.of(Rule.LOOK_AT_HISTORY, Scenario.THREE_UPDATES),
        Arguments.of(Rule.OPENING_COMPARES, Scenario.ADD_ADD),
        Arguments.of(Rule.DOCUMENT_PER_OPERATION, Scenario.UPDATE_TWICE),
        Arguments.of(Rule.LATE_PUT_FOLLOWS, Scenario.UPDATE_UPDATE));
  }

  @ParameterizedTest
  @MethodSource("rulesLeftOut")
  void protocol_withoutARule_breaksAPromise(Rule rule, Scenario scenario) {
    long begin = System.nanoTime();
    Explorer explorer = new Explorer(scenario, EnumSet.of(rule), embedder);
    Explorer.Found found = explorer.all(new World.Budget(3, 1), begin + Long.getLong("memlane.explore.seconds", 5) * 1_000_000_000);
    System.out.println("Without " + rule + " " + explorer.runs() + " runs " + explorer.exhausted() + " " + (System.nanoTime() - begin) / 1_000_000 + " ms: " + found);
    for (long seed = 0; found == null && seed < 100_000; seed++) {
      found = explorer.random(new World.Budget((int) (seed % 5), (int) (seed % 3)), seed);
      if (found != null) {
        System.out.println("random " + found);
      }
    }
    assertThat(found).isNotNull();
  }
}
