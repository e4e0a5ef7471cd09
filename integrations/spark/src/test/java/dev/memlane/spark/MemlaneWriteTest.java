package dev.memlane.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.IndexContents;
import dev.memlane.model.store.SharedIndex;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.orchestrator.MemoryWriter;
import dev.memlane.orchestrator.WriterSettings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkFirehoseListener;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.apache.spark.unsafe.types.UTF8String;
import org.apache.spark.util.JsonProtocol;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Writes by jobs of a real Spark in this process, into a real database. */
@Tag("programs")
class MemlaneWriteTest {

  private static final int PARTITIONS = 4;
  private static final int RECORDS = 4_000;
  private static final Scope SCOPE = Scope.agent("spark");
  private static final StructType SCHEMA = StructType.fromDDL("key string, content string");

  /** How often a task is to fail when it meets the record of this number, in the jobs of this test; a job names its own. */
  private static final Map<UUID, Map<Long, AtomicInteger>> FAULTS = new ConcurrentHashMap<>();

  private static SparkSession spark;

  private final UUID name = UUID.randomUUID();
  private final Map<Long, AtomicInteger> faults = new ConcurrentHashMap<>();
  private SparkDatabase database;

  @BeforeAll
  static void startSpark() {
    spark = SparkDatabase.session("local[2,3]", Map.of());
  }

  @AfterAll
  static void stopSpark() {
    spark.stop();
  }

  @BeforeEach
  void createDatabase() {
    FAULTS.put(name, faults);
    database = SparkDatabase.create();
  }

  @AfterEach
  void forgetFaults() {
    FAULTS.remove(name);
  }

  @Test
  void records_eachBecomeOneMemory_whenTasksFail() throws Exception {
    for (long number : new long[]{10, 1_500, 2_700, 3_999}) {
      faults.put(number, new AtomicInteger(2));
    }

    database.write(records(RECORDS, PARTITIONS)).option("scope.agent", "spark").option("mostInFlight", 50).save();

    assertThat(faults.values()).extracting(AtomicInteger::get).allMatch(left -> left <= 0);
    assertThat(database.count("state = 1")).isEqualTo(RECORDS);
    assertThat(database.number("select count(distinct key) from memlane.memory")).isEqualTo(RECORDS);
    assertThat(database.count("agent_id = 'spark' and content = 'fact ' || substring(key from 8)")).isEqualTo(RECORDS);
    assertThat(database.number("select count(*) from memlane.history where not void")).isEqualTo(RECORDS);
    assertThat(database.number("select count(*) from memlane.memory_vector")).isEqualTo(RECORDS);
  }

  @Test
  void job_isAddedTo_whenItIsRunAgainAfterItFailed() throws Exception {
    faults.put(399L, new AtomicInteger(3));
    assertThatThrownBy(() -> database.write(records(400, 1)).option("scope.agent", "spark").option("mostInFlight", 10)
        .save()).hasStackTraceContaining("an injected fault at record 399");
    long before = database.count("state = 1");
    assertThat(before).isBetween(300L, 399L);

    database.write(records(400, 3)).option("scope.agent", "spark").save();

    assertThat(database.count("state = 1")).isEqualTo(400);
    assertThat(database.number("select count(*) from memlane.history where not void")).isEqualTo(400);
  }

  @Test
  void recordsOfTwoAttempts_thatRunAtTheSameTime_eachBecomeOneMemory() throws Exception {
    DataWriterFactory factory = copied(factory(Map.of("scope.agent", "spark", "mostInFlight", "20")));
    try (DataWriter<InternalRow> one = factory.createWriter(0, 1);
        DataWriter<InternalRow> other = factory.createWriter(0, 2);
        DataWriter<InternalRow> aborted = factory.createWriter(0, 3)) {
      for (int i = 0; i < 500; i++) {
        one.write(row("record " + i, "fact " + i));
        other.write(row("record " + i, "fact " + i));
        if (i < 200) {
          aborted.write(row("record " + i, "fact " + i));
        }
      }
      aborted.abort();
      MemoryDataWriter.Counts first = (MemoryDataWriter.Counts) one.commit();
      MemoryDataWriter.Counts second = (MemoryDataWriter.Counts) other.commit();

      assertThat(first.stored() + first.thereAlready()).isEqualTo(500);
      assertThat(second.stored() + second.thereAlready()).isEqualTo(500);
    }
    assertThat(database.count("state = 1")).isEqualTo(500);
    assertThat(database.number("select count(*) from memlane.history where not void")).isEqualTo(500);
  }

