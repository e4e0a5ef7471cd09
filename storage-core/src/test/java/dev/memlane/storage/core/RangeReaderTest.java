package dev.memlane.storage.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Embedding;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemorySelection;
import dev.memlane.model.Scope;
import dev.memlane.model.StoredMemory;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Ranges of a table in which one row in ten is deleted and one in ten void. */
@Tag("programs")
class RangeReaderTest {

  private static final int ROWS = 2_000;
  private static final int LIVE = ROWS / 10 * 8;

  private static final String MEMORIES = """
      insert into memlane.memory (id, state, version, op, stamp, user_id, agent_id, content, content_hash, created_at,
        updated_at, expires_at)
      select md5(i::text)::uuid, case i % 10 when 1 then 2 when 2 then 3 else 1 end, 1, gen_random_uuid(),
        gen_random_uuid(), 'user ' || i % 4, case when i % 2 = 0 then 'robot' end, 'memory ' || i, gen_random_uuid(),
        now(), now(), case when i % 100 = 5 then '2026-01-01T00:00:00Z'::timestamptz end
      from generate_series(1, ROWS) i;
      """.replace("ROWS", Integer.toString(ROWS));

  private final String jdbcUrl = TestServer.freshDatabase(new DatabaseSchema("memlane").script(0) + MEMORIES);
  private Database database;
  private RangeReader reader;

  @BeforeEach
  void open() {
    database = Database.builder(jdbcUrl).open();
    reader = new RangeReader(database);
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void ranges_haveAboutAsManyMemoriesEach_andEveryMemoryOnce() {
    List<MemoryId> boundaries = reader.boundaries(7).join();
    assertThat(boundaries).hasSize(6).isSorted();

    HashSet<MemoryId> all = new HashSet<>();
    MemoryId from = null;
    for (int i = 0; i <= boundaries.size(); i++) {
      MemoryId to = i == boundaries.size() ? null : boundaries.get(i);
      List<StoredMemory> read = pages(MemorySelection.all().between(from, to));
      assertThat(read).hasSizeBetween(LIVE / 7 - 1, LIVE / 7 + 1);
      read.forEach(memory -> assertThat(all.add(memory.memory().id())).isTrue());
      from = to;
    }
    assertThat(all).hasSize(LIVE);
  }

  @Test
  void boundaries_ofFewMemories_areFew() throws SQLException {
    execute("delete from memlane.memory where content not in ('memory 3', 'memory 4')");
    assertThat(reader.boundaries(100).join()).hasSizeLessThanOrEqualTo(2);

    execute("delete from memlane.memory");
    assertThat(reader.boundaries(100).join()).isEmpty();
    assertThat(reader.boundaries(1).join()).isEmpty();
  }

  @Test
  void boundaries_ofALargeTable_areThoseOfASample() throws SQLException {
    // Eight bytes of text in each row would make many rows of a page; a long one makes few.
    execute("update memlane.memory set content = repeat(md5(id::text), 60)");
    List<MemoryId> boundaries = reader.boundaries(4).join();

    assertThat(boundaries).hasSize(3);
    MemoryId from = null;
    for (MemoryId to : boundaries) {
      assertThat(pages(MemorySelection.all().between(from, to))).hasSizeBetween(LIVE / 8, LIVE / 2);
      from = to;
    }
  }

  @Test
  void boundaries_ofANumberOutOfRange_areRefused() {
    assertThatThrownBy(() -> reader.boundaries(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> reader.boundaries(10_001)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void page_isInOrderOfId_andAfterAnother() {
    List<StoredMemory> first = reader.page(MemorySelection.all(), null, 10).join();
    List<StoredMemory> second = reader.page(MemorySelection.all(), first.getLast().memory().id(), 10).join();

    List<MemoryId> ids = new ArrayList<>();
    first.forEach(memory -> ids.add(memory.memory().id()));
    second.forEach(memory -> ids.add(memory.memory().id()));
    assertThat(ids).hasSize(20).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void page_hasOnlyWhatIsSelected() {
    assertThat(pages(MemorySelection.all().in(Scope.user("user 0")))).isNotEmpty()
        .allMatch(memory -> "user 0".equals(memory.memory().scope().user()));
    assertThat(pages(MemorySelection.all().in(Scope.user("user 0").withAgent("robot"))))
        .hasSameSizeAs(pages(MemorySelection.all().in(Scope.user("user 0"))));
    assertThat(pages(MemorySelection.all().in(Scope.user("user 1").withAgent("robot")))).isEmpty();
    assertThat(pages(MemorySelection.all())).hasSize(LIVE);
    assertThat(pages(MemorySelection.all().unexpiredAt(Instant.parse("2026-02-01T00:00:00Z"))))
        .hasSize(LIVE - ROWS / 100);

    List<MemoryId> some = pages(MemorySelection.all()).subList(3, 6).stream().map(memory -> memory.memory().id())
        .toList();
    assertThat(pages(MemorySelection.all().among(some))).extracting(memory -> memory.memory().id())
        .containsExactlyElementsOf(some);
    assertThat(pages(MemorySelection.all().among(some).between(some.get(1), some.get(2))))
        .extracting(memory -> memory.memory().id()).containsExactly(some.get(1));
    assertThat(pages(MemorySelection.all().among(List.of(new MemoryId(UUID.randomUUID()))))).isEmpty();
  }

  @Test
  void page_hasTheVectorsOfTheModelAskedFor() throws SQLException {
    execute("insert into memlane.embedding_model (name, dimension) values ('one', 2), ('other', 1)");
    execute("insert into memlane.memory_vector (memory_id, model, op, vector) select m.id, e.id, m.op, "
        + "case e.name when 'one' then '\\x0000803f00000040'::bytea else '\\x0000803f'::bytea end "
        + "from memlane.memory m, memlane.embedding_model e where m.state = 1 and m.content <> 'memory 3'");

    List<StoredMemory> read = pages(MemorySelection.all().withVectors("one"));
    assertThat(read).hasSize(LIVE);
    for (StoredMemory memory : read) {
      if (memory.memory().content().equals("memory 3")) {
        assertThat(memory.embedding()).isNull();
      } else {
        assertThat(memory.embedding()).isEqualTo(new Embedding("one", new float[]{1, 2}));
      }
    }
    assertThat(read).extracting(memory -> memory.memory().id()).isSorted();
    assertThat(pages(MemorySelection.all())).allMatch(memory -> memory.embedding() == null);
    assertThat(pages(MemorySelection.all().withVectors("third"))).hasSize(LIVE)
        .allMatch(memory -> memory.embedding() == null);
    assertThat(reader.models().join()).containsExactlyInAnyOrder("one", "other");
  }

  private List<StoredMemory> pages(MemorySelection selection) {
    List<StoredMemory> all = new ArrayList<>();
    MemoryId after = null;
    for (List<StoredMemory> page = page(selection, null); !page.isEmpty(); page = page(selection, after)) {
      all.addAll(page);
      after = page.getLast().memory().id();
    }
    return all;
  }

  private List<StoredMemory> page(MemorySelection selection, @Nullable MemoryId after) {
    return reader.page(selection, after, 300).join();
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
