package dev.memlane.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryWriter;
import dev.memlane.orchestrator.WriterSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads by jobs of a real Spark in this process, from a real database. */
@Tag("programs")
class MemlaneReadTest {

  private static final int MEMORIES = 1_200;
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00.123456Z");

  private static SparkSession spark;
  /** What the tests of reading read; none of them changes it. */
  private static SparkDatabase stored;
  private static List<Memory> memories;

  private SparkDatabase database;

  @BeforeAll
  static void startSpark() {
    spark = SparkDatabase.session("local[2,3]", Map.of());
    stored = SparkDatabase.create();
    try (MemoryWriter writer = WriterSettings.of(stored.url(), HashEmbedder::new).open()) {
      memories = new ArrayList<>();
      writer.addMemories(IntStream.range(0, MEMORIES).mapToObj(MemlaneReadTest::memory).toList()).join()
          .forEach(outcome -> memories.add(((WriteOutcome.Stored) outcome).memory()));
      NewMemory deleted = NewMemory.of("deleted", Scope.user("ada"));
      Memory gone = ((WriteOutcome.Stored) writer.add(deleted).join()).memory();
      writer.deleteMemory(MemoryDeletion.of(gone.id())).join();
      writer.add(NewMemory.builder("expired", Scope.user("ada")).expiresAt(NOON).build()).join();
    }
  }

  @AfterAll
  static void stopSpark() {
    spark.stop();
  }

  @BeforeEach
  void createDatabase() {
    database = SparkDatabase.create();
  }

  private static NewMemory memory(int i) {
    Scope scope = i % 3 == 0
        ? Scope.user("user " + i % 4)
        : i % 3 == 1 ? new Scope("user " + i % 4, "robot", null) : Scope.run("run " + i % 2);
    NewMemory.Builder memory = NewMemory.builder("fact " + i, scope).key(i % 2 == 0 ? "key " + i : null);
    return i == 0
        ? memory.actor("Ada").occurredAt(NOON).expiresAt(Instant.parse("2999-01-01T00:00:00Z"))
            .metadata("topic", "home").metadata("weight", 5).metadata("tags", List.of("a", 1, true)).build()
        : memory.build();
  }

  @Test
  void rows_areTheLiveMemories_withAllTheirParts() {
    Dataset<Row> rows = stored.read(spark).load();

    assertThat(rows.schema().treeString()).isEqualToNormalizingNewlines("""
        root
         |-- id: string (nullable = false)
         |-- user: string (nullable = true)
         |-- agent: string (nullable = true)
         |-- run: string (nullable = true)
         |-- key: string (nullable = true)
         |-- actor: string (nullable = true)
         |-- content: string (nullable = false)
         |-- metadata: map (nullable = false)
         |    |-- key: string
         |    |-- value: string (valueContainsNull = false)
         |-- occurredAt: timestamp (nullable = true)
         |-- createdAt: timestamp (nullable = false)
         |-- updatedAt: timestamp (nullable = false)
         |-- expiresAt: timestamp (nullable = true)
         |-- version: integer (nullable = false)
        """);
    List<Row> all = rows.collectAsList();
    assertThat(all).extracting(row -> row.<String>getAs("content"))
        .containsExactlyInAnyOrderElementsOf(memories.stream().map(Memory::content).toList());
    Memory first = memories.getFirst();
    Row row = all.stream().filter(each -> each.getAs("content").equals("fact 0")).findFirst().orElseThrow();
    assertThat(row.<String>getAs("id")).isEqualTo(first.id().toString());
    assertThat(row.<String>getAs("user")).isEqualTo("user 0");
    assertThat(row.<String>getAs("agent")).isNull();
    assertThat(row.<String>getAs("key")).isEqualTo("key 0");
    assertThat(row.<String>getAs("actor")).isEqualTo("Ada");
    assertThat(row.<Timestamp>getAs("occurredAt").toInstant()).isEqualTo(NOON);
    assertThat(row.<Timestamp>getAs("createdAt").toInstant()).isEqualTo(first.createdAt());
    assertThat(row.<Timestamp>getAs("updatedAt").toInstant()).isEqualTo(first.updatedAt());
    assertThat(row.<Timestamp>getAs("expiresAt").toInstant()).isEqualTo(first.expiresAt());
    assertThat(row.<Integer>getAs("version")).isEqualTo(1);
    assertThat(row.getJavaMap(row.fieldIndex("metadata")))
        .isEqualTo(Map.of("topic", "home", "weight", "5", "tags", "[\"a\",1,true]"));
  }