  @Test
  void commit_waitsForAllRecords() throws Exception {
    try (DataWriter<InternalRow> writer = factory(Map.of("scope.agent", "spark")).createWriter(0, 1)) {
      for (int i = 0; i < 300; i++) {
        writer.write(row("record " + i, "fact " + i));
      }
      assertThat(writer.commit()).isEqualTo(new MemoryDataWriter.Counts(300, 0, 0));
      assertThat(database.count("state = 1")).isEqualTo(300);
      assertThat(writer.currentMetricsValues()[0].value()).isEqualTo(300);
    }
  }

  @Test
  void columns_becomeTheMemorysParts() throws Exception {
    Dataset<Row> rows = spark.sql(
        """
            select 'Ada moved to Lisbon' as Content, 'ada' as user, 'chat' as agent, '7' as run, 'Ada' as actor,
              timestamp'2026-03-01 10:00:00.123456' as occurredAt, timestamp'2999-01-01 00:00:00' as expiresAt,
              struct('home' as topic, 5L as weight, array('a', null, 'b') as tags, cast(null as string) as none) as metadata,
              2.5D as score, true as checked, 12 as line, date'2026-03-02' as day, 'a/~b' as source
            """);

    database.write(rows).option("keyColumns", "source, line,day").option("metadataColumns", "score,checked").save();

    assertThat(database.count("key = 'a~1~0b/12/2026-03-02' and content = 'Ada moved to Lisbon' and user_id = 'ada' "
        + "and agent_id = 'chat' and run_id = '7' and actor = 'Ada' "
        + "and occurred_at = '2026-03-01T10:00:00.123456Z' and expires_at = '2999-01-01T00:00:00Z' and metadata = "
        + "'{\"topic\": \"home\", \"weight\": 5, \"tags\": [\"a\", \"b\"], \"score\": 2.5, \"checked\": true}'"))
        .isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "map('topic', 'home', 'none', null)                 | {\"topic\": \"home\"}",
      "map('weight', 5, 'height', 7)                      | {\"weight\": 5, \"height\": 7}",
      "map('tags', array('a', 'b'))                       | {\"tags\": [\"a\", \"b\"]}",
      "named_struct('f', 0.5F, 's', 1S, 'b', 2Y, 'no', false) | {\"f\": 0.5, \"s\": 1, \"b\": 2, \"no\": false}",
      "'{\"topic\": \"home\", \"weight\": 5}'             | {\"topic\": \"home\", \"weight\": 5}",
      "cast(null as map<string, string>)                  | {}"})
  void metadata_isAMapAStructOrJson(String expression, String json) throws Exception {
    database.write(spark.sql("select 'k' as key, 'a fact' as content, " + expression + " as metadata"))
        .option("scope.user", "ada").save();

    assertThat(database.count("key = 'k' and metadata = '" + json + "'")).isEqualTo(1);
  }

  @Test
  void puts_replaceTheMemory_andAddsLeaveIt() throws Exception {
    database.write(rows("one", "first")).option("scope.user", "ada").save();
    database.write(rows("one", "second")).option("scope.user", "ada").save();
    assertThat(database.count("content = 'first' and version = 1")).isEqualTo(1);

    database.write(rows("one", "third")).option("scope.user", "ada").option("writeMode", "put").save();
    assertThat(database.count("content = 'third' and version = 2")).isEqualTo(1);
    assertThat(database.count("true")).isEqualTo(1);
  }

  @Test
  void puts_ofOneKeyInATask_landInTheOrderOfTheRows() throws Exception {
    Dataset<Row> states = spark.range(0, 60, 1, 1).selectExpr("'one' as key", "concat('state ', id) as content");

    database.write(states).option("embedder", UnevenEmbedder.class.getName()).option("scope.user", "ada")
        .option("writeMode", "PUT").save();

    assertThat(database.count("content = 'state 59' and version = 60")).isEqualTo(1);
  }

  /** Takes longer for texts that end with an even number. */
  public static final class UnevenEmbedder implements Embedder {

    private final HashEmbedder embedder = new HashEmbedder();

    @Override
    public CompletableFuture<List<float[]>> embed(List<String> texts) {
      CompletableFuture<List<float[]>> vectors = embedder.embed(texts);
      return "02468".contains(texts.getFirst().substring(texts.getFirst().length() - 1))
          ? vectors.thenApplyAsync(done -> done, CompletableFuture.delayedExecutor(10, TimeUnit.MILLISECONDS))
          : vectors;
    }

    @Override
    public String model() {
      return embedder.model();
    }

    @Override
    public int dimension() {
      return embedder.dimension();
    }

    @Override
    public Limits limits() {
      return new Limits(1, 1_000);
    }
  }

  /** An index that says that a task wanted it. */
  public static final class NoIndex implements SharedIndexOpener {

    @Override
    public SharedIndex open(IndexContents contents, boolean anew) {
      throw new StoreException("asked for an index of " + contents.model(), null);
    }
  }

  /** Another way to name it, with settings of its own. */
  public static final class NoIndexFactory implements WriterSettings.SharedIndexFactory {

    private static final long serialVersionUID = 1;

    @Override
    public SharedIndexOpener create() {
      return new NoIndex();
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {NoIndex.class, NoIndexFactory.class})
  void sharedIndex_isOpenedByTheTasks(Class<?> type) {
    assertThatThrownBy(() -> database.write(rows("one", "first")).option("scope.user", "ada")
        .option("sharedIndex", type.getName()).save()).hasStackTraceContaining("asked for an index of hash-");
  }

  @Test
  void recordThatIsRefused_failsTheJob_whichNamesItsKey() {
    String tooLong = "x".repeat(100_001);

    assertThatThrownBy(() -> database.write(rows("crm 17", tooLong)).option("scope.user", "ada").save())
        .hasStackTraceContaining("the record with the key \"crm 17\" was not stored")
        .hasStackTraceContaining("the limit is 100000").hasStackTraceContaining("set the option onRefused to skip");
  }

  @Test
  void recordsThatAreRefused_areSkippedAndCounted_ifAsked() throws Exception {
    try (MemoryWriter writer = WriterSettings.of(database.url(), HashEmbedder::new).open()) {
      writer.add(NewMemory.builder("fact 9", SCOPE).key("record 9").build()).join();
      writer.deleteMemory(MemoryDeletion.of(MemoryId.derive(SCOPE, "record 9"))).join();
    }
    Dataset<Row> rows = spark.range(0, 300, 1, 2).selectExpr("if(id = 5, null, concat('record ', id)) as key",
        "case when id % 100 = 7 then ' ' when id = 8 then null else concat('fact ', id) end as content",
        "if(id = 6, null, 'spark') as agent");
    Queue<String> events = new ConcurrentLinkedQueue<>();
    SparkFirehoseListener listener = listener(events);
    spark.sparkContext().addSparkListener(listener);

    database.write(rows).option("onRefused", "skip").save();

    spark.sparkContext().listenerBus().waitUntilEmpty();
    spark.sparkContext().removeSparkListener(listener);
    // The keys 5 and 9, the scope of 6, and the contents of 7, 107, 207 and 8.
    assertThat(database.count("state = 1")).isEqualTo(293);
    assertThat(events).anyMatch(event -> event.contains("\"memories refused\""));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "'a' as key                                          | there is no column content",
      "'a' as content                                      | there is no column key, and without keys a repeated task",
      "'a' as key, 5 as content                            | the column content is int, but must be a text; cast it",
      "'a' as key, 'b' as content, 'c' as colour           | the column colour has no meaning here; drop it, or name it",
      "'a' as key, 'b' as content, 1 as user               | the column user is int, but must be a text",
      "'a' as key, 'b' as content, map(1, 'x') as metadata | the column metadata is map<int,string>, but must be a map from",
      "'a' as key, 'b' as content, struct(map('a', 'b') as x) as metadata | a struct of those",
      "'a' as key, 'b' as content, date'2026-01-01' as occurredAt | the column occurredAt is date, but must be a timestamp",
      "'a' as key, 'b' as content, 'c' as agent            | there is a column agent and an option scope.agent",
      "2.5D as key, 'b' as content                         | the column key is double, but must be a text"})
  void columnsThatDoNotFit_areRefused_beforeATaskRuns(String columns, String message) throws SQLException {
    Dataset<Row> rows = spark.sql("select " + columns);

    assertThatThrownBy(() -> database.write(rows).option("scope.agent", "spark").save())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("these rows can't be written as memories: ")
        .hasMessageContaining(message);
    assertThat(database.count("true")).isZero();
  }

  @Test
  void allThatIsWrongWithColumns_isSaidAtOnce() {
    assertThatThrownBy(() -> database.write(spark.sql("select 1 as content, 2 as x"))
        .option("keyColumns", "y").option("metadataColumns", "x,x").save()).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("the option keyColumns names a column \"y\", which isn't there")
        .hasMessageContaining("the option metadataColumns names the column \"x\" twice")
        .hasMessageContaining("the column content is int")
        .hasMessageContaining("a memory needs a scope: have a column user, agent or run, or set the option scope.user");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "pasword              | secret | memlane has no option \"pasword\"; it has connections, embedder",
      "writeMode            | upsert | the option writeMode is \"upsert\"; it must be one of add, put",
      "onRefused            | ignore | it must be one of fail, skip",
      "mostInFlight         | 0      | the option mostInFlight is \"0\"; it must be a number from 1 to 10000",
      "connections          | few    | the option connections is \"few\"; it must be a number from 4 to 100",
      "writeDeadlineSeconds | 0      | it must be a number from 1 to 3600",
      "embedder             | no.Such| the class no.Such of the option embedder is not on the class path",
      "embedder             | java.lang.Object | must be of the type Embedder or WriterSettings.EmbedderFactory",
      "sharedIndex          | no.Such| the class no.Such of the option sharedIndex is not on the class path",
      "sharedIndex          | java.lang.Object | must be of the type SharedIndexOpener or WriterSettings.SharedIndexFactory",
      "embedder.url         | http://localhost | a write needs an embedder",
      "keyColumns           | key,,  | lists an empty name"})
  void optionsThatDoNotFit_areRefused(String option, String value, String message) {
    assertThatThrownBy(() -> database.write(rows("a", "b")).option("scope.user", "ada").option(option, value).save())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining(message);
  }

  @Test
  void service_needsItsModelAndDimension() {
    assertThatThrownBy(() -> options(Map.of("embedder.url", "http://localhost", "embedder.model", "m")).write())
        .hasMessageContaining("the option embedder.dimension is missing");
    assertThatThrownBy(() -> options(Map.of("embedder.url", "http://localhost", "embedder.dimension", "3")).write())
        .hasMessageContaining("the option embedder.model is missing");
    EmbedderOptions embedder = options(Map.of("embedder.url", "http://localhost/v1", "embedder.model", "m",
        "embedder.dimension", "3")).write().embedder();
    embedder.check();
    assertThat(embedder.create().dimension()).isEqualTo(3);
    assertThatThrownBy(() -> new EmbedderOptions.OfService("http://localhost/v1", "m", 3, "NO_SUCH_KEY").create())
        .isInstanceOf(InvalidInputException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"overwrite", "error", "ignore"})
  void saveModes_butAppend_areRefused(String mode) {
    assertThatThrownBy(() -> database.write(rows("a", "b")).option("scope.user", "ada").mode(mode).save())
        .hasMessageContaining("memlane");
  }

  @Test
  void passwords_areNeitherInPlansNorInEventsNorInMessages() throws Exception {
    String secret = "hush-4711";
    String inUrl = "hush-0815";
    String url = database.url() + (database.url().contains("?") ? "&" : "?") + "password=" + inUrl;
    Queue<String> events = new ConcurrentLinkedQueue<>();
    SparkFirehoseListener listener = listener(events);
    spark.sparkContext().addSparkListener(listener);

    new SparkDatabase(url).write(rows("a", "b")).option("password", secret).option("scope.user", "ada").save();
    Dataset<Row> read = new SparkDatabase(url).read(spark).option("password", secret).load();
    read.collectAsList();
    String plans = read.queryExecution().toString() + read.queryExecution().optimizedPlan()
        + read.queryExecution().executedPlan();
    Throwable refused = failure(
        () -> new SparkDatabase(url).write(rows("c", " ")).option("password", secret).option("scope.user", "a").save());
    Throwable unreachable = failure(() -> new SparkDatabase("jdbc:postgresql://127.0.0.1:1/x?password=" + inUrl)
        .read(spark).option("password", secret).load().count());
    Throwable twice = failure(() -> new SparkDatabase(url).read(spark).option("password", secret)
        .option("passwordFile", secret).load());
    spark.sparkContext().listenerBus().waitUntilEmpty();
    spark.sparkContext().removeSparkListener(listener);

    assertThat(plans).contains("memlane").doesNotContain(secret).doesNotContain(inUrl);
    assertThat(events).anyMatch(event -> event.contains("memlane"))
        .noneMatch(event -> event.contains(secret) || event.contains(inUrl));
    for (Throwable each : new Throwable[]{refused, unreachable, twice}) {
      assertThat(each).satisfies(failed -> assertThat(stackTrace(failed)).doesNotContain(secret).doesNotContain(inUrl));
    }
    SourceOptions options = options(Map.of("password", secret));
    assertThat(options.toString() + options.connection() + options.connection().password()).doesNotContain(secret)
        .doesNotContain(database.url());
  }

  @Test
  void password_isReadWhereItIsNeeded() throws Exception {
    Path file = Files.createTempFile("password", ".txt");
    Files.writeString(file, "sesame\n");

    assertThat(options(Map.of("passwordFile", file.toString())).connection().password().read()).isEqualTo("sesame");
    assertThat(options(Map.of("passwordEnvironment", "PATH")).connection().password().read())
        .isEqualTo(System.getenv("PATH"));
    assertThat(options(Map.of()).connection().password().read()).isNull();
    Files.delete(file);
    assertThatThrownBy(() -> options(Map.of("passwordFile", file.toString())).connection().password().read())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("the driver and the executors need it");
    assertThatThrownBy(() -> options(Map.of("passwordEnvironment", "hush-4711")).connection().password().read())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("spark.executorEnv")
        .hasMessageNotContaining("hush-4711");
  }

  private Dataset<Row> records(int records, int partitions) {
    UUID own = name;
    return spark.range(0, records, 1, partitions).map((MapFunction<Long, Row>) number -> {
      AtomicInteger left = Objects.requireNonNull(FAULTS.get(own)).get(number);
      if (left != null && left.getAndDecrement() > 0) {
        throw new IllegalStateException("an injected fault at record " + number);
      }
      return RowFactory.create("record " + number, "fact " + number);
    }, Encoders.row(SCHEMA));
  }

  private static Dataset<Row> rows(String key, String content) {
    return spark.createDataFrame(List.of(RowFactory.create(key, content)), SCHEMA);
  }

  private static InternalRow row(String key, String content) {
    return new GenericInternalRow(new Object[]{UTF8String.fromString(key), UTF8String.fromString(content)});
  }

  private SourceOptions options(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(more);
    all.put("url", database.url());
    if (!more.containsKey("embedder.url")) {
      all.put("embedder", HashEmbedder.class.getName());
    }
    return SourceOptions.of(new CaseInsensitiveStringMap(all));
  }

  private DataWriterFactory factory(Map<String, String> more) {
    SourceOptions options = options(more);
    return new MemoryDataWriterFactory(options.connection(), options.write(),
        RowConverter.of(SCHEMA, options.write()));
  }

  /** As an executor gets it. */
  private static DataWriterFactory copied(DataWriterFactory factory) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(factory);
    }
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (DataWriterFactory) in.readObject();
    }
  }

  /** Collects all events as the event log has them. */
  private static SparkFirehoseListener listener(Queue<String> events) {
    return new SparkFirehoseListener() {
      @Override
      public void onEvent(SparkListenerEvent event) {
        events.add(JsonProtocol.sparkEventToJsonString(event));
      }
    };
  }

  private static Throwable failure(Runnable action) {
    try {
      action.run();
    } catch (Exception e) {
      // Spark throws checked exceptions that it does not declare.
      return e;
    }
    throw new AssertionError("nothing failed");
  }

  private static String stackTrace(Throwable failure) {
    StringWriter text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
