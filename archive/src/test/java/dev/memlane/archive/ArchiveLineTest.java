package dev.memlane.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Details;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.MessageRole;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.testing.RandomFilters;
import dev.memlane.testing.TestMemories;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a line of an exported file says, written and read. */
class ArchiveLineTest {

  private static final MemoryId ID = MemoryId.parse("0198c5a2-7c1e-7a50-9d53-0242ac120002");
  private static final OperationId OP = OperationId.parse("0198c5a2-7c1e-7a50-9d53-0242ac120003");
  private static final Instant AT = Instant.parse("2026-03-02T09:14:00.000001Z");

  @Test
  void liveMemory_isWrittenWithoutAbsentValues() {
    Memory memory = new Memory(ID, Scope.user("ada"), null, null, "Ada \uD83D\uDE00", Metadata.of("n", 1), null, AT, AT,
        null, 1, OP);
    ArchivedMemory archived = new ArchivedMemory(
        new ArchivedRow.Live(memory, new Embedding("m", new float[]{1, -0.5f}), true),
        List.of(
            new HistoryEntry(ID, OP, 1, HistoryEntry.Kind.ADD, null, "Ada \uD83D\uDE00", null, Metadata.of("n", 1),
                null,
                AT)));

    assertThat(ArchiveLineFormatter.body(archived)).isEqualTo("""
        {"id":"0198c5a2-7c1e-7a50-9d53-0242ac120002","state":"live","user":"ada","content":"Ada \uD83D\uDE00",\
        "metadata":{"n":1},"createdAt":"2026-03-02T09:14:00.000001Z","updatedAt":"2026-03-02T09:14:00.000001Z",\
        "unique":true,"version":1,"op":"0198c5a2-7c1e-7a50-9d53-0242ac120003",\
        "vector":{"model":"m","dimension":2,"of":"OF","values":"AACAPwAAAL8="},\
        "history":[{"op":"0198c5a2-7c1e-7a50-9d53-0242ac120003","version":1,"kind":"add",\
        "newContent":"Ada \uD83D\uDE00","newMetadata":{"n":1},"at":"2026-03-02T09:14:00.000001Z"}]}""".replace("OF",
        memory.contentHash().value().toString()));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void anyMemory_isReadAsItWasWritten(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 200; i++) {
      ArchivedMemory archived = archived(random);
      String line = ArchiveLineFormatter.body(archived);

      ArchiveLine read = ArchiveLineParser.parse(line);

      assertThat(read).as("seed " + seed).isEqualTo(new ArchiveLine.Body(archived));
      assertThat(line).doesNotContain("\n", "null");
    }
  }

