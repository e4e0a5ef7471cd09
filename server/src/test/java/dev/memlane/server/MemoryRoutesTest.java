package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.server.TestClient.Answer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;

/** The routes for memories, each test with a user of its own. */
@Tag("programs")
class MemoryRoutesTest {

  @TempDir
  static Path directory;

  private static ServerStage stage;

  private final Map<String, String> scope = Map.of("user", "user-" + UUID.randomUUID());
  private TestClient client;

  @BeforeAll
  static void start() {
    stage = new ServerStage(directory, settings -> settings);
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  @BeforeEach
  void connect() {
    client = stage.client();
  }

  private Answer add(String content, Object... more) {
    return client.post("/api/v1/memories", with(content, more));
  }

  private String with(String content, Object... more) {
    Object[] all = new Object[4 + more.length];
    System.arraycopy(new Object[]{"content", content, "scope", scope}, 0, all, 0, 4);
    System.arraycopy(more, 0, all, 4, more.length);
    return object(all);
  }

  private String user() {
    return "?user=" + scope.get("user");
  }

  private static String id(Answer answer) {
    return answer.json().path("memory").path("id").textValue();
  }

  @Test
  void add_isStoredWithAllItsValues_andReadAtItsLocation() {
    Answer added = add("Ada plays the oboe", "actor", "Ada", "key", "instrument", "metadata",
        Map.of("topic", "music", "tags", List.of("a", "b"), "importance", 4), "occurredAt", "2026-03-02", "expiresAt",
        "2126-03-02T10:00:00Z");

    assertThat(added.status()).isEqualTo(201);
    assertThat(added.json().path("outcome").textValue()).isEqualTo("stored");
    Answer read = client.get(added.header("Location"));
    assertThat(read.status()).isEqualTo(200);
    assertThat(read.json()).isEqualTo(added.json().path("memory"));
    assertThat(read.header("ETag")).isEqualTo("\"" + read.json().path("op").textValue() + "\"");
    assertThat(read.json().path("occurredAt").textValue()).isEqualTo("2026-03-02T00:00:00Z");
    assertThat(read.json().path("metadata").path("tags").path(1).textValue()).isEqualTo("b");
    assertThat(read.json().path("scope").path("user").textValue()).isEqualTo(scope.get("user"));
    assertThat(read.json().path("scope").has("agent")).as("nulls are left out").isFalse();
  }

  @Test
  void add_underAKeyThatIsTaken_isADuplicate() {
    String first = id(client.post("/api/v1/memories", with("Ada plays the oboe"), "Idempotency-Key", "1"));

    Answer again = client.post("/api/v1/memories", with("Ada plays the cello"), "Idempotency-Key", "1");

    assertThat(again.status()).isEqualTo(200);
    assertThat(again.json().path("outcome").textValue()).isEqualTo("duplicate");
    assertThat(id(again)).isEqualTo(first);
    assertThat(again.json().path("memory").path("content").textValue()).isEqualTo("Ada plays the oboe");
    Answer contradicting = client.post("/api/v1/memories", with("x", "key", "2"), "Idempotency-Key", "1");
    assertThat(contradicting.status()).isEqualTo(400);
  }

  @Test
  void put_storesThenReplaces_andSaysWhich() {
    assertThat(client.put("/api/v1/memories", with("one", "key", "k")).json().path("outcome").textValue())
        .isEqualTo("stored");
    assertThat(client.put("/api/v1/memories", with("two", "key", "k")).json().path("outcome").textValue())
        .isEqualTo("replaced");
    assertThat(client.put("/api/v1/memories", with("two", "key", "k")).json().path("outcome").textValue())
        .isEqualTo("duplicate");

    Answer keyless = client.put("/api/v1/memories", with("three"));

    assertThat(keyless.status()).isEqualTo(400);
    assertThat(keyless.json().path("detail").textValue()).contains("key");
  }

  @Test
  void update_changesWhatItNames_removesNulls_andHeedsIfMatch() {
    Answer added = add("Ada lives in Porto", "actor", "Ada", "occurredAt", "2026-03-02");
    String path = added.header("Location");

    Answer updated = client.patch(path, "{\"content\": \"Ada lives in Lisbon\", \"occurredAt\": null}", "If-Match",
        added.header("ETag"));

    assertThat(updated.status()).isEqualTo(200);
    JsonNode memory = updated.json().path("memory");
    assertThat(memory.path("content").textValue()).isEqualTo("Ada lives in Lisbon");
    assertThat(memory.path("actor").textValue()).isEqualTo("Ada");
    assertThat(memory.has("occurredAt")).isFalse();
    Answer stale = client.patch(path, "{\"content\": \"Ada lives in Faro\"}", "If-Match", added.header("ETag"));
    assertThat(stale.status()).isEqualTo(412);
    assertThat(stale.json().path("outcome").textValue()).isEqualTo("conflict");
    assertThat(stale.json().path("found").textValue()).isEqualTo(memory.path("op").textValue());
    assertThat(client.patch(path, "{\"content\": \"x\"}", "If-Match", "17").status()).isEqualTo(400);
    assertThat(client.patch(path, "{}").status()).isEqualTo(400);
    assertThat(client.patch(path, "{\"contents\": \"x\"}").json().path("detail").textValue()).contains("content");
  }

  @Test
  void delete_leavesTheHistory_andAPurgeLeavesNoContent() {
    String path = add("Ada plays the oboe", "key", "1").header("Location");
    client.patch(path, "{\"content\": \"Ada plays the cello\", \"by\": \"cleaner\"}");

    Answer deleted = client.delete(path + "?by=operator");

    assertThat(deleted.status()).isEqualTo(200);
    assertThat(deleted.json().path("outcome").textValue()).isEqualTo("deleted");
    assertThat(client.get(path).status()).isEqualTo(404);
    JsonNode entries = client.get(path + "/history").json().path("entries");
    assertThat(entries).extracting(entry -> entry.path("kind").textValue()).containsExactly("DELETE", "UPDATE", "ADD");
    assertThat(entries).extracting(entry -> entry.path("actor").textValue()).containsExactly("operator", "cleaner",
        null);
    Answer again = add("Ada plays the viola", "key", "1");
    assertThat(again.status()).isEqualTo(409);
    assertThat(again.json().path("outcome").textValue()).isEqualTo("wasDeleted");
    assertThat(client.delete(path + "?purge=true").status()).isEqualTo(200);
    assertThat(client.get(path + "/history").text()).doesNotContain("oboe").doesNotContain("cello");
  }

  @Test
  void get_atATime_isTheStateOfThatTime() {
    Answer added = add("Ada lives in Porto");
    String path = added.header("Location");
    String then = added.json().path("memory").path("updatedAt").textValue();
    client.patch(path, "{\"content\": \"Ada lives in Lisbon\"}");
    client.delete(path);

    Answer past = client.get(path + "?at=" + then);

    assertThat(past.status()).isEqualTo(200);
    assertThat(past.json().path("content").textValue()).isEqualTo("Ada lives in Porto");
    assertThat(client.get(path + "?at=2020-01-01").status()).isEqualTo(404);
    assertThat(client.get(path + "?at=yesterday").status()).isEqualTo(400);
  }

  @Test
  void list_atATime_hasTheStatesOfThatTime_inPages() {
    String changed = add("Ada lives in Porto").header("Location");
    String then = add("Ada plays the oboe").json().path("memory").path("updatedAt").textValue();
    client.patch(changed, "{\"content\": \"Ada lives in Lisbon\"}");
    add("Ada has a cat");

    List<String> contents = new ArrayList<>();
    String cursor = "";
    do {
      JsonNode page = client.get("/api/v1/memories" + user() + "&limit=1&at=" + then + cursor).json();
      assertThat(page.path("memories")).isEmpty();
      page.path("past").forEach(memory -> {
        assertThat(memory.path("since").textValue()).isNotNull();
        contents.add(memory.path("content").textValue());
      });
      cursor = page.has("next") ? "&cursor=" + page.path("next").textValue() : null;
    } while (cursor != null);

    assertThat(contents).containsExactlyInAnyOrder("Ada lives in Porto", "Ada plays the oboe");
    assertThat(client.post("/api/v1/memories/list", object("scope", scope, "at", "2020-01-01")).json()
        .path("past")).isEmpty();
    assertThat(client.get("/api/v1/memories" + user() + "&at=yesterday").status()).isEqualTo(400);
    assertThat(client.get("/api/v1/memories" + user() + "&order=newest&at=" + then).text())
        .contains("leave order and filter out");
    assertThat(client.post("/api/v1/memories/list",
        object("scope", scope, "at", then, "filter", Map.of("is", "exists", "key", "a"))).status()).isEqualTo(400);
  }

  @Test
  void history_isReadInPages() {
    String path = add("version 1").header("Location");
    for (int i = 2; i <= 5; i++) {
      client.patch(path, object("content", "version " + i));
    }

    JsonNode first = client.get(path + "/history?limit=2").json();

    assertThat(first.path("entries")).extracting(entry -> entry.path("newContent").textValue())
        .containsExactly("version 5", "version 4");
    JsonNode second = client.get(path + "/history?limit=3&cursor=" + first.path("next").textValue()).json();
    assertThat(second.path("entries")).extracting(entry -> entry.path("newContent").textValue())
        .containsExactly("version 3", "version 2", "version 1");
    assertThat(second.has("next")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"id", "oldest", "newest"})
  void list_isReadInPages(String order) {
    for (int i = 0; i < 5; i++) {
      add("memory " + i, "occurredAt", "2026-03-0" + (i + 1));
    }
    String query = "/api/v1/memories" + user() + "&limit=2&order=" + order;

    JsonNode page = client.get(query).json();
    StringBuilder found = new StringBuilder();
    int pages = 1;
    for (; page.has("next"); pages++) {
      page.path("memories").forEach(memory -> found.append(memory.path("content").textValue().substring(7)));
      page = client.get(query + "&cursor=" + page.path("next").textValue()).json();
    }
    page.path("memories").forEach(memory -> found.append(memory.path("content").textValue().substring(7)));

    assertThat(pages).isEqualTo(3);
    assertThat(found).hasSize(5);
    if (!order.equals("id")) {
      assertThat(found.toString()).isEqualTo(order.equals("oldest") ? "01234" : "43210");
    }
  }

  @Test
  void listAndCount_takeAFilter() {
    add("sea", "metadata", Map.of("topic", "travel"));
    add("oven", "metadata", Map.of("topic", "home"));
    Object filter = Map.of("is", "equal", "key", "topic", "value", "travel");

    JsonNode list = client.post("/api/v1/memories/list", object("scope", scope, "filter", filter)).json();

    assertThat(list.path("memories")).extracting(memory -> memory.path("content").textValue()).containsExactly("sea");
    assertThat(client.post("/api/v1/memories/count", object("scope", scope, "filter", filter)).text())
        .isEqualTo("{\"count\":1}");
    assertThat(client.post("/api/v1/memories/delete", object("scope", scope, "filter", filter)).json().path("deleted")
        .intValue()).isEqualTo(1);
    assertThat(client.post("/api/v1/memories/count", object("scope", scope)).text()).isEqualTo("{\"count\":1}");
    assertThat(client.post("/api/v1/memories/delete", object("scope", scope)).status()).isEqualTo(400);
  }

  @Test
  void search_atATime_findsTheStatesOfThatTime() {
    Answer added = add("Ada lives in Porto");
    String then = added.json().path("memory").path("updatedAt").textValue();
    client.patch(added.header("Location"), "{\"content\": \"Ada lives in Lisbon\"}");
    assertThat(searchPortoAt(null).json().path("hits")).isEmpty();
    JsonNode hits = searchPortoAt(then).json().path("hits");
    assertThat(hits).hasSize(1);
    assertThat(hits.path(0).path("memory").path("content").textValue()).isEqualTo("Ada lives in Porto");
    assertThat(searchPortoAt("yesterday").status()).isEqualTo(400);
  }

  private Answer searchPortoAt(@Nullable String at) {
    return client.post("/api/v1/memories/search",
        object("query", "Porto", "scope", scope, "mode", "lexical", "at", at));
  }

  @Test
  void search_explainsItsHits() {
    add("Ada plays the oboe");
    add("Ada lives in Porto");

    JsonNode hits = client.post("/api/v1/memories/search", object("query", "oboe", "scope", scope, "limit", 5, "mode",
        "hybrid", "minWords", 1, "recency", Map.of("halfLife", "P7D"), "include", List.of("explanation"))).json()
        .path("hits");

    assertThat(hits).hasSize(1);
    JsonNode hit = hits.path(0);
    assertThat(hit.path("memory").path("content").textValue()).isEqualTo("Ada plays the oboe");
    assertThat(hit.path("score").doubleValue()).isBetween(0.0, 1.0);
    assertThat(hit.path("explanation").path("lexical").path("rank").intValue()).isEqualTo(1);
    assertThat(hit.path("explanation").path("recency").doubleValue()).isBetween(0.9, 1.0);
  }

  @Test
  void batch_hasAnOutcomeForEachItem() {
    String memories = "[" + with("one", "key", "1") + "," + with("") + ", null, " + with("two", "key", "1") + "]";

    JsonNode outcomes = client.post("/api/v1/memories/batch", "{\"memories\": " + memories + "}").json()
        .path("outcomes");

    List<String> each = outcomes.valueStream().map(outcome -> outcome.path("outcome").textValue()).toList();
    assertThat(each).hasSize(4).contains("stored", "duplicate");
    assertThat(each.subList(1, 3)).containsOnly("refused");
    assertThat(outcomes.path(1).path("problem").path("status").intValue()).isEqualTo(400);
    JsonNode put = client
        .post("/api/v1/memories/batch", "{\"mode\": \"put\", \"memories\": [" + with("three", "key", "1")
            + "]}")
        .json().path("outcomes");
    assertThat(put.path(0).path("outcome").textValue()).isEqualTo("replaced");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "{\"content\": \"x\"} | scope", "{\"scope\": {\"user\": \"ada\"}} | content",
      "{\"content\": \"x\", \"scope\": {\"user\": \"ada\"}, \"occuredAt\": \"2026\"} | occuredAt",
      "{\"content\": 7, \"scope\": {\"user\": \"ada\"}} | content",
      "{\"content\": \"x\", \"content\": \"y\"} | JSON", "{\"content\": \"x\" | JSON", "null | null", "[] | body",
      "{\"content\": \"x\", \"scope\": {\"user\": \"ada\"}, \"expiresAt\": \"tomorrow\"} | expiresAt",
      "{\"content\": \"x\", \"scope\": {\"user\": \"\"}} | user", "{} {} | JSON"})
  void add_thatIsInvalid_saysWhatIsWrong(String body, String named) {
    Answer answer = client.post("/api/v1/memories", body);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(answer.json().path("type").textValue()).isEqualTo("urn:memlane:problem:invalid-input");
    assertThat(answer.json().path("detail").textValue()).contains(named);
  }

  @Test
  void neighbours_areTheNearestOfTheScopeWithoutTheMemoryItself() {
    String path = add("The plumber comes on Tuesday").header("Location");
    add("The plumber comes on Friday");
    add("Hazelnuts are forbidden");
    client.post("/api/v1/memories", object("content", "The plumber comes on Tuesday, says another", "scope",
        Map.of("user", "user-" + UUID.randomUUID())));

    JsonNode hits = client.get(path + "/neighbours").json().path("hits");

    assertThat(hits).extracting(hit -> hit.path("memory").path("content").textValue())
        .containsExactly("The plumber comes on Friday", "Hazelnuts are forbidden");
    assertThat(hits.path(0).path("explanation").path("semantic").path("score").doubleValue()).isBetween(0.5, 0.99);
    assertThat(client.get(path + "/neighbours?limit=1").json().path("hits")).hasSize(1);
    assertThat(client.get(path + "/neighbours?limit=101").status()).isEqualTo(400);
    assertThat(client.get("/api/v1/memories/" + UUID.randomUUID() + "/neighbours").status()).isEqualTo(404);
  }
}