  @Test
  void metadata_isJson_ifAsked() {
    Row row = stored.read(spark).option("metadata", "json").load().where("content = 'fact 0'").select("metadata")
        .collectAsList().getFirst();

    assertThat(row.getString(0)).isEqualTo("{\"tags\":[\"a\",1,true],\"topic\":\"home\",\"weight\":5}");
  }

  @Test
  void partitions_haveEveryMemoryOnce_andAboutAsManyEach() {
    Dataset<Row> rows = stored.read(spark).option("partitions", 6).option("pageSize", 50).load().select("id");
    MapPartitionsFunction<Row, String> ids = partition -> {
      List<String> all = new ArrayList<>();
      partition.forEachRemaining(row -> all.add(row.getString(0)));
      return List.of(String.join(" ", all)).iterator();
    };

    List<String> partitions = rows.mapPartitions(ids, Encoders.STRING()).collectAsList();

    assertThat(partitions).hasSize(6);
    HashSet<String> found = new HashSet<>();
    for (String partition : partitions) {
      List<String> each = List.of(partition.split(" "));
      assertThat(each).isSorted().hasSizeBetween(MEMORIES / 6 - 5, MEMORIES / 6 + 5);
      each.forEach(id -> assertThat(found.add(id)).isTrue());
    }
    assertThat(found).hasSize(MEMORIES);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "user = 'user 1'                     | [EqualTo(user,user 1), IsNotNull(user)]",
      "user = 'user 1' and agent = 'robot' | [EqualTo(user,user 1), EqualTo(agent,robot), IsNotNull(user), IsNotNull(agent)]",
      "run = 'run 1'                       | [EqualTo(run,run 1), IsNotNull(run)]",
      "user <=> 'user 2'                   | [EqualNullSafe(user,user 2)]"})
  void equalityOfTheScope_isTheDatabases(String condition, String pushed) {
    Dataset<Row> rows = stored.read(spark).load();
    Dataset<Row> some = rows.where(condition);

    String plan = some.queryExecution().executedPlan().toString();
    assertThat(plan).doesNotContain("Filter ");
    assertThat(sorted(plan.substring(plan.indexOf("pushed filters: [") + 17).split("]", 2)[0]))
        .isEqualTo(sorted(pushed.substring(1, pushed.length() - 1)));
    assertThat(contents(some)).isNotEmpty()
        .containsExactlyInAnyOrderElementsOf(contents(rows.localCheckpoint().where(condition)));
  }

  private static List<String> sorted(String filters) {
    return List.of(filters.split(", ")).stream().sorted().toList();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "user = 'user 1' and content like '%7'   | EqualTo(user,user 1)",
      "user in ('user 1', 'user 2')            | []",
      "user is null                            | []",
      "user = 'user 1' or run = 'run 1'        | []",
      "not user = 'user 1'                     | []",
      "metadata['topic'] = 'home'              | []",
      "agent = ''                              | []",
      "version = 1 and occurredAt is not null  | []"})
  void otherFilters_areSparks(String condition, String pushed) {
    Dataset<Row> rows = stored.read(spark).load();
    Dataset<Row> some = rows.where(condition);

    String plan = some.queryExecution().executedPlan().toString();
    assertThat(plan).contains("Filter ").contains("pushed filters: " + (pushed.equals("[]") ? pushed : "[" + pushed));
    assertThat(contents(some)).containsExactlyInAnyOrderElementsOf(contents(rows.localCheckpoint().where(condition)));
  }

  @Test
  void ids_areReadByThemselves() {
    Dataset<Row> rows = stored.read(spark).load();
    String one = memories.get(5).id().toString();
    String other = memories.get(6).id().toString();

    Dataset<Row> both = rows.where("id in ('" + one + "', '" + other + "', 'no id')");
    assertThat(both.rdd().getNumPartitions()).isEqualTo(1);
    assertThat(both.queryExecution().executedPlan().toString()).doesNotContain("Filter ");
    assertThat(contents(both)).containsExactlyInAnyOrder("fact 5", "fact 6");
    assertThat(contents(rows.where("id = '" + one + "'"))).containsExactly("fact 5");
    assertThat(contents(rows.where("id = '" + one + "' and user = 'nobody'"))).isEmpty();
    // As texts they differ, and so they do in Spark.
    assertThat(rows.where("id = '" + one.toUpperCase(Locale.ROOT) + "'").count()).isZero();
    assertThat(rows.where("id = 'no id'").count()).isZero();
  }

  @Test
  void columns_areOnlyThoseThatTheQueryUses() {
    Dataset<Row> rows = stored.read(spark).option("embeddings", new HashEmbedder().model()).load();

    String plan = rows.where("user = 'user 1'").select("content").queryExecution().executedPlan().toString();
    assertThat(plan).containsPattern("BatchScan memlane\\[content#\\d+]");
    assertThat(rows.count()).isEqualTo(MEMORIES);
    assertThat(rows.groupBy("agent").count().where("agent = 'robot'").collectAsList().getFirst().getLong(1))
        .isEqualTo(MEMORIES / 3);
  }

  @Test
  void embeddings_areThoseOfTheModelAskedFor() {
    HashEmbedder embedder = new HashEmbedder();
    Row row = stored.read(spark).option("embeddings", embedder.model()).load().where("content = 'fact 7'")
        .select("embedding").collectAsList().getFirst();

    float[] expected = embedder.embed(List.of("fact 7")).join().getFirst();
    List<Float> found = row.getList(0);
    assertThat(found).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat(found.get(i)).isEqualTo(expected[i]);
    }
    assertThatThrownBy(
        () -> stored.read(spark).option("embeddings", "other").load().select("embedding").collectAsList())
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("no vectors by the model \"other\"").hasMessageContaining(embedder.model());
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "partitions | 0     | the option partitions is \"0\"; it must be a number from 1 to 10000",
      "pageSize   | 10001 | it must be a number from 1 to 10000",
      "metadata   | xml   | it must be one of map, json",
      "colour     | red   | memlane has no option \"colour\""})
  void optionsThatDoNotFit_areRefused(String option, String value, String message) {
    assertThatThrownBy(() -> stored.read(spark).option(option, value).load().collectAsList())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining(message);
  }

  @Test
  void url_isNeeded() {
    assertThatThrownBy(() -> spark.read().format("memlane").load()).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("the option url is missing");
  }

  @Test
  void emptyDatabase_hasNoRows() {
    assertThat(database.read(spark).load().count()).isZero();
  }

  @Test
  void copy_hasTheSameMemories() {
    Dataset<Row> rows = stored.read(spark).option("metadata", "json").load();

    database.write(rows.drop("id", "createdAt", "updatedAt", "version").where("key is not null")).save();

    List<String> parts = List.of("id", "user", "agent", "run", "key", "actor", "content", "metadata", "occurredAt",
        "expiresAt");
    String[] others = parts.subList(1, parts.size()).toArray(String[]::new);
    Dataset<Row> copied = database.read(spark).option("metadata", "json").load();
    assertThat(copied.select("id", others).collectAsList())
        .containsExactlyInAnyOrderElementsOf(rows.where("key is not null").select("id", others).collectAsList())
        .hasSize(MEMORIES / 2);
  }

  @Test
  void view_isReadBySql() {
    spark.sql("create or replace temporary view memories using memlane options (url '" + stored.url() + "')");

    assertThat(spark.sql("select count(*) from memories where agent = 'robot'").collectAsList().getFirst().getLong(0))
        .isEqualTo(MEMORIES / 3);
  }

  @Test
  void guide_hasTheExampleOfThisTest() throws Exception {
    String databaseUrl = database.url();
    spark.sql("select 17L as id, 'ada' as customer, 'Ada plays the oboe' as note, 'music' as topic")
        .createOrReplaceTempView("crm");
    // The guide's.
    spark.table("crm").selectExpr("concat('crm ', id) as key", "customer as user", "note as content", "topic")
        .write().format("memlane")
        .option("url", databaseUrl)
        .option("embedder", "dev.memlane.embedding.HashEmbedder")
        .option("metadataColumns", "topic")
        .mode("append").save();

    Dataset<Row> memories = spark.read().format("memlane").option("url", databaseUrl).load();
    memories.where("user = 'ada'").groupBy("metadata.topic").count().show();

    assertThat(contents(memories.where("metadata.topic = 'music'"))).containsExactly("Ada plays the oboe");
    String guide = Files.readString(Path.of("../../docs/integrations/spark.md")).replaceAll("(?m)^ +", "");
    String source = Files.readString(Path.of("src/test/java/dev/memlane/spark/MemlaneReadTest.java"))
        .replaceAll("(?m)^ +", "");
    String example = guide.substring(guide.indexOf("spark.table(\"crm\")"), guide.indexOf(".show();"));
    assertThat(source).contains("// The guide's.\n" + example);
  }

  private static List<String> contents(Dataset<Row> rows) {
    return rows.select("content").collectAsList().stream().map(row -> row.getString(0)).toList();
  }
}
