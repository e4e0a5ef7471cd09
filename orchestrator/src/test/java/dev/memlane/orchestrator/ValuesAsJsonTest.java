package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.memlane.model.ChangeCursor;
import dev.memlane.model.ContentHash;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Details;
import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryChange;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMessage;
import dev.memlane.model.OperationId;
import dev.memlane.model.PastMemory;
import dev.memlane.model.Receipt;
import dev.memlane.model.Scope;
import dev.memlane.model.ScopeCount;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResults;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import dev.memlane.testing.TestMemories;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What applications get that hand Memlane's values to a mapper of their own: by Jackson 2 and 3, strict and lenient. */
class ValuesAsJsonTest {

  private static final MemoryId ID = MemoryId.parse("0198c5a2-7c1e-7a50-9d53-0242ac120002");
  private static final OperationId OP = OperationId.parse("0198c5a2-7c1e-7a50-9d53-0242ac120003");
  private static final Instant TIME = Instant.parse("2026-03-02T09:22:01.123456Z");
  private static final Metadata METADATA = Metadata.of(Map.of("topic", "travel", "importance", 4, "sure", 0.75,
      "huge", 1e300, "exact", 9_007_199_254_740_992L, "done", true, "tags", List.of("lisbon", 2, 0.5, false)));
  private static final Memory MEMORY = new Memory(ID, Scope.user("ada").withRun("7"), "home", "Ada",
      "We moved to \"Porto\" \uD83C\uDFBB", METADATA, TIME, TIME.plusSeconds(1), TIME.plusSeconds(2),
      TIME.plusSeconds(3), 2, OP);
  private static final Memory SMALLEST = new Memory(ID, Scope.agent("helper"), null, null, "x", Metadata.empty(), null,
      TIME, TIME, null, 1, OP);
  private static final ConversationMessage MESSAGE = new ConversationMessage(2, ID.value(), MessageRole.USER, "Hello",
      "form", "{\"text\": \"Hello\"}", TIME);
  private static final ChangeCursor CURSOR = new ChangeCursor(TIME, "AQ-_");
  private static final Receipt RECEIPT = new Receipt(StoreKind.CORE, ID, OP, 2);
  private static final StoreResults ANSWERS = new StoreResults(new StoreResult.Applied(RECEIPT),
      new StoreResult.NotApplied(new StoreException("the disk is full", null)),
      new StoreResult.InDoubt(new StoreException("the connection broke", null)));

  /** A mapper as applications have them. */
  enum Json {
    JACKSON_2,
    /** As Spring Boot sets it up, but for names of parameters, which records have anyway. */
    JACKSON_2_LENIENT, JACKSON_2_EXACT, JACKSON_3, JACKSON_3_STRICT;

