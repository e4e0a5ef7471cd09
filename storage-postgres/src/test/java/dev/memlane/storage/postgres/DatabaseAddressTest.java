package dev.memlane.storage.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.memlane.model.InvalidInputException;
import dev.memlane.testing.TestServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The forms of a database's URL, and that no message shows its password. */
class DatabaseAddressTest {

  private static final String SECRET = "s3cret";

  @ParameterizedTest
  @CsvSource(delimiter = '|', nullValues = "-", value = {
      "jdbc:postgresql://db:5433/memlane                       | jdbc:postgresql://db:5433/memlane | -       | -",
      "jdbc:postgresql://db/memlane?user=ada&password=a%26b    | jdbc:postgresql://db/memlane      | ada     | a&b",
      "postgresql://ada:s3cret@db:5433/memlane                 | jdbc:postgresql://db:5433/memlane | ada     | s3cret",
      "postgres://ada:s3cret@db/memlane                        | jdbc:postgresql://db/memlane      | ada     | s3cret",
      "POSTGRES://ada@db                                       | jdbc:postgresql://db/             | ada     | -",
      "jdbc:postgresql://ada:s3cret@db/memlane                 | jdbc:postgresql://db/memlane      | ada     | s3cret",
      "postgres://a%40b.c:p%2Fw%3F%23%25+%20@db/memlane        | jdbc:postgresql://db/memlane      | a@b.c   | 'p/w?#%+ '",
      "postgresql://ada:p@ss:word@db/memlane                   | jdbc:postgresql://db/memlane      | ada     | p@ss:word",
      "postgresql://one:5432,two:5433/memlane                  | jdbc:postgresql://one:5432,two:5433/memlane | - | -",
      "postgresql://ada@[::1]:5432/memlane                     | jdbc:postgresql://[::1]:5432/memlane | ada  | -",
      "jdbc:postgresql:memlane                                 | jdbc:postgresql:memlane           | -       | -",
      "postgresql://db/m?user=a%40b.c                          | jdbc:postgresql://db/m            | a@b.c   | -"})
  void parse_everyForm_isAccepted(String url, String jdbcUrl, String user, String password) {
    DatabaseAddress address = DatabaseAddress.parse(url);

    assertThat(address.jdbcUrl()).isEqualTo(jdbcUrl);
    assertThat(address.properties().get("user")).isEqualTo(user);
    assertThat(address.properties().get("password")).isEqualTo(password);
  }

