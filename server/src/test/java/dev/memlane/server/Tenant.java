package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.Scope;
import dev.memlane.server.TestClient.Answer;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.GetPromptRequest;
import io.modelcontextprotocol.spec.McpSchema.ReadResourceRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The holder of a key that is bound to some users, with a model of what belongs to it.
 *
 * <p>
 * Its user names have one marker and all of its content has another, its secret. It checks each answer: there is nothing of
 * another tenant in it, neither a secret, nor an id, nor a name, except for ids and names that the request itself has. Used
 * by one thread.
 */
final class Tenant {

  private static final Pattern ID = Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  private static final int KEYS = 8;
  static final int GROUPS = 4;

  final String name;
  final List<String> users;
  private final String secret;
  private final TestClient client;
  private final String key;
  private final List<Tenant> all;
  private final Random random;
  private final Map<String, McpSyncClient> agents = new HashMap<>();
  /** The live memories by id. */
  private final Map<String, Own> live = new HashMap<>();
  /** Memories that are deleted. */
  private final Set<String> dead = new HashSet<>();
  /** Every id that was given to this tenant: of memories, operations and messages. */
  private final Set<String> traces = new HashSet<>();
  /** The ids of the messages of each user's conversation, in order. */
  private final Map<String, List<String>> messages = new HashMap<>();
  /** The methods and paths of all requests. */
  private final Set<String> requests = new HashSet<>();
  private @Nullable Events events;
  private int count;

  /** A memory of this tenant. */
  private record Own(String user, @Nullable String key, String content, int group) {}

  /**
   * @param all the tenants, to which this one is added
   */
  Tenant(String name, List<String> users, TestClient client, String key, List<Tenant> all, Random random) {
    this.name = name;
    this.users = users;
    this.secret = "secret" + name;
    this.client = client.withKey(key);
    this.key = key;
    this.all = all;
    this.random = random;
    all.add(this);
  }

  Set<String> requests() {
    return requests;
  }

  // What is asked, and what may be told

  /** Sends a request and checks that the answer has nothing of another tenant. */
  Answer ask(String method, String path, @Nullable String body, String... headers) {
    Answer answer = client.send(method, path, body, headers);
    requests.add(method + " " + path.split("\\?", 2)[0]);
    String asked = URLDecoder.decode(path, StandardCharsets.UTF_8) + " " + body + " " + String.join(" ", headers);
    String told = answer.response().headers().map() + "\n" + answer.text();
    assertThat(answer.status()).as("%s %s %s: %s", method, path, body, told).isLessThan(500);
    assertThat(answer.response().headers().map().keySet()).as("no header tells how long something took")
        .noneMatch(header -> header.toLowerCase(Locale.ROOT).contains("timing"));
    requireNothingOfOthers(method + " " + path + " by " + name, asked, told);
    return answer;
  }

  /** Checks what was told, in an answer or elsewhere. */
  void requireNothingOfOthers(String what, String asked, String told) {
    for (Tenant other : all) {
      if (other != this) {
        assertThat(told).as(what).doesNotContainIgnoringCase(other.secret);
        if (!asked.contains(other.name)) {
          assertThat(told).as(what).doesNotContainIgnoringCase(other.name);
        }
      }
    }
    Matcher ids = ID.matcher(told);
    while (ids.find()) {
      String id = ids.group();
      if (!asked.contains(id) && !traces.contains(id)) {
        for (Tenant other : all) {
          assertThat(other != this && other.traces.contains(id)).as("%s: %s is of %s", what, id, other.name).isFalse();
        }
        traces.add(id);
      }
    }
  }

  /** Asks for something of another tenant: it must be refused, in the same words as if it did not exist. */
  private void askForeign(String method, String path, @Nullable String body, String foreign, String none) {
    Answer answer = ask(method, path.replace("{}", foreign), body == null ? null : body.replace("{}", foreign));
    Answer absent = ask(method, path.replace("{}", none), body == null ? null : body.replace("{}", none));
    assertThat(answer.status()).as("%s %s for %s: %s", method, path, foreign, answer.text()).isBetween(400, 404);
    assertThat(answer.status() + answer.text().replace(foreign, "{}")).as("%s %s", method, path)
        .isEqualTo(absent.status() + absent.text().replace(none, "{}"));
  }

