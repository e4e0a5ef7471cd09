package dev.memlane.archive.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.archive.ArchiveException;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Embedding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Archives as DuckDB reads them, which shares no code with what wrote them. */
@Tag("slow")
class DuckDbTest {

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path files;

  private List<List<@Nullable Object>> query(Path file, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql.replace("ARCHIVE", "'" + file + "'"))) {
      List<List<@Nullable Object>> all = new ArrayList<>();
      while (rows.next()) {
        List<@Nullable Object> row = new ArrayList<>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          row.add(rows.getObject(i));
        }
        all.add(row);
      }
      return all;
    }
  }

  private Path file(RandomArchive archive) throws IOException {
    return Files.write(files.resolve("archive.parquet"), FormatsTest.parquet(archive));
  }

  @Test
  void columns_haveTheTypesThatAreDocumented() throws IOException, SQLException {
    Path file = file(RandomArchive.of(1, 1, 0));

    assertThat(query(file, "select column_name || ' ' || column_type from (describe select * from ARCHIVE)"))
        .extracting(row -> row.getFirst()).asString()
        .contains("record VARCHAR", "id VARCHAR", "user_id VARCHAR", "content VARCHAR", "metadata JSON",
            "occurred_at TIMESTAMP WITH TIME ZONE", "unique_content BOOLEAN", "version INTEGER", "vector FLOAT[]",
            "old_details STRUCT(actor VARCHAR, occurred_at TIMESTAMP WITH TIME ZONE, expires_at TIMESTAMP WITH TIME ZONE)",
            "position BIGINT", "payload VARCHAR", "payload_utf16 BLOB", "in_window BOOLEAN");
  }

  @Test
  void values_areThoseThatWereWritten() throws IOException, SQLException {
    RandomArchive archive = RandomArchive.of(2, 150, 0);
    List<List<@Nullable Object>> expected = new ArrayList<>();
    for (ArchivedMemory memory : archive.memories()) {
      if (memory.row() instanceof ArchivedRow.Live live) {
        Embedding embedding = live.embedding();
        expected.add(Arrays.asList(live.memory().id().toString(), live.memory().content(), live.memory().key(),
            micros(live.memory().createdAt()), live.version(), live.unique(),
            embedding == null ? null : (long) embedding.dimension(),
            embedding == null ? null : embedding.vector()[embedding.dimension() - 1]));
      }
    }

    List<List<@Nullable Object>> read = query(file(archive),
        "select id, content, key, epoch_us(created_at), version, unique_content, len(vector), vector[-1] from ARCHIVE "
            + "where record = 'memory'");

    assertThat(read).isEqualTo(expected);
    assertThat(query(file(archive), "select count(*), count(old_details), count(new_details) from ARCHIVE "
        + "where record = 'change'")).containsExactly(List.of(
            archive.memories().stream().mapToLong(memory -> memory.history().size()).sum(),
            archive.memories().stream().flatMap(memory -> memory.history().stream())
                .filter(entry -> entry.oldDetails() != null).count(),
            archive.memories().stream().flatMap(memory -> memory.history().stream())
                .filter(entry -> entry.newDetails() != null).count()));
  }

  private static long micros(Instant time) {
    return time.getEpochSecond() * 1_000_000 + time.getNano() / 1_000;
  }

  @Test
  void times_ofTheFirstAndLastYear_areTimes() throws IOException, SQLException {
    Path file = file(RandomArchive.of(3, 200, 0));

    assertThat(query(file, "select min(created_at), max(created_at) from ARCHIVE")).containsExactly(
        List.of(OffsetDateTime.parse("0001-01-01T00:00:00Z"), OffsetDateTime.parse("9999-12-31T23:59:59.999999Z")));
  }

  @Test
  void leastAndGreatestValues_leadQueriesToTheRightRows() throws IOException, SQLException {
    RandomArchive archive = RandomArchive.of(4, 100, 30);
    Path file = file(archive);

    for (ArchivedMemory memory : archive.memories()) {
      assertThat(query(file, "select distinct id from ARCHIVE where id = '" + memory.id() + "'"))
          .containsExactly(List.of(memory.id().toString()));
    }
    assertThat(query(file, "select count(*) from ARCHIVE where created_at >= timestamptz '9999-12-31 23:59:59Z' "
        + "and record = 'message'"))
        .containsExactly(List.of(archive.messages().stream()
            .filter(message -> message.message().createdAt().isAfter(Instant.parse("9999-12-31T23:59:58Z"))).count()));
  }

  @Test
  void archive_thatAnotherProgramWroteAgain_isRefused() throws IOException, SQLException {
    Path file = file(RandomArchive.of(5, 5, 0));
    Path again = files.resolve("again.parquet");
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = connection.createStatement()) {
      statement.execute("copy (from '" + file + "') to '" + again + "' (format parquet)");
    }

    assertThatThrownBy(() -> ParquetArchive.open(again).close()).isInstanceOf(ArchiveException.class)
        .hasMessageContaining("none that an export of Memlane has written");
  }
}
