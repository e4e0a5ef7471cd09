package dev.memlane.orchestrator.exploration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Explores the real write protocol over simulated stores: every interleaving without faults, a sample of those with one
 * fault or crash and with more, and random ones beyond.
 *
 * <p>
 * These are the same interleavings each time, however busy the machine is. {@code -Dmemlane.explore.seconds=600} walks
 * every interleaving with one fault or crash, except those of a few wide scenarios, and then explores for that time, with
 * new seeds each time. A failure prints the seed and the shortest path found.
 */
@Tag("slow")
class WriteProtocolExplorationTest {

  /** How long to explore beyond the part that can be walked; null for the numbers of runs below. */
  private static final @Nullable Long SECONDS = Long.getLong("memlane.explore.seconds");
  private static final int RUNS_WITH_ONE_FAULT = 200;
  private static final int RUNS_WITH_MORE_FAULTS = 75;
  private static final int RANDOM_RUNS = 200;

  /** The scenarios with too many interleavings with a fault to walk all of them. */
  private static final Set<Scenario> WIDE = Set.of(Scenario.THREE_UPDATES, Scenario.ADD_UPDATE_ADD, Scenario.ADD_PUT,
      Scenario.UPDATE_PUT);

  /** The logger of the whole module. Kept in a field, because a logger without a reference loses its level. */
  private static final Logger LOGGER = Logger.getLogger(MemoryOrchestrator.class.getPackageName());

  private static BatchingEmbedder embedder = BatchingEmbedder.builder(new HashEmbedder()).build();
  private static @Nullable Level level;

  @BeforeAll
  static void silence() {
    level = LOGGER.getLevel();
    LOGGER.setLevel(Level.OFF);
  }

  @AfterAll
  static void close() {
    LOGGER.setLevel(level);
    embedder.close();
  }

