package dev.memlane.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.lanes.Lane;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.Task;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The meters of a real memory and real lanes, as Prometheus reads them, and the documents that name them. */
@Tag("programs")
class MemlaneMetricsTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Path DOCUMENTS = Path.of("../../docs/operations");
  private static final Scope ADA = Scope.user("ada");
  private static final Pattern METRIC = Pattern.compile("\\bmemlane_[a-z_]+");

  private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final MemlaneMetrics metrics = new MemlaneMetrics(registry);
  private MemoryOrchestrator memory;
  private LaneExecutor lanes;

  @BeforeEach
  void work(@TempDir Path directory) {
    memory = MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(TABLES), null, null)
        .indexDirectory(directory)
        .embedder(new HashEmbedder()).listener(metrics).open();
    metrics.watch(memory);
    lanes = LaneExecutor.builder().lane(Lane.of("query")).build();
    metrics.watch(lanes);

    Memory stored = memory.addMemory(NewMemory.of("Ada plays the oboe", ADA)).join();
    memory.addMemories(List.of(NewMemory.of("Ada likes tea", ADA), NewMemory.of("Ada plays the oboe", ADA))).join();
    memory.search(SearchRequest.builder("oboe").scope(ADA).build()).join();
    memory.deleteMemory(MemoryDeletion.of(stored.id())).join();
    memory.deleteMemory(MemoryDeletion.of(stored.id())).exceptionally(failure -> null).join();
    lanes.submit("query", Task.of(() -> "found")).future().join();
  }

  @AfterEach
  void close() {
    lanes.close();
    memory.close();
    metrics.close();
  }

  private double value(String name, String... tags) {
    return registry.get(name).tags(tags).meter().measure().iterator().next().getValue();
  }

  private Set<String> exposed() {
    return METRIC.matcher(registry.scrape().replaceAll("(?m)^#.*$", "")).results().map(MatchResult::group)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void operationsAndSteps_areTimed() {
    assertThat(registry.get("memlane.operation").tags("operation", "add", "outcome", "stored").timer().count())
        .isEqualTo(3);
    assertThat(registry.get("memlane.operation").tags("operation", "add_memories", "outcome", "completed").timer()
        .count()).isEqualTo(1);
    assertThat(registry.get("memlane.operation").tags("operation", "delete", "outcome", "wasDeleted").timer().count())
        .isEqualTo(1);
    assertThat(registry.get("memlane.step").tags("step", "database_write", "outcome", "completed").timer().count())
        .isEqualTo(4);
    assertThat(registry.get("memlane.batch.size").tags("step", "transaction").summary().totalAmount()).isEqualTo(4);
  }

  @Test
  void gauges_areThoseOfTheMemoryAndItsLanes() {
    assertThat(value("memlane.index.available")).isEqualTo(1);
    assertThat(value("memlane.index.documents")).isEqualTo(2);
    assertThat(value("memlane.index.segments")).isPositive();
    assertThat(value("memlane.index.lag")).isNotNegative();
    assertThat(value("memlane.writes.active")).isZero();
    assertThat(value("memlane.embedding.lookups", "result", "miss")).isEqualTo(3);
    assertThat(value("memlane.embedding.lookups", "result", "hit")).isEqualTo(1);
    assertThat(value("memlane.endpoint.state", "state", "serving")).isEqualTo(1);
    assertThat(value("memlane.endpoint.state", "state", "open")).isZero();
    assertThat(value("memlane.lane.tasks", "lane", "query", "outcome", "completed")).isEqualTo(1);
  }

  @Test
  void tags_holdNoIdsOfUsersOrMemories() {
    assertThat(registry.scrape()).contains("memlane_operation").doesNotContain("ada")
        .doesNotContainPattern("[0-9a-f]{8}-[0-9a-f]{4}-");
  }

  @Test
  void closedMetrics_leaveTheRegistryEmpty() {
    metrics.close();

    assertThat(registry.getMeters()).isEmpty();
  }

  @Test
  void closedMemory_leavesGaugesWithoutAValue() {
    memory.close();

    PrometheusMeterRegistry other = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    try (MemlaneMetrics late = new MemlaneMetrics(other)) {
      late.watch(memory);
      assertThat(other.get("memlane.index.documents").gauge().value()).isNaN();
    }
  }

  @Test
  void dashboard_namesOnlyWhatIsExposed() throws IOException {
    JsonNode dashboard = new ObjectMapper().readTree(Files.readString(DOCUMENTS.resolve("dashboard.json")));
    List<String> expressions = dashboard.findValuesAsText("expr");

    assertThat(expressions).hasSizeGreaterThan(20);
    assertThat(metricsIn(dashboard.toString())).isNotEmpty().isSubsetOf(exposed());
  }

  @Test
  void alertRules_nameOnlyWhatIsExposed() throws IOException {
    String rules = Files.readString(DOCUMENTS.resolve("alerts.yaml"));

    assertThat(metricsIn(rules)).hasSizeGreaterThan(8).isSubsetOf(exposed());
  }

  private static Set<String> metricsIn(String text) {
    return METRIC.matcher(text).results().map(MatchResult::group).collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void page_listsExactlyTheMeters() throws IOException {
    String page = Files.readString(DOCUMENTS.resolve("README.md"));
    Set<String> listed = Pattern.compile("(?m)^\\| `(memlane\\.[a-z.]+)` \\| (timer|summary|gauge|counter) \\|")
        .matcher(page).results().map(found -> found.group(1)).collect(Collectors.toCollection(TreeSet::new));

    assertThat(listed).isEqualTo(registry.getMeters().stream().map(Meter::getId).map(Meter.Id::getName)
        .collect(Collectors.toCollection(TreeSet::new)));
  }

  @Test
  void page_namesTheTagsOfEachMeter() throws IOException {
    String page = Files.readString(DOCUMENTS.resolve("README.md"));

    for (Meter meter : registry.getMeters()) {
      String row = page.lines().filter(line -> line.startsWith("| `" + meter.getId().getName() + "` |")).findFirst()
          .orElseThrow();
      List<String> tags = meter.getId().getTags().stream().map(tag -> "`" + tag.getKey() + "`").toList();
      assertThat(Pattern.compile("`[a-z]+`").matcher(row.split("\\|", -1)[4]).results().map(MatchResult::group))
          .as(meter.getId().getName()).containsExactlyInAnyOrderElementsOf(tags);
    }
  }
}
