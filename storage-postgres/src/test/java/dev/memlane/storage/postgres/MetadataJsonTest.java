package dev.memlane.storage.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import dev.memlane.testing.RandomFilters;
import dev.memlane.testing.TestServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Metadata is the same after it was written as JSON and read again, also through the database's own form. */
@Tag("programs")
class MetadataJsonTest {

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void read_randomMetadata_isWhatWasWritten(long seed) throws SQLException {
    Random random = new Random(seed);
    try (Connection connection = DriverManager.getConnection(TestServer.freshDatabase())) {
      for (int i = 0; i < 100; i++) {
        Metadata metadata = RandomFilters.metadata(random);
        String json = MetadataJson.write(metadata);
        assertThat(MetadataJson.read(json)).as("seed %d", seed).isEqualTo(metadata);
        assertThat(MetadataJson.read(stored(connection, json))).as("from jsonb, seed %d", seed).isEqualTo(metadata);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {9007199254740992.0, -9007199254740992.0, 1e17, 1.2345678901234568e25, 1e19, 1e300, 4.9e-324,
      0.1})
  void read_extremeNumberFromTheDatabase_isWhatWasWritten(double number) throws SQLException {
    Metadata metadata = Metadata.of("n", number);
    try (Connection connection = DriverManager.getConnection(TestServer.freshDatabase())) {
      assertThat(MetadataJson.read(stored(connection, MetadataJson.write(metadata)))).isEqualTo(metadata);
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '~', value = {"[1]|JSON object", "\"text\"|JSON object",
      "null|JSON object", "~~|JSON object", "{|no JSON", "{\"a\": nope}|no JSON", "{\"a\": null}|\"a\" is null",
      "{\"a\": {\"b\": 1}}|\"a\" is an object", "{\"a\": [[1]]}|\"a\" holds a list", "{\"a\": 9007199254740993}|2^53",
      "{\"a\": 1e999}|finite", "{\"\": 1}|key is empty"})
  void read_badJson_saysWhatIsWrong(String json, String named) {
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> MetadataJson.read(json))
        .withMessageContaining(named);
  }

  @Test
  void read_text_isKeptCharacterByCharacter() {
    assertThat(MetadataJson.read("{\"a\": \"\\u00fc \\\"x\\\"\"}")).isEqualTo(Metadata.of("a", "\u00FC \"x\""));
  }

  private static String stored(Connection connection, String json) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("select ?::jsonb::text")) {
      statement.setString(1, json);
      try (ResultSet rows = statement.executeQuery()) {
        assertThat(rows.next()).isTrue();
        return rows.getString(1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\":1} x", "{\"a\":1,\"a\":2}", "{\"a\":100000000000000000001}",
      "{\"a\":9007199254740993}"})
  void read_jsonThatWouldLoseSomething_isRefused(String json) {
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> MetadataJson.read(json));
  }
}