  static Stream<Scenario> scenarios() {
    return Scenario.ALL.stream();
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void everyInterleaving_withoutFaults_keepsThePromises(Scenario scenario) {
    Explorer explorer = new Explorer(scenario, Set.of(), embedder);

    assertNothingFound(explorer.all(new World.Budget(0, 0), () -> true));

    assertThat(explorer.isExhausted()).isTrue();
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void interleavings_withOneFaultOrOneCrash_keepThePromises(Scenario scenario) {
    Explorer explorer = new Explorer(scenario, Set.of(), embedder);
    boolean every = SECONDS != null && !WIDE.contains(scenario);
    for (World.Budget budget : List.of(new World.Budget(0, 1), new World.Budget(1, 0))) {
      assertNothingFound(explorer.all(budget, every ? () -> true : more(RUNS_WITH_ONE_FAULT, 0.02)));
      assertThat(!every || explorer.isExhausted()).isTrue();

      // The walk above begins in one corner of the tree if it is not complete.
      for (long seed = 0; seed < RUNS_WITH_ONE_FAULT; seed++) {
        assertNothingFound(explorer.random(budget, seed));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void manyInterleavings_withMoreFaults_keepThePromises(Scenario scenario) {
    Explorer explorer = new Explorer(scenario, Set.of(), embedder);
    double share = 0.2 / Scenario.ALL.size();
    assertNothingFound(explorer.all(new World.Budget(1, 1), more(RUNS_WITH_MORE_FAULTS, share)));
    assertNothingFound(explorer.all(new World.Budget(2, 0), more(RUNS_WITH_MORE_FAULTS, share)));
    assertNothingFound(explorer.all(new World.Budget(0, 1, 1), more(RUNS_WITH_MORE_FAULTS, share)));
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void randomRuns_keepThePromises(Scenario scenario) {
    Explorer explorer = new Explorer(scenario, Set.of(), embedder);
    long seed = SECONDS == null ? 0 : ThreadLocalRandom.current().nextLong(1L << 40) * 15;
    BooleanSupplier more = more(RANDOM_RUNS, 0.2 / Scenario.ALL.size());
    while (more.getAsBoolean()) {
      assertNothingFound(explorer.random(new World.Budget((int) (seed % 5) + 1, (int) (seed % 3)), seed));
      seed++;
    }
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void randomRuns_withCheckpoints_keepThePromises(Scenario scenario) {
    Explorer explorer = new Explorer(scenario, Set.of(), embedder);
    long seed = SECONDS == null ? 0 : ThreadLocalRandom.current().nextLong(1L << 40) * 15;
    BooleanSupplier more = more(RANDOM_RUNS, 0.2 / Scenario.ALL.size());
    while (more.getAsBoolean()) {
      assertNothingFound(explorer.random(
          new World.Budget((int) (seed % 3), (int) (seed % 2) + 1, (int) (seed % 3) + 1), seed));
      seed++;
    }
  }

  static Stream<Arguments> rulesLeftOut() {
    return Stream.of(Arguments.of(Rule.FENCE, Scenario.ADD_RETRY, "2"), Arguments.of(Rule.FENCE, Scenario.UPDATE, "2"),
        Arguments.of(Rule.CONFIRM, Scenario.ADD_ADD, "4"), Arguments.of(Rule.CONFIRM, Scenario.PUT_SAME, "4"),
        Arguments.of(Rule.STAMP, Scenario.PUT_PUT, "2"), Arguments.of(Rule.STAMP, Scenario.UPDATE, "2"),
        Arguments.of(Rule.UNDO_BY_STAMP, Scenario.ADD_ADD, "4"),
        Arguments.of(Rule.FRESH_STAMP, Scenario.UPDATE_UPDATE, "2"), Arguments.of(Rule.VOID_ROW, Scenario.ADD_ADD, "2"),
        Arguments.of(Rule.LOOK_AT_HISTORY, Scenario.UPDATE_UPDATE, "2"),
        Arguments.of(Rule.OPENING_COMPARES, Scenario.ADD, "3"),
        Arguments.of(Rule.DOCUMENT_PER_OPERATION, Scenario.UPDATE_TWICE, "8"),
        Arguments.of(Rule.LATE_PUT_FOLLOWS, Scenario.UPDATE, "3"),
        Arguments.of(Rule.POLL_IDS_ONLY, Scenario.UPDATE_UPDATE, "3"),
        Arguments.of(Rule.FOLLOWER_TAKES_LOCK, Scenario.UPDATE_UPDATE, "8"),
        Arguments.of(Rule.EVERY_OPERATION_COUNTS, Scenario.UPDATE_UPDATE, "3"),
        Arguments.of(Rule.ASKING_FENCES, Scenario.ADD_RETRY, "2"),
        Arguments.of(Rule.STALE_DOCUMENT_COUNTS, Scenario.UPDATE, "9"),
        Arguments.of(Rule.CHECKPOINT_LISTS_IN_FLIGHT, Scenario.ADD, "3"),
        Arguments.of(Rule.CHECKPOINT_BEFORE_DOCUMENTS, Scenario.ADD, "3"),
        Arguments.of(Rule.CHECKPOINT_FOLLOWS, Scenario.UPDATE, "3"),
        Arguments.of(Rule.REMOVES_BY_NAME, Scenario.SHARED_UPDATE_UPDATE, "8"),
        Arguments.of(Rule.FENCE_BEFORE_REMOVAL, Scenario.SHARED_ADD_ADD, "8"),
        Arguments.of(Rule.KEEPER_READS_ARRIVALS, Scenario.SHARED_UPDATE, "3"),
        Arguments.of(Rule.KEEPER_READS_LOG, Scenario.SHARED_UPDATE, "3"));
  }

  @ParameterizedTest
  @MethodSource("rulesLeftOut")
  void protocol_withoutARule_breaksAPromise(Rule rule, Scenario scenario, String promise) {
    Explorer explorer = new Explorer(scenario, EnumSet.of(rule), embedder);
    Explorer.@Nullable Found found = null;
    // Few runs need these rules. From 0, the search would take ten seconds.
    long first = switch (rule) {
      case FRESH_STAMP -> 22_500;
      case CHECKPOINT_LISTS_IN_FLIGHT -> 9_300;
      case FENCE_BEFORE_REMOVAL -> 33_100;
      default -> 0;
    };
    for (long seed = first; (found == null || !found.problem().startsWith(promise)) && seed < first + 200_000; seed++) {
      found = explorer.random(rule.name().startsWith("CHECKPOINT")
          ? new World.Budget((int) (seed % 2), 1, 1 + (int) (seed % 2))
          : new World.Budget(1 + (int) (seed % 3), (int) (seed % 2)), seed);
    }
    System.out.println("Without " + rule + ", " + found);
    assertThat(Objects.requireNonNull(found, "no promise broke").problem()).startsWith(promise);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void run_fromTheSameSeed_isTheSame(long seed) {
    Explorer explorer = new Explorer(Scenario.UPDATE_UPDATE, EnumSet.of(Rule.FOLLOWER_TAKES_LOCK), embedder);
    for (long each = seed * 100; each < seed * 100 + 100; each++) {
      assertThat(explorer.random(new World.Budget(2, 1), each))
          .isEqualTo(explorer.random(new World.Budget(2, 1), each));
    }
  }

  private static void assertNothingFound(Explorer.@Nullable Found found) {
    assertThat(found).isNull();
  }

  /** Whether to go on: for so many runs, or for a share of the time given. */
  private static BooleanSupplier more(int runs, double share) {
    if (SECONDS == null) {
      int[] left = {runs};
      return () -> left[0]-- > 0;
    }
    long end = System.nanoTime() + (long) (SECONDS * share * TimeUnit.SECONDS.toNanos(1));
    return () -> System.nanoTime() - end < 0;
  }
}
