package dev.memlane.archive.parquet;

import dev.memlane.archive.ArchiveCounts;
import dev.memlane.archive.ArchiveSink;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.ContentHash;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Details;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.testing.RandomFilters;
import dev.memlane.testing.TestMemories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Memories and messages with values of every kind and at every limit, and an archive of them.
 *
 * @param conversations the conversation of each message
 */
record RandomArchive(List<ArchivedMemory> memories, List<Scope> conversations, List<ArchivedMessage> messages) {

  private static final List<Instant> TIMES = List.of(Instant.parse("0001-01-01T00:00:00Z"),
      Instant.parse("0001-01-01T00:00:00.000001Z"), Instant.parse("1582-10-10T12:00:00Z"), Instant.EPOCH,
      Instant.parse("1969-12-31T23:59:59.999999Z"), Instant.parse("2026-03-02T09:14:00.123456Z"),
      Instant.parse("9999-12-31T23:59:59.999999Z"));
  private static final List<String> TEXTS = List.of("a", "Ada \uD83D\uDE00", "\u2028\r\n\t\u0001\"\\'", " ", "\uFFFD",
      "e\u0301\u00E9", "x".repeat(100_000), "\u4F60\u597D");
  private static final List<String> PAYLOADS = List.of("", "plain", "a\u0000b", "cut \uD83C", "\uDFBB\uD83C",
      "\uD83C\uDFBB", "\uFFFD", "{\"role\":\"user\"}");

  static RandomArchive of(long seed, int memories, int messages) {
    Random random = new Random(seed);
    List<Scope> conversations = IntStream.range(0, messages).mapToObj(i -> conversation(i / 3)).toList();
    return new RandomArchive(IntStream.range(0, memories).mapToObj(i -> memory(random)).toList(), conversations,
        IntStream.range(0, messages).mapToObj(i -> message(random, i + 1)).toList());
  }

  /** Writes the archive. */
  void writeTo(ArchiveSink sink) {
    try {
      sink.begin(null);
      for (ArchivedMemory memory : memories) {
        sink.write(memory);
      }
      for (int i = 0; i < messages.size(); i++) {
        sink.write(conversations.get(i), messages.get(i));
      }
      sink.end(counts());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  ArchiveCounts counts() {
    long live = memories.stream().filter(memory -> memory.row() instanceof ArchivedRow.Live).count();
    return new ArchiveCounts(live, memories.size() - live, messages.size());
  }

  private static Scope conversation(int number) {
    return number % 2 == 0 ? Scope.user("ada").withRun("r" + number) : new Scope(null, "helper", "r" + number);
  }

  private static ArchivedMessage message(Random random, long position) {
    return new ArchivedMessage(new ConversationMessage(position, new UUID(random.nextLong(), random.nextLong()),
        pick(List.of(MessageRole.values()), random), random.nextBoolean() ? null : pick(PAYLOADS, random), "form",
        pick(PAYLOADS, random), pick(TIMES, random)), random.nextBoolean());
  }

  static ArchivedMemory memory(Random random) {
    MemoryId id = TestMemories.id(random);
    Scope scope = pick(List.of(Scope.user("\u00E5da"), new Scope(null, "a \"b\"", "r"), Scope.run("\uD83D\uDE00"),
        new Scope("u", "a", "r")), random);
    List<HistoryEntry> history = new ArrayList<>();
    int version = 0;
    for (int i = random.nextInt(6); i > 0; i--) {
      version += 1 + random.nextInt(3);
      history.add(entry(random, id, version, pick(List.of(HistoryEntry.Kind.values()), random)));
    }
    version++;
    if (random.nextInt(4) == 0) {
      HistoryEntry last = entry(random, id, version,
          random.nextBoolean() ? HistoryEntry.Kind.DELETE : HistoryEntry.Kind.ERASE);
      history.add(last);
      return new ArchivedMemory(new ArchivedRow.Tombstone(id, version, last.op(), random.nextInt(3) == 0 ? null : scope,
          maybe(random), pick(TIMES, random)), history);
    }
    HistoryEntry last = entry(random, id, version,
        random.nextBoolean() ? HistoryEntry.Kind.ADD : HistoryEntry.Kind.UPDATE);
    history.add(last);
    Memory memory = new Memory(id, scope, random.nextBoolean() ? null : "key \u00E9 " + random.nextInt(),
        random.nextBoolean() ? null : pick(List.of("Ada", "\uD83D\uDE00"), random), visible(random), metadata(random),
        maybe(random), pick(TIMES, random), pick(TIMES, random), maybe(random), version, last.op());
    Embedding embedding = random.nextInt(4) == 0 ? null : embedding(random);
    ContentHash of = random.nextInt(4) == 0
        ? null
        : random.nextBoolean()
            ? memory.contentHash()
            : new ContentHash(new UUID(random.nextLong(), random.nextLong()));
    return new ArchivedMemory(
        new ArchivedRow.Live(memory, embedding, random.nextBoolean(), embedding == null ? null : of), history);
  }

  private static Embedding embedding(Random random) {
    if (random.nextInt(3) == 0) {
      return TestMemories.embedding("any", 1 + random.nextInt(400), random);
    }
    float[] extreme = {Float.MIN_VALUE, -0f, Float.MAX_VALUE, -Float.MIN_NORMAL, 0.1f, 1e-30f};
    return new Embedding("\u00FCber model", extreme);
  }

  private static HistoryEntry entry(Random random, MemoryId id, int version, HistoryEntry.Kind kind) {
    boolean detailed = random.nextBoolean();
    return new HistoryEntry(id, new OperationId(new UUID(random.nextLong(), random.nextLong())), version, kind,
        random.nextBoolean() ? null : pick(TEXTS, random), random.nextBoolean() ? null : pick(TEXTS, random),
        random.nextBoolean() ? null : metadata(random), random.nextBoolean() ? null : metadata(random),
        detailed ? details(random) : null, detailed ? details(random) : null,
        random.nextBoolean() ? null : pick(TEXTS, random), pick(TIMES, random));
  }

  private static Details details(Random random) {
    return random.nextInt(3) == 0
        ? new Details(null, null, null)
        : new Details(random.nextBoolean() ? null : "Bob", maybe(random), maybe(random));
  }

  private static Metadata metadata(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> Metadata.empty();
      case 1 -> Metadata.of(Map.of("d", random.nextDouble() * Math.pow(10, random.nextInt(400) - 200), "l",
          random.nextLong() >> 11, "large", 1e300, "least", Double.MIN_VALUE, "list",
          List.of("a", 1, true, 0.1, "\uD83D\uDE00"), "none", List.of(), "2^53", 1L << 53));
      default -> RandomFilters.metadata(random);
    };
  }

  private static String visible(Random random) {
    String text = pick(TEXTS, random);
    return text.isBlank() ? "text" : text;
  }

  private static @Nullable Instant maybe(Random random) {
    return random.nextBoolean() ? null : pick(TIMES, random);
  }

  private static <T> T pick(List<T> list, Random random) {
    return list.get(random.nextInt(list.size()));
  }
}
