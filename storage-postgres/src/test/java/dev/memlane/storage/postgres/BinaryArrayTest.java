package dev.memlane.storage.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.TestServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Arrays as the server reads them, in binary form and in the text form that some connections use. */
@Tag("programs")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BinaryArrayTest {

  private Connection connection;
  private Connection textConnection;

  @BeforeAll
  void connect() throws SQLException {
    String url = TestServer.freshDatabase();
    connection = DriverManager.getConnection(url + "&binaryTransferEnable=" + BinaryArray.TYPES);
    textConnection = DriverManager.getConnection(url + "&binaryTransfer=false");
  }

  @AfterAll
  void close() throws SQLException {
    connection.close();
    textConnection.close();
  }

  @Test
  void uuids_arriveInOrder() throws SQLException {
    assertArrives("uuid", BinaryArray::ofUuids, UUID::toString,
        List.of(new UUID(0, 0), new UUID(-1, -1), UUID.fromString("01990000-0000-7000-8000-000000000001")));
  }

  @Test
  void texts_arriveWithEveryCharacter() throws SQLException {
    assertArrives("text", BinaryArray::ofTexts, text -> text,
        List.of("", "null", "{\"a\",b\\}", "Grüße 东京 \uD83D\uDE00\n", "x".repeat(100_000)));
  }

  @Test
  void numbers_arrive() throws SQLException {
    assertArrives("integer", BinaryArray::ofNumbers, String::valueOf,
        List.of(0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE));
  }

  @Test
  void bytes_arrive() throws SQLException {
    assertArrives("bytea", BinaryArray::ofBytes, bytes -> "\\x" + HexFormat.of().formatHex(bytes),
        List.of(new byte[0], new byte[]{0, 1, -1, '\\'}));
  }

  @Test
  void times_arriveToTheMicrosecond() throws SQLException {
    List<Instant> times = List.of(Instant.EPOCH, Instant.parse("2000-01-01T00:00:00Z"),
        Instant.parse("1999-12-31T23:59:59.999999Z"), Instant.parse("0001-01-01T00:00:00.000001Z"),
        Instant.parse("9999-12-31T23:59:59.999999Z"), Instant.parse("2026-01-01T00:00:00.123456789Z"));

    List<String> expected = times.stream().map(time -> Long.toString(ChronoUnit.MICROS.between(Instant.EPOCH, time)))
        .toList();
    assertThat(arrived("timestamptz", BinaryArray.ofTimes(times, time -> time),
        "(extract(epoch from x) * 1000000)::bigint::text")).isEqualTo(expected);
  }

  @Test
  void nothing_arrivesAsAnEmptyArray() throws SQLException {
    assertThat(arrived("uuid", BinaryArray.ofUuids(List.<UUID>of(), id -> id), "x::text")).isEmpty();
  }

  @FunctionalInterface
  private interface Making<V> {
    BinaryArray of(List<Optional<V>> items, Function<Optional<V>, @Nullable V> value);
  }

  /** These values, followed by a null. */
  private <V> void assertArrives(String type, Making<V> making, Function<V, String> text, List<V> values)
      throws SQLException {
    List<Optional<V>> items = new ArrayList<>();
    List<@Nullable String> expected = new ArrayList<>();
    for (V value : values) {
      items.add(Optional.of(value));
      expected.add(text.apply(value));
    }
    items.add(Optional.empty());
    expected.add(null);
    assertThat(arrived(type, making.of(items, item -> item.orElse(null)), "x::text")).isEqualTo(expected);
  }

  private List<@Nullable String> arrived(String type, BinaryArray array, String text) throws SQLException {
    List<@Nullable String> arrived = arrived(connection, type, array, text);
    assertThat(arrived(textConnection, type, array, text)).isEqualTo(arrived);
    return arrived;
  }

  private static List<@Nullable String> arrived(Connection connection, String type, BinaryArray array, String text)
      throws SQLException {
    List<@Nullable String> arrived = new ArrayList<>();
    try (PreparedStatement statement = connection
        .prepareStatement("select " + text + " from unnest(?::" + type + "[]) with ordinality as u(x, i) order by i")) {
      statement.setObject(1, array);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          arrived.add(rows.getString(1));
        }
      }
    }
    return arrived;
  }
}