  @Test
  void headerAndFooter_areReadAsTheyWereWritten() {
    assertThat(ArchiveLineFormatter.header(null)).isEqualTo("{\"memlane\":\"export\",\"format\":2}");
    assertThat(ArchiveLineParser.parse(ArchiveLineFormatter.header(Scope.user("ada"))))
        .isEqualTo(new ArchiveLine.Header(2));
    assertThat(ArchiveLineParser.parse(ArchiveLineFormatter.footer(3, 2, 5_000_000_000L)))
        .isEqualTo(new ArchiveLine.Footer(3, 2, 5_000_000_000L));
    assertThat(ArchiveLineParser.parse("{\"memories\":3,\"deleted\":2}")).as("of format 1")
        .isEqualTo(new ArchiveLine.Footer(3, 2, 0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "", "caf\u00e9 \ud83c\udfbb", "a\u0000\r\n\u2028", "cut \ud83c",
      "\udfbb\ud83c \ud83c\udfbb"})
  void anyMessage_isReadAsItWasWritten_alsoFromBytes(String text) {
    Scope conversation = Scope.user("ada").withAgent("helper").withRun("7");
    for (MessageRole role : MessageRole.values()) {
      ArchivedMessage archived = new ArchivedMessage(new ConversationMessage(5_000_000_000L, ID.value(), role,
          role == MessageRole.TOOL ? null : text, "form", text, AT), role == MessageRole.USER);

      byte[] line = ArchiveLineFormatter.message(conversation, archived).getBytes(StandardCharsets.UTF_8);

      assertThat(ArchiveLineParser.parse(new String(line, StandardCharsets.UTF_8)))
          .isEqualTo(new ArchiveLine.Message(conversation, archived));
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '^', value = {"\"run\":\"7\"|\"user\":\"ada\"|\"run\" is missing",
      "\"role\":\"user\"|\"role\":\"judge\"|does not know", "\"position\":3,||\"position\" is missing",
      "\"position\":3|\"position\":0|must be 1 to", "\"position\":3|\"position\":9223372036854775807|must be 1 to",
      "\"payload\":\"{}\"|\"payload\":{}|must be a text", "\"format\":\"form\"|\"format\":\" \"|format is empty",
      "{\"run\":\"7\"}|7|must be an object"})
  void damagedMessage_isRefusedWithTheReason(String what, @Nullable String by, String reason) {
    String line = ArchiveLineFormatter.message(Scope.run("7"), new ArchivedMessage(
        new ConversationMessage(3, ID.value(), MessageRole.USER, null, "form", "{}", AT), true));
    String damaged = line.replace(what, by == null ? "" : by);
    assertThat(damaged).isNotEqualTo(line);

    assertThatThrownBy(() -> ArchiveLineParser.parse(damaged)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(reason);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '^', value = {"\"state\":\"live\"|\"state\":\"void\"|\"state\" must be",
      "\"version\":1,\"op\"|\"version\":0,\"op\"|version", "\"content\":\"text\"|\"content\":\"\"|empty",
      "\"content\":\"text\"|\"content\":\"a\\u0000\"|NUL", "\"content\":\"text\"|\"content\":7|must be a text",
      "\"user\":\"ada\",||user, agent and run", "\"kind\":\"add\"|\"kind\":\"burn\"|does not know",
      "\"kind\":\"add\"|\"kind\":\"delete\"|must end with operation",
      "\"newContent\":\"text\"|\"newContent\":\"\\ud800\"|half",
      "2026-03-02|20260-03-02|must be a day or a time", "AACAPwAAAL8=|AACAPw==|dimensions", "AACAPwAAAL8=|A|base64",
      "\"of\":\"|\"of\":\"x|hash of a text",
      "\"metadata\":{}|\"metadata\":{\"a\":{}}|an object", "\"metadata\":{},||\"metadata\" is missing",
      "120002|12000|no memory id"})
  void damagedLine_isRefusedWithTheReason(String what, @Nullable String by, String reason) {
    Memory memory = new Memory(ID, Scope.user("ada"), null, null, "text", Metadata.empty(), null, AT, AT, null, 1, OP);
    String line = ArchiveLineFormatter.body(new ArchivedMemory(
        new ArchivedRow.Live(memory, new Embedding("m", new float[]{1, -0.5f}), false),
        List.of(new HistoryEntry(ID, OP, 1, HistoryEntry.Kind.ADD, null, "text", null, Metadata.empty(), null, AT))));
    String damaged = line.replace(what, by == null ? "" : by);
    assertThat(damaged).isNotEqualTo(line);

    assertThatThrownBy(() -> ArchiveLineParser.parse(damaged)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(reason);
  }

  private static ArchivedMemory archived(Random random) {
    MemoryId id = TestMemories.id(random);
    OperationId op = new OperationId(new UUID(random.nextLong(), random.nextLong()));
    OperationId first = new OperationId(new UUID(random.nextLong(), random.nextLong()));
    Scope scope = random.nextBoolean() ? Scope.user("\u00E5da") : new Scope(null, "a \"b\"", "r");
    String key = random.nextBoolean() ? "k\\" : null;
    Metadata metadata = random.nextBoolean()
        ? RandomFilters.metadata(random)
        : Metadata.of(Map.of("d", random.nextDouble() * Math.pow(10, random.nextInt(400) - 200), "l",
            random.nextLong() >> 11));
    HistoryEntry add = new HistoryEntry(id, first, 1, HistoryEntry.Kind.ADD, null, "old", null, metadata, "x",
        time(random));
    if (random.nextInt(3) == 0) {
      return new ArchivedMemory(
          new ArchivedRow.Tombstone(id, 2, op, random.nextInt(5) == 0 ? null : scope,
              random.nextBoolean() ? null : time(random), time(random)),
          List.of(add, new HistoryEntry(id, op, 2, HistoryEntry.Kind.DELETE, "old", null, metadata, null, null,
              time(random))));
    }
    Memory memory = new Memory(id, scope, key, random.nextBoolean() ? "actor" : null, "\u2028 \uD83D\uDE00 \r\n\u0001",
        metadata, random.nextBoolean() ? null : time(random), time(random), time(random),
        random.nextBoolean() ? null : time(random), 7, op);
    boolean detailed = random.nextBoolean();
    Embedding embedding = random.nextBoolean() ? null : TestMemories.embedding("any", 5, random);
    return new ArchivedMemory(new ArchivedRow.Live(memory, embedding, random.nextBoolean()), List.of(add,
        new HistoryEntry(id, op, 7, HistoryEntry.Kind.UPDATE, "old", memory.content(), Metadata.empty(), metadata,
            detailed ? new Details(null, time(random), null) : null, detailed ? Details.of(memory) : null, null,
            time(random))));
  }

  private static Instant time(Random random) {
    return Instant.ofEpochSecond(random.nextLong(-60_000_000_000L, 250_000_000_000L),
        random.nextInt(1_000_000) * 1_000L);
  }
}