  @Test
  void parse_parameters_reachTheDriverUnderItsNames() {
    DatabaseAddress address = DatabaseAddress.parse("postgresql://db/m?sslmode=require&application_name=my+app%21"
        + "&connect_timeout=3&target_session_attrs=read-write&options=-c%20role%3Dapp&currentSchema=agents&pgbouncer=true");

    assertThat(address.properties()).isEqualTo(Map.of("sslmode", "require", "ApplicationName", "my+app!",
        "connectTimeout", "3", "targetServerType", "primary"));
    assertThat(address.options()).isEqualTo("-c role=app");
    assertThat(address.schema()).isEqualTo("agents");
    assertThat(address.pooler()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdbc:mysql://ada:s3cret@db/m", "ada:s3cret@db", "postgresql://ada:s3cret/x@db/m",
      "postgresql://ada:s3cret?x@db/m", "postgresql://ada:s3cret%zz@db/m", "postgresql://db:s3cret/m",
      "postgresql:ada:s3cret@db/m", "jdbc:postgresql://db/m?password=s3cret%"})
  void parse_invalidUrl_isRefusedWithoutRepeatingIt(String url) {
    Throwable failure = catchThrowable(() -> DatabaseAddress.parse(url));

    assertThat(failure).isInstanceOf(InvalidInputException.class);
    assertThat(everythingSaidBy(failure)).doesNotContain(SECRET).contains("postgresql://localhost:5432/memlane");
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdbc:postgresql://ada:s3cret@no-such-host.invalid/m",
      "postgresql://ada:s3cret@no-such-host.invalid/m", "postgres://ada:s3cret@127.0.0.1:1/m",
      "jdbc:postgresql://127.0.0.1:1/m?user=ada&password=s3cret&sslpassword=s3cret"})
  void open_unreachableDatabase_doesNotShowThePassword(String url) {
    DatabaseBuilder builder = Database.builder(url).connectionTimeout(Duration.ofMillis(250));

    Throwable failure = catchThrowable(builder::open);

    assertThat(failure).isNotNull();
    assertThat(everythingSaidBy(failure)).doesNotContain(SECRET);
    assertThat(builder).asString().doesNotContain(SECRET);
    assertThat(DatabaseAddress.parse(url)).asString().doesNotContain(SECRET);
  }

  @Tag("programs")
  @Test
  void open_refusedPassword_isNotShown() {
    String url = TestServer.freshDatabase().replace("jdbc:postgresql://", "postgresql://nobody_here:s3cret@")
        .replaceFirst("\\?.*", "");

    Throwable failure = catchThrowable(() -> Database.builder(url).open());

    assertThat(failure).hasMessageContaining("nobody_here");
    assertThat(everythingSaidBy(failure)).doesNotContain(SECRET);
  }

  @Tag("programs")
  @Test
  void open_urlInPostgresOwnForm_works() {
    String url = TestServer.freshDatabase().replace("jdbc:postgresql://", "postgresql://postgres:any@")
        .replaceFirst("\\?.*", "?application_name=told");

    try (Database database = Database.builder(url).open()) {
      assertThat(text(database, "select current_user")).isEqualTo("postgres");
      assertThat(text(database, "show application_name")).isEqualTo("told");
    }
  }

  @Tag("programs")
  @Test
  void open_currentSchemaInTheUrl_isUsedByAllConnections() {
    try (Database database = Database.builder(TestServer.freshDatabase() + "&currentSchema=agents").open()) {
      assertThat(text(database, "select current_schema()")).isEqualTo("agents");
      assertThat(text(database, "select to_regclass('agents.memory')::text")).isEqualTo("memory");
    }
  }

  @Test
  void schema_differentFromTheUrls_isRefused() {
    DatabaseBuilder builder = Database.builder("postgresql://db/m?currentSchema=agents");

    builder.schema("agents");
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> builder.schema("memlane"))
        .withMessageContaining("currentSchema=agents").withMessageContaining("memlane");
    assertThatExceptionOfType(InvalidInputException.class)
        .isThrownBy(() -> Database.builder("postgresql://db/m?currentSchema=a,public"))
        .withMessageContaining("a,public");
  }

  @Tag("programs")
  @Test
  void open_optionsInTheUrl_areAddedToOurs() {
    String url = TestServer.freshDatabase() + "&options=-c%20statement_timeout%3D7%20-c%20work_mem%3D5MB";

    try (Database database = Database.builder(url).open()) {
      assertThat(text(database, "show work_mem")).isEqualTo("5MB");
      assertThat(text(database, "show statement_timeout")).isEqualTo("5s");
      assertThat(text(database, "show search_path")).isEqualTo("\"memlane\"");
    }
  }

  private static String text(Database database, String sql) {
    return database.readNow("asking", handle -> handle.createQuery(sql).mapTo(String.class).one());
  }

  /** The texts and stacks of a failure, of its causes and of their suppressed exceptions. */
  private static String everythingSaidBy(Throwable failure) {
    StringBuilder said = new StringBuilder();
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Throwable> left = new ArrayDeque<>(Set.of(failure));
    while (!left.isEmpty()) {
      Throwable next = left.pop();
      if (seen.add(next)) {
        said.append(next).append(' ').append(next.getLocalizedMessage()).append('\n');
        if (next.getCause() != null) {
          left.push(next.getCause());
        }
        left.addAll(Arrays.asList(next.getSuppressed()));
      }
    }
    return said.toString();
  }
}