    private ObjectMapper two() {
      var builder = com.fasterxml.jackson.databind.json.JsonMapper.builder().addModule(new JavaTimeModule());
      return switch (this) {
        case JACKSON_2_LENIENT -> builder.disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
        case JACKSON_2_EXACT -> builder.enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
            .propertyNamingStrategy(com.fasterxml.jackson.databind.PropertyNamingStrategies.SNAKE_CASE)
            .defaultPropertyInclusion(
                JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
            .build();
        default -> new ObjectMapper().registerModule(new JavaTimeModule());
      };
    }

    private tools.jackson.databind.ObjectMapper three() {
      return this == JACKSON_3_STRICT
          ? tools.jackson.databind.json.JsonMapper.builder()
              .enable(tools.jackson.databind.DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
              .enable(tools.jackson.databind.cfg.DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS).build()
          : new tools.jackson.databind.ObjectMapper();
    }

    private boolean isThree() {
      return this == JACKSON_3 || this == JACKSON_3_STRICT;
    }

    String write(Object value) throws Exception {
      return isThree() ? three().writeValueAsString(value) : two().writeValueAsString(value);
    }

    <T> T read(String json, Class<T> type) throws Exception {
      return isThree() ? three().readValue(json, type) : two().readValue(json, type);
    }

    List<WriteOutcome> readOutcomes(String json) throws Exception {
      return isThree()
          ? three().readValue(json, new tools.jackson.core.type.TypeReference<List<WriteOutcome>>() {
          })
          : two().readValue(json, new TypeReference<List<WriteOutcome>>() {
          });
    }
  }

  private static void assertSame(String json, String expected) throws Exception {
    ObjectMapper tree = new ObjectMapper();
    assertThat(tree.readTree(json)).isEqualTo(tree.readTree(expected.replace('\'', '"')));
  }

  @ParameterizedTest
  @EnumSource(Json.class)
  void values_writtenAndRead_areEqual(Json json) throws Exception {
    Embedding embedding = TestMemories.embedding("model", 384, new Random(27));
    SearchHit hit = new SearchHit(MEMORY, 0.75, embedding, new Explanation(new Explanation.Part(1, 0.5, 0.25),
        new Explanation.Part(3, 7.5, 0.5), 0.125, 1, 0.75));
    HistoryEntry added = new HistoryEntry(ID, OP, 1, HistoryEntry.Kind.ADD, null, "x", null, METADATA,
        Details.of(SMALLEST), Details.of(MEMORY), "Ada", TIME);

    for (Object value : List.of(MEMORY, SMALLEST, ID, OP, MEMORY.contentHash(), METADATA, Metadata.empty(), embedding,
        Scope.run("7"), hit, new SearchHit(SMALLEST, 1, null, null), added, new Page(List.of(MEMORY, SMALLEST), ID),
        TimePosition.of(MEMORY), new TimePage(List.of(MEMORY), TimePosition.of(MEMORY)),
        new DeleteReport(2, 1, 1, List.of(new WriteOutcome.NotFound(ID)), 7), new MessagePage(List.of(MESSAGE), 3L),
        new ConversationPage(List.of(Scope.run("7")), null), CURSOR, ChangeCursor.beginning(),
        new ChangePage(List.of(new MemoryChange(ID, OP, MemoryChange.Kind.UNDO, 2, TIME, Scope.run("7"))), CURSOR,
            true),
        new PastMemory(ID, Scope.run("7"), "x", METADATA, Details.of(MEMORY), 2, OP, TIME),
        new PastMemory(ID, null, "x", Metadata.empty(), null, 1, OP, TIME),
        new ScopePage(List.of(new ScopeCount(Scope.run("7"), 3)), Scope.run("7")),
        NewMessage.of(MessageRole.TOOL, null, "form", "{}"))) {
      assertThat((Object) json.read(json.write(value), value.getClass())).isEqualTo(value);
    }
  }

  @ParameterizedTest
  @EnumSource(value = Json.class, mode = EnumSource.Mode.EXCLUDE, names = "JACKSON_2_EXACT")
  void memory_written_isPlain(Json json) throws Exception {
    assertSame(json.write(MEMORY),
        """
            {'id': '0198c5a2-7c1e-7a50-9d53-0242ac120002', 'scope': {'user': 'ada', 'agent': null, 'run': '7'}, 'key': 'home',
             'actor': 'Ada', 'content': 'We moved to \\"Porto\\" 🎻',
             'metadata': {'done': true, 'exact': 9007199254740992, 'huge': 1.0E300, 'importance': 4, 'sure': 0.75,
               'tags': ['lisbon', 2, 0.5, false], 'topic': 'travel'},
             'occurredAt': '2026-03-02T09:22:01.123456Z', 'createdAt': '2026-03-02T09:22:02.123456Z',
             'updatedAt': '2026-03-02T09:22:03.123456Z', 'expiresAt': '2026-03-02T09:22:04.123456Z',
             'version': 2, 'op': '0198c5a2-7c1e-7a50-9d53-0242ac120003'}""");
    assertSame(json.write(ContentHash.of("Ada", "x")), "'" + ContentHash.of("Ada", "x").value() + "'");
  }

  static Stream<WriteOutcome> outcomesWithoutCause() {
    return Stream.of(new WriteOutcome.Stored(MEMORY), new WriteOutcome.Replaced(MEMORY),
        new WriteOutcome.DuplicateOf(SMALLEST),
        new WriteOutcome.Deleted(ID, OP, 3), new WriteOutcome.Conflict(ID, OP, null), new WriteOutcome.NotFound(ID),
        new WriteOutcome.WasDeleted(ID, OP), new WriteOutcome.Refused("the store is closed", null));
  }

  static Stream<WriteOutcome> outcomesWithCause() {
    StoreException cause = new StoreException("the database did not take it", new SQLException("secret detail"));
    return Stream.of(new WriteOutcome.RolledBack(ID, OP, cause, ANSWERS),
        new WriteOutcome.RolledBack(ID, OP, cause, null), new WriteOutcome.Unpurged(ID, OP, cause),
        new WriteOutcome.Refused("the database did not take it", cause),
        new WriteOutcome.Unsettled(ID, OP, cause, ANSWERS));
  }

  @ParameterizedTest
  @EnumSource(Json.class)
  void outcomes_writtenAsAListAndRead_areEqual(Json json) throws Exception {
    List<WriteOutcome> outcomes = outcomesWithoutCause().toList();

    assertThat(json.readOutcomes(json.write(outcomes))).isEqualTo(outcomes);
    for (WriteOutcome outcome : outcomes) {
      assertThat(json.read(json.write(outcome), WriteOutcome.class)).isEqualTo(outcome);
      assertThat((Object) json.read(json.write(outcome), outcome.getClass())).isEqualTo(outcome);
    }
  }

  @ParameterizedTest
  @EnumSource(Json.class)
  void outcomes_withCauses_sayTheMessageAndNoStack(Json json) throws Exception {
    for (WriteOutcome outcome : outcomesWithCause().toList()) {
      String written = json.write(outcome);
      WriteOutcome read = json.read(written, WriteOutcome.class);

      assertThat(written).contains("\"message\":\"the database did not take it\"")
          .contains("\"outcome\":\"" + outcome.name() + "\"")
          .doesNotContainIgnoringCase("stack").doesNotContain("secret detail", "Exception", "suppressed");
      assertThat(read).hasSameClassAs(outcome);
      assertThat(read.describe()).isEqualTo(outcome.describe());
      assertThat(json.write(read)).isEqualTo(written);
    }
  }

  @ParameterizedTest
  @EnumSource(Json.class)
  void answersOfStores_written_areToldApart(Json json) throws Exception {
    String written = json.write(ANSWERS);

    assertThat(written).contains("\"result\":\"applied\"", "\"result\":\"notApplied\",\"message\":\"the disk is full\"",
        "\"result\":\"inDoubt\",\"message\":\"the connection broke\"");
    StoreResults read = json.read(written, StoreResults.class);
    assertThat(read.core()).isEqualTo(ANSWERS.core());
    assertThat(read.cause()).hasMessage("the disk is full");
  }

  @ParameterizedTest
  @EnumSource(Json.class)
  void outcomesOfImports_written_areToldApart(Json json) throws Exception {
    StoreException cause = new StoreException("the database did not take it", null);
    for (ImportOutcome outcome : List.of(new ImportOutcome.Restored(ID), new ImportOutcome.AlreadyThere(ID),
        new ImportOutcome.Different(ID, OP, OP), new ImportOutcome.Failed(ID, cause),
        new ImportOutcome.Unsettled(ID, cause))) {
      ImportOutcome read = json.read(json.write(outcome), ImportOutcome.class);

      assertThat(read).hasSameClassAs(outcome);
      assertThat(read.describe()).isEqualTo(outcome.describe());
    }
  }

  @ParameterizedTest
  @EnumSource(Json.class)
  void filters_writtenAndRead_areEqual(Json json) throws Exception {
    Filter filter = Filter.and(Filter.equal("topic", "travel"), Filter.in("importance", 1, 2.5, true, "x"),
        Filter.or(Filter.between("importance", 1, 5), Filter.atLeast("name", "a")), Filter.not(Filter.exists("done")),
        Filter.contains("topic", "rav"),
        Filter.occurredBetween(TIME, TIME.plusSeconds(1)));

    assertThat(json.read(json.write(filter), Filter.class)).isEqualTo(filter);
  }

  @Test
  void memory_byJackson2WithoutItsModuleForTimes_saysWhichModuleIsMissing() {
    assertThatThrownBy(() -> new ObjectMapper().writeValueAsString(MEMORY))
        .hasMessageContaining("jackson-datatype-jsr310");
  }
}
