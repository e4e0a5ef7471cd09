package dev.memlane.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests of a running server: what other users can do and see, and its durability. One server for all tests. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmbeddedServerSafetyTest {

  private Path directory;
  private DirectoryLock lock;
  private EmbeddedServer server;

  @BeforeAll
  void start(@TempDir Path temporary) {
    directory = temporary;
    lock = DirectoryLock.acquire(temporary);
    server = EmbeddedServer.start(lock);
  }

  @AfterAll
  void stop() {
    server.close();
    lock.close();
  }

  @ParameterizedTest
  @CsvSource({"fsync, on", "synchronous_commit, on", "full_page_writes, on", "listen_addresses, 127.0.0.1",
      "unix_socket_directories, ''", "password_encryption, scram-sha-256", "server_encoding, UTF8", "log_timezone, UTC",
      "data_checksums, on", "max_connections, 50"})
  void start_setting_isSafe(String setting, String value) throws Exception {
    assertThat(query("show " + setting)).isEqualTo(value);
  }

  @Test
  void start_collation_isTheSameEverywhere() throws Exception {
    assertThat(
        query("select datlocprovider::text || ' ' || datlocale from pg_database where datname = current_database()"))
        .isEqualTo("b C.UTF-8");
  }

  @Test
  void start_accessRules_requireThePassword() throws Exception {
    assertThat(query("select string_agg(type || ' ' || address || ' ' || auth_method, ';') from pg_hba_file_rules"))
        .isEqualTo("host 127.0.0.1 scram-sha-256");
    assertThat(Files.readString(directory.resolve("postgres/data/pg_hba.conf"))).doesNotContain("trust");
    assertThat(query("select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'memlane'"))
        .isEqualTo("t");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "wrong"})
  void connect_withoutThePassword_isRefused(String password) {
    ServerAddress address = server.address();

    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(() -> DriverManager.getConnection(address.jdbcUrl(), address.user(), password).close())
        .withMessageContaining("password");
  }

  @Test
  void password_running_isNotVisibleToOthers() throws Exception {
    ServerAddress address = server.address();

    assertThat(address.password()).hasSizeGreaterThanOrEqualTo(32)
        .isEqualTo(Files.readString(directory.resolve("postgres/password")));
    assertThat(address.toString() + server + address.jdbcUrl()).doesNotContain(address.password());
    assertThat(Files.readString(directory.resolve("postgres/server.log"))).doesNotContain(address.password());
    assertThat(ProcessHandle.allProcesses().map(process -> process.info().commandLine().orElse("")))
        .noneMatch(line -> line.contains(address.password()));
  }

  @Test
  void log_failedStatement_isNotLogged() throws Exception {
    assertThatExceptionOfType(SQLException.class).isThrownBy(() -> query("select 'a secret memory'::int"));

    assertThat(Files.readString(directory.resolve("postgres/server.log"))).contains("ready").doesNotContain("secret");
  }

  private String query(String sql) throws SQLException {
    ServerAddress address = server.address();
    try (Connection connection = DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }
}
