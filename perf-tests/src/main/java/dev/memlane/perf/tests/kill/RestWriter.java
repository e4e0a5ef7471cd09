package dev.memlane.perf.tests.kill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.perf.tests.kill.Attempt.Answer;
import dev.memlane.perf.tests.kill.Attempt.Form;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One writer over HTTP. It adds, puts, updates and deletes one by one and in batches, and appends to its conversation, in
 * its own scope most of the time and sometimes in the scope that all writers share. It records each request before it is
 * sent, and each answer, until the server is gone. A request whose answer is not complete has none.
 *
 * <p>
 * After the server is back, {@link #resolve} sends again what has no answer and is under a key of its own, and asks for
 * the fate of what was unsettled. Used by one thread at a time.
 */
final class RestWriter {

  private static final int MOST_MEMORIES = 12;
  private static final int SHARED_KEYS = 6;
  private static final Scope SHARED = Scope.user("shared");

  private final Ledger ledger;
  private final int number;
  private final Scope scope;
  private final Random random;
  private final Dialogue dialogue;
  private final List<Known> known = new ArrayList<>();
  private final @Nullable OperationId[] seen = new OperationId[SHARED_KEYS];
  private Attempt.Source source = new Attempt.Source(0, 's');
  private int count;

  /** A memory of this writer's own, as it was last seen. */
  private record Known(MemoryId id, @Nullable String key, @Nullable OperationId op, @Nullable OperationId before) {}

  RestWriter(Ledger ledger, int number, long seed) {
    this.ledger = ledger;
    this.number = number;
    this.scope = Scope.user("s-" + number);
    this.random = new Random(seed * 31 + number);
    this.dialogue = new Dialogue("s-" + number, seed * 37 + number);
  }

  Dialogue dialogue() {
    return dialogue;
  }

  /** Writes until the server is gone. */
  void work(RestClient client, int round) throws InterruptedException {
    source = new Attempt.Source(round, 's');
    try {
      readOwn(client);
      while (true) {
        int dice = random.nextInt(100);
        if (dice < 15) {
          workOnShared(client, random.nextInt(SHARED_KEYS), round);
        } else if (dice < 25) {
          dialogue.append(client);
        } else if (dice < 35) {
          addBatch(client);
        } else {
          workOnOwn(client);
        }
      }
    } catch (IOException e) {
      // The server is gone. What was under way has no answer.
      System.getLogger(RestWriter.class.getName()).log(System.Logger.Level.DEBUG, "the server is gone", e);
    }
  }

  private void readOwn(RestClient client) throws IOException, InterruptedException {
    known.clear();
    client.read("GET", "/api/v1/memories?limit=1000&user=" + RestClient.encode(user(scope)), null).path("memories")
        .forEach(memory -> known.add(new Known(id(memory), memory.path("key").textValue(), op(memory), null)));
  }

  // What it writes

  private void workOnOwn(RestClient client) throws IOException, InterruptedException {
    if (known.size() < MOST_MEMORIES) {
      String name = nextName();
      int dice = random.nextInt(10);
      if (dice < 3) {
        remember(write(client, ask(name, Form.ADD, scope, null, name, null)));
      } else {
        remember(write(client, ask(name, dice < 7 ? Form.ADD : Form.PUT, scope, "k-" + name, name, null)));
      }
      return;
    }
    Known one = known.get(random.nextInt(known.size()));
    OperationId right = random.nextInt(3) == 0 ? one.op : null;
    String name = nextName();
    int dice = random.nextInt(100);
    if (dice < 45) {
      change(client, one, Form.UPDATE, name, right);
    } else if (dice < 55) {
      change(client, one, Form.UPDATE, name, one.before);
    } else if (dice < 80 && one.key != null) {
      remember(write(client, ask(name, dice < 62 ? Form.ADD : Form.PUT, scope, one.key, name, null)));
    } else {
      change(client, one, Form.DELETE, name, right);
    }
  }

  private void change(RestClient client, Known one, Form form, String name, @Nullable OperationId expected)
      throws IOException, InterruptedException {
    Attempt attempt = ledger.asked(new Attempt.Request(name, source, number, false, form, one.id, null, name, expected,
        form == Form.UPDATE));
    Attempt answered = write(client, attempt);
    switch (answered.answer) {
      case DELETED, WAS_DELETED, NOT_FOUND -> known.remove(one);
      case STORED -> {
        known.remove(one);
        known.add(new Known(one.id, one.key, answered.op, one.op));
      }
      default -> {
        // The memory is unchanged, or its state is not known; the next round reads it.
      }
    }
  }

  private void remember(Attempt attempt) {
    MemoryId memory = attempt.memory;
    if (memory != null && attempt.answer == Answer.STORED) {
      known.removeIf(one -> one.id.equals(memory));
      known.add(new Known(memory, attempt.key, attempt.op, null));
    }
  }

  private void addBatch(RestClient client) throws IOException, InterruptedException {
    List<Attempt> batch = new ArrayList<>();
    Form form = random.nextBoolean() ? Form.ADD : Form.PUT;
    ObjectNode body = RestClient.JSON.createObjectNode().put("mode", form == Form.PUT ? "PUT" : "ADD");
    ArrayNode memories = body.putArray("memories");
    int size = 2 + random.nextInt(4);
    for (int i = 0; i < size; i++) {
      String name = nextName();
      Attempt attempt = ask(name, form, scope, "b-" + name, name, null);
      batch.add(attempt);
      memories.add(memory(attempt, scope, true));
    }
    RestClient.Answer answer = client.send("POST", "/api/v1/memories/batch", body);
    for (int i = 0; i < batch.size(); i++) {
      if (answer.status() != 200) {
        record(batch.get(i), answer.status(), answer.body());
        continue;
      }
      JsonNode outcome = answer.body().path("outcomes").path(i);
      JsonNode problem = outcome.path("problem");
      record(batch.get(i), problem.path("status").asInt(200), problem.isMissingNode() ? outcome : problem);
    }
  }

  private void workOnShared(RestClient client, int slot, int round) throws IOException, InterruptedException {
    String key = "s" + slot + "-r" + round;
    MemoryId id = MemoryId.derive(SHARED, key);
    String name = nextName();
    int dice = random.nextInt(100);
    Attempt answered;
    if (dice < 30) {
      answered = write(client, ask(name, Form.ADD, SHARED, key, name, null));
    } else if (dice < 60) {
      answered = write(client, ask(name, Form.PUT, SHARED, key, name, null));
    } else if (dice < 92) {
      OperationId expected = random.nextInt(3) == 0 ? seen[slot] : null;
      answered = write(client, ledger.asked(
          new Attempt.Request(name, source, number, true, Form.UPDATE, id, null, name, expected, true)));
    } else {
      answered = write(client, ledger.asked(
          new Attempt.Request(name, source, number, true, Form.DELETE, id, null, name, null, false)));
    }
    switch (answered.answer) {
      case STORED, DUPLICATE -> seen[slot] = answered.op;
      case DELETED, WAS_DELETED -> seen[slot] = null;
      default -> {
        // Another writer may have changed it, or not.
      }
    }
  }

  // After the server is back

  /** Finds out about what this writer does not know. It may be that the server is not the one that was asked. */
  void resolve(RestClient client) throws IOException, InterruptedException {
    for (Attempt attempt : ledger.attempts()) {
      if (attempt.writer != number) {
        continue;
      }
      MemoryId memory = attempt.memory;
      if (attempt.answer == Answer.UNSETTLED && memory != null && attempt.op != null) {
        RestClient.Answer fate = client.send("GET", "/api/v1/operations/" + memory + "/" + attempt.op, null);
        if (fate.status() == 200) {
          ledger.answered(attempt.name,
              fate.body().path("landed").booleanValue() ? Answer.FOUND_LANDED : Answer.FOUND_LOST, memory, attempt.op,
              0);
        }
      } else if (attempt.answer == Answer.NONE && attempt.source.equals(source) && !attempt.shared
          && attempt.key != null) {
        write(client, ask(nextName(), attempt.form, scope, attempt.key, attempt.token, null));
      }
    }
    dialogue.append(client);
  }

  // Requests and answers

  private Attempt ask(String name, Form form, Scope where, @Nullable String key, String token,
      @Nullable OperationId expected) {
    return ledger.asked(new Attempt.Request(name, source, number, where.equals(SHARED), form,
        key == null ? null : MemoryId.derive(where, key), key, token, expected, true));
  }

  private static ObjectNode memory(Attempt attempt, Scope where, boolean withKey) {
    ObjectNode memory = RestClient.JSON.createObjectNode().put("content", VictimWriter.content(attempt.token));
    memory.putObject("scope").put("user", user(where));
    memory.putObject("metadata").put("token", attempt.token);
    if (withKey && attempt.key != null) {
      memory.put("key", attempt.key);
    }
    return memory;
  }

  /** Sends one request and records its answer. */
  private Attempt write(RestClient client, Attempt attempt) throws IOException, InterruptedException {
    Scope where = attempt.shared ? SHARED : scope;
    String one = "/api/v1/memories/" + attempt.memory;
    String[] expected = attempt.expected == null
        ? new String[0]
        : new String[]{"If-Match", "\"" + attempt.expected + "\""};
    String key = attempt.key;
    RestClient.Answer answer = switch (attempt.form) {
      case ADD -> key != null && random.nextBoolean()
          ? client.send("POST", "/api/v1/memories", memory(attempt, where, false), "Idempotency-Key", key)
          : client.send("POST", "/api/v1/memories", memory(attempt, where, true));
      case PUT -> client.send("PUT", "/api/v1/memories", memory(attempt, where, true));
      case UPDATE -> {
        ObjectNode update = RestClient.JSON.createObjectNode().put("content", VictimWriter.content(attempt.token));
        update.putObject("metadata").put("token", attempt.token);
        yield client.send("PATCH", one, update, expected);
      }
      case DELETE -> client.send("DELETE", one + "?by=" + attempt.token, null, expected);
    };
    record(attempt, answer.status(), answer.body());
    return attempt;
  }

  private void record(Attempt attempt, int status, JsonNode body) {
    JsonNode memory = body.path("memory");
    Answer answer = switch (body.path("outcome").asText()) {
      case "stored", "replaced" -> Answer.STORED;
      case "duplicate" -> Answer.DUPLICATE;
      case "deleted" -> Answer.DELETED;
      case "rolledBack" -> Answer.ROLLED_BACK;
      case "conflict" -> Answer.CONFLICT;
      case "notFound" -> Answer.NOT_FOUND;
      case "wasDeleted" -> Answer.WAS_DELETED;
      case "refused" -> Answer.REFUSED;
      case "unsettled" -> Answer.UNSETTLED;
      default -> {
        if (status < 500) {
          throw new IllegalStateException("an answer without an outcome: " + status + " " + body);
        }
        yield Answer.UNKNOWN;
      }
    };
    if (memory.isObject()) {
      ledger.answered(attempt.name, answer, id(memory), op(memory), memory.path("version").asInt());
      return;
    }
    String id = body.path("id").textValue();
    String op = body.path(answer == Answer.CONFLICT ? "found" : "op").textValue();
    ledger.answered(attempt.name, answer, id == null ? attempt.memory : MemoryId.parse(id),
        op == null ? null : OperationId.parse(op), body.path("version").asInt());
  }

  private static MemoryId id(JsonNode memory) {
    return MemoryId.parse(memory.path("id").asText());
  }

  private static OperationId op(JsonNode memory) {
    return OperationId.parse(memory.path("op").asText());
  }

  private static String user(Scope scope) {
    return String.valueOf(scope.user());
  }

  private String nextName() {
    return "w" + number + "n" + count++;
  }
}