  // One random operation

  void step() {
    String user = one(users);
    switch (random.nextInt(21)) {
      case 0, 1 -> add(user);
      case 2 -> put(user);
      case 3 -> batch(user);
      case 4 -> ingest(user);
      case 5 -> change();
      case 6 -> remove(user);
      case 7 -> read();
      case 8 -> search(user);
      case 9 -> listAndCount(user);
      case 10 -> converse(user);
      case 11 -> foreignMemory();
      case 12 -> foreignScope();
      case 13 -> operations();
      case 14 -> mem0(user);
      case 15 -> foreignThroughMem0();
      case 16 -> agent(user);
      case 17 -> foreignAgent(user);
      case 18 -> exportAndErase(user);
      case 19 -> state();
      default -> compare();
    }
  }

  private <T> T one(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  private Tenant other() {
    List<Tenant> others = all.stream().filter(tenant -> tenant != this).toList();
    return one(others);
  }

  private @Nullable String ownId() {
    return live.isEmpty() ? null : one(live.keySet().stream().sorted().toList());
  }

  private Own own(String id) {
    return Objects.requireNonNull(live.get(id));
  }

  /** A memory of another tenant, live or deleted. */
  private Optional<String> foreignId() {
    Tenant other = other();
    List<String> ids = new ArrayList<>(other.live.keySet());
    ids.addAll(other.dead);
    return ids.isEmpty() ? Optional.empty() : Optional.of(one(ids.stream().sorted().toList()));
  }

  private static String noId() {
    UUID random = UUID.randomUUID();
    return random.toString();
  }

  private String content(int group) {
    return "the garden in winter, letter " + count++ + " of group " + group + " " + secret;
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String where(String user) {
    return "user=" + encode(user);
  }

  /** All tenants use the same keys. */
  private String someKey() {
    return "key-" + random.nextInt(KEYS);
  }

  private Map<String, Object> memory(String user, String content, int group, @Nullable String memoryKey) {
    Map<String, Object> memory = new HashMap<>(Map.of("content", content, "scope", Map.of("user", user), "metadata",
        Map.of("group", group, "note", secret), "actor", secret));
    if (memoryKey != null) {
      memory.put("key", memoryKey);
    }
    return memory;
  }

  private static String json(Object value) {
    return object("value", value).replaceFirst("^\\{\"value\":", "").replaceFirst("}$", "");
  }

  // Writing

  private void learn(int status, JsonNode body, String user, @Nullable String memoryKey, String content, int group) {
    String outcome = body.path("outcome").asText();
    String id = body.path("memory").isObject() ? body.at("/memory/id").asText() : body.path("id").asText();
    switch (outcome) {
      case "stored", "replaced" -> {
        live.put(id, new Own(user, memoryKey, content, group));
        dead.remove(id);
      }
      case "duplicate" -> assertThat(live).as("a duplicate is one of its own").containsKey(id);
      case "wasDeleted" -> assertThat(dead).contains(id);
      default -> throw new AssertionError("an unexpected outcome: " + status + " " + body);
    }
  }

  private void add(String user) {
    int group = random.nextInt(GROUPS);
    String content = content(group);
    String memoryKey = random.nextBoolean() ? someKey() : null;
    boolean header = memoryKey != null && random.nextBoolean();
    String body = json(memory(user, content, group, header ? null : memoryKey));
    Answer answer = header
        ? ask("POST", "/api/v1/memories", body, "Idempotency-Key", String.valueOf(memoryKey))
        : ask("POST", "/api/v1/memories", body);
    learn(answer.status(), answer.json(), user, memoryKey, content, group);
  }

  private void put(String user) {
    int group = random.nextInt(GROUPS);
    String content = content(group);
    String memoryKey = someKey();
    Answer answer = ask("PUT", "/api/v1/memories", json(memory(user, content, group, memoryKey)));
    learn(answer.status(), answer.json(), user, memoryKey, content, group);
  }

  /** One of the items is for another tenant. */
  private void batch(String user) {
    String content = content(1);
    Answer answer = ask("POST", "/api/v1/memories/batch", object("memories", List.of(memory(user, content, 1, null),
        memory(one(other().users), "planted by " + secret, 1, someKey()))));
    JsonNode outcomes = answer.json().path("outcomes");
    learn(200, outcomes.path(0), user, null, content, 1);
    assertThat(outcomes.at("/1/problem/status").asInt()).as(answer.text()).isEqualTo(403);
  }

  private void ingest(String user) {
    String content = content(2);
    String lines = json(memory(user, content, 2, null)) + "\n"
        + json(memory(one(other().users), "planted by " + secret, 2, someKey())) + "\n";
    Answer answer = ask("POST", "/api/v1/ingest", lines, "Content-Type", "application/jsonl");
    List<JsonNode> results = answer.text().lines().map(TestClient::parse).toList();
    learn(200, results.getFirst(), user, null, content, 2);
    assertThat(results.getLast().at("/problem/status").asInt()).as(answer.text()).isEqualTo(403);
    Answer foreign = ask("POST", "/api/v1/ingest?" + where(one(other().users)), lines, "Content-Type",
        "application/jsonl");
    assertThat(foreign.status()).isEqualTo(403);
  }

  private void change() {
    String id = ownId();
    if (id != null) {
      Own own = own(id);
      String content = content(own.group);
      Answer answer = ask("PATCH", "/api/v1/memories/" + id, object("content", content));
      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
      live.put(id, new Own(own.user, own.key, content, own.group));
    }
  }

  private void remove(String user) {
    String id = ownId();
    if (id != null && random.nextInt(4) > 0) {
      Answer answer = ask("DELETE", "/api/v1/memories/" + id + (random.nextBoolean() ? "?purge=true" : ""), null);
      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
      bury(id);
    } else {
      int group = random.nextInt(GROUPS);
      Answer answer = ask("POST", "/api/v1/memories/delete",
          object("scope", Map.of("user", user), "filter", Map.of("is", "equal", "key", "group", "value", group)));
      List<String> ids = live.entrySet().stream()
          .filter(entry -> entry.getValue().user.equals(user) && entry.getValue().group == group)
          .map(Map.Entry::getKey).toList();
      assertThat(answer.json().path("deleted").asInt()).as(answer.text()).isEqualTo(ids.size());
      ids.forEach(this::bury);
    }
  }

  private void bury(String id) {
    live.remove(id);
    dead.add(id);
  }

  // Reading

  private void read() {
    String id = ownId();
    if (id != null) {
      Answer answer = ask("GET", "/api/v1/memories/" + id, null);
      assertThat(answer.json().path("content").asText()).isEqualTo(own(id).content);
      assertThat(ask("GET", "/api/v1/memories/" + id + "/history", null).status()).isEqualTo(200);
      assertThat(ask("GET", "/api/v1/memories/" + id + "/neighbours?limit=20", null).status()).isEqualTo(200);
      ask("GET", "/api/v1/memories/" + id + "?at=2030-01-01T00:00:00Z", null);
    }
  }

  private void search(String user) {
    String mode = one(List.of("HYBRID", "SEMANTIC", "LEXICAL"));
    Map<String, Object> filter = Map.of("is", "not", "filter",
        Map.of("is", "equal", "key", "group", "value", random.nextInt(GROUPS)));
    Answer answer = ask("POST", "/api/v1/memories/search",
        object("query", "letter from the winter garden " + name, "scope", Map.of("user", user), "mode", mode, "limit",
            50, "include", List.of("explanation"), "filter", random.nextBoolean() ? filter : null));
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    answer.json().path("hits").forEach(hit -> assertThat(live).containsKey(hit.at("/memory/id").asText()));
    assertThat(ask("POST", "/api/v1/memories/search",
        object("query", "letter", "scopes", List.of(Map.of("user", user), Map.of("user", one(other().users)))))
        .status())
        .isEqualTo(403);
    assertThat(ask("POST", "/api/v1/memories/search", object("query", "letter", "everywhere", true)).status())
        .isEqualTo(403);
    Answer context = ask("POST", "/api/v1/context",
        object("search", Map.of("query", "letter from the winter garden", "scope", Map.of("user", user)), "tokens",
            2000,
            "conversation", Map.of("user", user, "run", "talk")));
    assertThat(context.status()).as(context.text()).isEqualTo(200);
    context.json().path("memories").forEach(hit -> assertThat(live).containsKey(hit.at("/memory/id").asText()));
  }

  private void listAndCount(String user) {
    int group = random.nextInt(GROUPS);
    Map<String, Object> filter = Map.of("is", "equal", "key", "group", "value", group);
    long expected = live.values().stream().filter(own -> own.user.equals(user) && own.group == group).count();
    Answer listed = ask("POST", "/api/v1/memories/list", object("scope", Map.of("user", user), "filter", filter,
        "order", one(List.of("ID", "OLDEST", "NEWEST")), "limit", 1000));
    assertThat(listed.json().path("memories")).hasSize((int) expected);
    Answer counted = ask("POST", "/api/v1/memories/count", object("scope", Map.of("user", user), "filter", filter));
    assertThat(counted.json().path("count").asLong()).isEqualTo(expected);
  }

  /** Compares everything that the tenant can read with its model. */
  void compare() {
    Map<String, Integer> counts = new HashMap<>();
    for (String user : users) {
      Set<String> expected = new HashSet<>();
      live.forEach((id, own) -> {
        if (own.user.equals(user)) {
          expected.add(id);
        }
      });
      if (!expected.isEmpty()) {
        counts.put(user, expected.size());
      }
      assertThat(ids(user, "id")).isEqualTo(expected);
      assertThat(ids(user, "newest")).isEqualTo(expected);
      assertThat(ask("POST", "/api/v1/memories/count", object("scope", Map.of("user", user))).json().path("count")
          .asInt()).isEqualTo(expected.size());
      List<String> said = new ArrayList<>();
      ask("GET", "/api/v1/conversations/messages?limit=1000&run=talk&" + where(user), null).json().path("messages")
          .forEach(message -> said.add(message.path("id").asText()));
      assertThat(said).isEqualTo(messages.getOrDefault(user, List.of()));
    }
    Map<String, Integer> scopes = new HashMap<>();
    ask("GET", "/api/v1/scopes", null).json().path("scopes")
        .forEach(scope -> scopes.put(scope.at("/scope/user").asText(), scope.path("memories").asInt()));
    assertThat(scopes).isEqualTo(counts);
    Map<String, Integer> entities = new HashMap<>();
    ask("GET", "/v1/entities/", null).json().path("results")
        .forEach(entity -> entities.put(entity.path("name").asText(), entity.path("total_memories").asInt()));
    assertThat(entities).isEqualTo(counts);
  }

  private Set<String> ids(String user, String order) {
    Set<String> ids = new HashSet<>();
    String cursor = "";
    do {
      Answer page = ask("GET", "/api/v1/memories?limit=7&order=" + order + "&" + where(user)
          + (cursor.isEmpty() ? "" : "&cursor=" + encode(cursor)), null);
      page.json().path("memories").forEach(memory -> ids.add(memory.path("id").asText()));
      cursor = page.json().path("next").asText("");
    } while (!cursor.isEmpty());
    return ids;
  }

  // Conversations

  private void converse(String user) {
    // Ids of other tenants' messages are no obstacle, and tell nothing.
    Optional<String> foreign = other().messages.values().stream().flatMap(List::stream).findFirst();
    String id = foreign.isPresent() && random.nextBoolean() ? foreign.get() : UUID.randomUUID().toString();
    List<String> own = messages.computeIfAbsent(user, name -> new ArrayList<>());
    boolean again = own.contains(id);
    Answer answer = ask("POST", "/api/v1/conversations/messages",
        object("scope", Map.of("user", user, "run", "talk"), "messages",
            List.of(Map.of("id", id, "role", "user", "text", again ? "again" : "said by " + secret))));
    if (again) {
      assertThat(answer.status()).isBetween(200, 409);
    } else {
      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
      own.add(id);
      traces.add(id);
    }
    ask("GET", "/api/v1/conversations/window?run=talk&" + where(user), null);
    ask("GET", "/api/v1/conversations?" + where(user), null).json().path("conversations")
        .forEach(found -> assertThat(found.findValue("user").asText()).isEqualTo(user));
    if (random.nextInt(5) == 0) {
      ask("DELETE", "/api/v1/conversations?run=talk&" + where(user), null);
      messages.remove(user);
    }
  }

  // What is of others

  private void foreignMemory() {
    foreignId().ifPresent(id -> {
      String path = "/api/v1/memories/{}";
      askForeign("GET", path, null, id, noId());
      askForeign("GET", path + "?expired=true", null, id, noId());
      askForeign("GET", path + "?at=2030-01-01T00:00:00Z", null, id, noId());
      askForeign("GET", path + "/history", null, id, noId());
      askForeign("GET", path + "/neighbours", null, id, noId());
      askForeign("PATCH", path, "{\"content\": \"taken\"}", id, noId());
      askForeign("DELETE", path, null, id, noId());
      askForeign("DELETE", path + "?purge=true", null, id, noId());
    });
  }

  private void foreignScope() {
    String user = one(other().users);
    String none = "nobody";
    String scope = "\"scope\": {\"user\": \"{}\"}";
    askForeign("GET", "/api/v1/memories?user={}", null, encode(user), none);
    askForeign("GET", "/api/v1/memories?user={}&at=2030-01-01T00:00:00Z", null, encode(user), none);
    askForeign("POST", "/api/v1/memories", "{\"content\": \"planted\", " + scope + "}", user, none);
    askForeign("PUT", "/api/v1/memories", "{\"content\": \"planted\", \"key\": \"key-1\", " + scope + "}", user, none);
    askForeign("POST", "/api/v1/memories/list", "{" + scope + "}", user, none);
    askForeign("POST", "/api/v1/memories/count", "{" + scope + "}", user, none);
    askForeign("POST", "/api/v1/memories/search", "{\"query\": \"letter\", " + scope + "}", user, none);
    foreignId().ifPresent(id -> assertThat(ask("POST", "/api/v1/context",
        object("search", Map.of("query", "letter", "scope", Map.of("user", one(users))), "tokens", 1000, "pinned",
            List.of(id)))
        .json().path("pinned")).isEmpty());
    askForeign("POST", "/api/v1/context", "{\"search\": {\"query\": \"letter\", " + scope + "}, \"tokens\": 100}", user,
        none);
    askForeign("POST", "/api/v1/context", "{\"search\": {\"query\": \"letter\", \"scope\": {\"user\": \""
        + one(users) + "\"}}, \"tokens\": 100, \"conversation\": {\"user\": \"{}\", \"run\": \"talk\"}}", user, none);
    askForeign("POST", "/api/v1/memories/delete",
        "{\"filter\": {\"is\": \"exists\", \"key\": \"group\"}, " + scope + "}", user, none);
    String talk = "\"messages\": [{\"role\": \"user\", \"text\": \"planted\"}], "
        + "\"scope\": {\"user\": \"{}\", \"run\": \"talk\"}";
    askForeign("POST", "/api/v1/conversations/messages", "{" + talk + "}", user, none);
    askForeign("PUT", "/api/v1/conversations/window", "{" + talk + "}", user, none);
    String conversation = "\"scope\": {\"user\": \"{}\", \"run\": \"talk\"}";
    askForeign("POST", "/api/v1/conversations/remember", "{" + conversation + "}", user, none);
    askForeign("POST", "/api/v1/conversations/remember", "{" + conversation + ", \"mode\": \"both\"}", user, none);
    askForeign("GET", "/api/v1/profile?user={}", null, encode(user), none);
    askForeign("POST", "/api/v1/profile", "{" + scope + "}", user, none);
    askForeign("GET", "/api/v1/conversations/dead-letters?user={}", null, encode(user), none);
    for (String what : List.of("retry", "drop")) {
      askForeign("POST", "/api/v1/conversations/dead-letters/" + what, "{" + conversation + ", \"after\": 0}", user,
          none);
    }
    for (String path : List.of("/api/v1/conversations", "/api/v1/conversations/messages",
        "/api/v1/conversations/window", "/api/v1/events", "/api/v1/export")) {
      askForeign("GET", path + "?user={}&run=talk", null, encode(user), none);
    }
    askForeign("DELETE", "/api/v1/conversations?user={}&run=talk", null, encode(user), none);
    askForeign("DELETE", "/api/v1/scopes?user={}", null, encode(user), none);
    Answer prefixed = ask("GET", "/api/v1/scopes?prefix=" + encode(user), null);
    assertThat(prefixed.status() == 403 || prefixed.json().path("scopes").isEmpty()).as(prefixed.text()).isTrue();
  }

  private void operations() {
    String op = noId();
    String own = ownId();
    if (own != null) {
      assertThat(ask("GET", "/api/v1/operations/" + own + "/" + op, null).text()).isEqualTo("{\"landed\":false}");
    }
    // A random id may be of a write that never landed, so it is answered; one of another tenant never is.
    foreignId().ifPresent(
        id -> assertThat(ask("GET", "/api/v1/operations/" + id + "/" + op, null).status()).isEqualTo(404));
  }

  private void exportAndErase(String user) {
    Answer exported = ask("GET", "/api/v1/export?" + where(user), null);
    assertThat(exported.status()).as(exported.text()).isEqualTo(200);
    if (random.nextInt(4) == 0) {
      Answer erased = ask("DELETE", "/api/v1/scopes?" + where(user), null);
      assertThat(erased.status()).as(erased.text()).isEqualTo(200);
      List.copyOf(live.keySet()).stream().filter(id -> own(id).user.equals(user)).forEach(this::bury);
      messages.remove(user);
    }
  }

  /** The state of the server is for nobody whose key is bound. */
  private void state() {
    for (String path : List.of("/api/v1/status", "/api/v1/statistics", "/api/v1/metrics-summary", "/api/v1/jobs",
        "/api/v1/embedding-endpoints", "/metrics", "/api/v1/lanes", "/api/v1/dead-letters",
        "/api/v1/tasks/" + noId())) {
      assertThat(ask("GET", path, null).status()).as(path).isBetween(403, 404);
    }
    assertThat(ask("POST", "/api/v1/verify", null).status()).isEqualTo(403);
    assertThat(ask("GET", "/api/v1/model-change", null).status()).isEqualTo(403);
    assertThat(ask("POST", "/api/v1/model-change", "{\"embedder\": \"hash\"}").status()).isEqualTo(403);
    assertThat(ask("POST", "/api/v1/model-change/switch", null).status()).isEqualTo(403);
    assertThat(ask("DELETE", "/api/v1/model-change", null).status()).isEqualTo(403);
    assertThat(ask("DELETE", "/api/v1/old-vectors", null).status()).isEqualTo(403);
    assertThat(ask("POST", "/api/v1/import", "", "Content-Type", "application/jsonl").status()).isEqualTo(403);
    ask("GET", "/health/ready", null);
    ask("GET", "/v1/ping/", null);
    ask("GET", "/api/v1/session", null);
  }

  // mem0's routes

  private void mem0(String user) {
    String content = content(3);
    Answer added = ask("POST", one(List.of("/v1/memories/", "/v3/memories/add/", "/memories")),
        object("messages", List.of(Map.of("role", "user", "content", content)), "user_id", user, "metadata",
            Map.of("group", 3, "note", secret)));
    JsonNode results = added.json().has("results") ? added.json().path("results") : added.json();
    String id = results.path(0).path("id").asText();
    live.put(id, new Own(user, null, content, 3));
    assertThat(ask("GET", "/v1/memories/" + id + "/", null).json().path("memory").asText()).isEqualTo(content);
    ask("GET", "/v1/memories/" + id + "/history/", null);
    ask("GET", "/memories/" + id + "/history", null);
    ask("GET", "/entities", null);
    ask("GET", "/memories?user_id=" + encode(user), null);
    ask("GET", "/v1/memories/?user_id=" + encode(user), null);
    ask("POST", "/v2/memories/", object("filters", Map.of("user_id", user)));
    for (String version : List.of("v1", "v2", "v3")) {
      Answer found = ask("POST", "/" + version + "/memories/search/", version.equals("v1")
          ? object("query", "winter garden", "user_id", user)
          : object("query", "winter garden", "filters", Map.of("user_id", user)));
      assertThat(found.status()).as(found.text()).isEqualTo(200);
    }
    if (random.nextBoolean()) {
      assertThat(ask("DELETE", "/v1/memories/" + id + "/", null).status()).isEqualTo(200);
      bury(id);
    }
  }

  private void foreignThroughMem0() {
    String user = one(other().users);
    String none = "nobody";
    askForeign("GET", "/v1/memories/?user_id={}", null, encode(user), none);
    askForeign("GET", "/memories?user_id={}", null, encode(user), none);
    askForeign("DELETE", "/v1/memories/?user_id={}", null, encode(user), none);
    askForeign("DELETE", "/memories?user_id={}", null, encode(user), none);
    for (String path : List.of("/v1/entities/user/{}/", "/v2/entities/user/{}/", "/entities/user/{}")) {
      askForeign("DELETE", path, null, encode(user), none);
    }
    askForeign("POST", "/v2/memories/", "{\"filters\": {\"user_id\": \"{}\"}}", user, none);
    askForeign("POST", "/v3/memories/", "{\"filters\": {\"OR\": [{\"user_id\": \"{}\"}]}}", user, none);
    askForeign("POST", "/v2/memories/search/", "{\"query\": \"letter\", \"filters\": {\"user_id\": \"{}\"}}", user,
        none);
    askForeign("POST", "/search", "{\"query\": \"letter\", \"user_id\": \"{}\"}", user, none);
    askForeign("POST", "/v1/memories/",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"planted\"}], \"user_id\": \"{}\"}", user, none);
    foreignId().ifPresent(id -> {
      for (String path : List.of("/v1/memories/{}/", "/memories/{}")) {
        askForeign("GET", path, null, id, noId());
        askForeign("PUT", path, "{\"text\": \"taken\"}", id, noId());
        askForeign("DELETE", path, null, id, noId());
      }
      askForeign("GET", "/v1/memories/{}/history/", null, id, noId());
      askForeign("GET", "/memories/{}/history", null, id, noId());
      for (String method : List.of("PUT", "DELETE")) {
        Answer batch = ask(method, "/v1/batch/",
            object("memories", List.of(Map.of("memory_id", id, "text", "taken"))));
        assertThat(batch.json().path("failures")).as(batch.text()).hasSize(1);
      }
    });
  }

  // The Model Context Protocol

  private McpSyncClient client(String user) {
    return agents.computeIfAbsent(user, named -> {
      Map<String, String> headers = McpTestClient.key(key);
      headers.putAll(McpTestClient.headers(Scope.user(named)));
      return McpTestClient.over(client.server(), headers);
    });
  }

  private CallToolResult call(String user, String tool, Map<String, Object> arguments) {
    CallToolResult result = McpTestClient.call(client(user), tool, arguments);
    requireNothingOfOthers(tool + " " + arguments + " by " + name, user + arguments,
        McpTestClient.text(result) + result.structuredContent());
    return result;
  }

  private void agent(String user) {
    int group = random.nextInt(GROUPS);
    String content = content(group);
    CallToolResult added = call(user, "memory_add",
        Map.of("content", content, "metadata", Map.of("group", group, "note", secret)));
    assertThat(added.isError()).as(McpTestClient.text(added)).isFalse();
    String id = McpTestClient.structured(added).findValue("id").asText();
    live.put(id, new Own(user, null, content, group));
    call(user, "memory_search", Map.of("query", "letter from the winter garden", "limit", 20));
    call(user, "memory_list", Map.of("limit", 50));
    call(user, "memory_history", Map.of("id", id));
    assertThat(McpTestClient.text(call(user, "memory_get", Map.of("id", id)))).contains(content);
    McpSyncClient agent = client(user);
    for (String uri : List.of("memlane://recent", "memlane://memories/" + id)) {
      requireNothingOfOthers(uri, user, agent.readResource(ReadResourceRequest.builder(uri).build()).toString());
    }
    requireNothingOfOthers("a prompt", user, agent.getPrompt(
        GetPromptRequest.builder("recall").arguments(Map.of("about", "letters in winter")).build()).toString());
    if (random.nextBoolean()) {
      assertThat(call(user, "memory_delete", Map.of("id", id)).isError()).isFalse();
      bury(id);
    }
  }

  private void foreignAgent(String user) {
    foreignId().ifPresent(id -> {
      for (String tool : List.of("memory_get", "memory_history", "memory_delete", "memory_update")) {
        String none = noId();
        CallToolResult refused = call(user, tool, arguments(tool, id));
        CallToolResult absent = call(user, tool, arguments(tool, none));
        assertThat(refused.isError()).as("%s of %s", tool, id).isTrue();
        assertThat(McpTestClient.text(refused).replace(id, "{}"))
            .isEqualTo(McpTestClient.text(absent).replace(none, "{}"));
      }
      McpSyncClient agent = client(user);
      assertThatThrownBy(
          () -> agent.readResource(ReadResourceRequest.builder("memlane://memories/" + id).build()))
          .isInstanceOfSatisfying(McpError.class, error -> requireNothingOfOthers("a resource", id, error.toString()));
    });
    String foreign = one(other().users);
    String words = "letter from the winter garden";
    // By the header, which the client's configuration sets, and by the argument, which the model sets.
    Answer opened = ask("POST", "/mcp",
        "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"initialize\", \"params\": {\"protocolVersion\": \"2025-11-25\", "
            + "\"capabilities\": {}, \"clientInfo\": {\"name\": \"test\", \"version\": \"1\"}}}",
        "Accept", "application/json, text/event-stream", "Memlane-User", encode(foreign));
    assertThat(opened.status()).as(opened.text()).isEqualTo(403);
    for (CallToolResult refused : List.of(call(user, "memory_list", Map.of("user", foreign)),
        call(user, "memory_search", Map.of("query", words, "user", foreign)),
        call(user, "memory_add", Map.of("content", "planted", "user", foreign)))) {
      assertThat(refused.isError()).as(McpTestClient.text(refused)).isTrue();
    }
    String recent = "memlane://users/" + encode(foreign) + "/recent";
    assertThatThrownBy(() -> client(user).readResource(ReadResourceRequest.builder(recent).build()))
        .isInstanceOf(McpError.class);
  }

  private static Map<String, Object> arguments(String tool, String id) {
    return tool.equals("memory_update") ? Map.of("id", id, "content", "taken") : Map.of("id", id);
  }

  // Events

  /** Begins to read the changes that this tenant's key reaches. */
  void listen() {
    events = new Events(this, "cursor=0");
  }

  /**
   * Reads until the last of this tenant's changes has come, and checks everything that came: from the beginning, and from the
   * cursors of others.
   */
  void requireOwnEvents() throws IOException {
    List<String> cursors = new ArrayList<>(List.of("cursor=0"));
    for (Tenant other : all) {
      cursors.add("cursor=" + Objects.requireNonNull(other.events).cursor());
    }
    add(users.getFirst());
    put(users.getFirst());
    String content = content(0);
    Answer last = ask("POST", "/api/v1/memories", json(memory(users.getFirst(), content, 0, null)));
    learn(last.status(), last.json(), users.getFirst(), null, content, 0);
    String id = last.json().at("/memory/id").asText();
    Objects.requireNonNull(events).until(id);
    for (String cursor : cursors) {
      for (String user : users) {
        try (Events read = new Events(this, cursor + "&" + where(user))) {
          if (user.equals(users.getFirst())) {
            read.until(id);
          }
        }
      }
    }
  }

  /** A stream of events, which is checked line by line. */
  private static final class Events implements AutoCloseable {

    private final Tenant tenant;
    private final BufferedReader lines;
    private String cursor = "0";

    Events(Tenant tenant, String query) {
      this.tenant = tenant;
      String first = tenant.users.getFirst();
      String path = "/api/v1/events?" + query + (query.contains("user=") ? "" : "&" + where(first));
      HttpResponse<InputStream> response = tenant.client.send(tenant.client.request("GET", path, null),
          HttpResponse.BodyHandlers.ofInputStream());
      assertThat(response.statusCode()).as(path).isEqualTo(200);
      lines = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
    }

    void until(String memory) throws IOException {
      String line = "";
      while (!line.contains("\"" + memory + "\"")) {
        line = Objects.requireNonNull(lines.readLine(), "the stream has ended");
        tenant.requireNothingOfOthers("events", "", line);
        if (line.startsWith("id: ")) {
          cursor = line.substring(4);
        }
      }
    }

    String cursor() throws IOException {
      while (cursor.equals("0")) {
        String line = Objects.requireNonNull(lines.readLine(), "the stream has ended");
        tenant.requireNothingOfOthers("events", "", line);
        if (line.startsWith("id: ")) {
          cursor = line.substring(4);
        }
      }
      return cursor;
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }

  void close() throws IOException {
    agents.values().forEach(McpSyncClient::close);
    if (events != null) {
      events.close();
    }
  }
}
