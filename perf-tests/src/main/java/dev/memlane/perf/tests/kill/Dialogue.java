package dev.memlane.perf.tests.kill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.perf.tests.kill.Checker.Problem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/**
 * A conversation of one writer, and what it must be: its messages, each once, in the order in which they were appended.
 * An append without an answer is sent again with the same ids before the next one. Used by one thread at a time.
 */
final class Dialogue {

  private static final int PAGE = 1_000;

  private final String user;
  private final Random random;
  private final List<Said> acknowledged = new ArrayList<>();
  private List<Said> inDoubt = List.of();
  private int count;

  /** A message. */
  private record Said(String id, String text) {}

  Dialogue(String user, long seed) {
    this.user = user;
    this.random = new Random(seed);
  }

  /** Appends one to three messages, or those that are in doubt. */
  void append(RestClient client) throws IOException, InterruptedException {
    if (inDoubt.isEmpty()) {
      List<Said> messages = new ArrayList<>();
      int size = 1 + random.nextInt(3);
      for (int i = 0; i < size; i++) {
        messages.add(new Said(new UUID(random.nextLong(), random.nextLong()).toString(), "message " + count++));
      }
      inDoubt = messages;
    }
    ObjectNode body = RestClient.JSON.createObjectNode();
    body.putObject("scope").put("user", user).put("run", "dialogue");
    ArrayNode messages = body.putArray("messages");
    inDoubt.forEach(said -> messages.addObject().put("id", said.id).put("role", "user").put("text", said.text));
    RestClient.Answer answer = client.send("POST", "/api/v1/conversations/messages", body);
    if (answer.status() == 200) {
      acknowledged.addAll(inDoubt);
      inDoubt = List.of();
    }
    // Anything else leaves it in doubt, to be sent again.
  }

  /** The messages that were acknowledged. */
  int size() {
    return acknowledged.size();
  }

  /** Compares the stored conversation with the acknowledged messages; one append may be there or not, as a whole. */
  void check(RestClient client, List<Problem> problems) throws IOException, InterruptedException {
    List<Said> stored = new ArrayList<>();
    String cursor = "0";
    while (cursor != null) {
      JsonNode page = client.read("GET", "/api/v1/conversations/messages?user=" + RestClient.encode(user)
          + "&run=dialogue&limit=" + PAGE + "&cursor=" + cursor, null);
      page.path("messages")
          .forEach(message -> stored.add(new Said(message.path("id").asText(), message.path("text").asText())));
      cursor = page.path("next").textValue();
    }
    List<Said> withDoubt = new ArrayList<>(acknowledged);
    withDoubt.addAll(inDoubt);
    if (!stored.equals(acknowledged) && !stored.equals(withDoubt)) {
      problems.add(new Problem(null, "the conversation of " + user + " has " + stored.size() + " messages, "
          + acknowledged.size() + " are acknowledged and " + inDoubt.size() + " in doubt: they differ from position "
          + firstDifference(stored, withDoubt)));
    }
  }

  private static int firstDifference(List<Said> some, List<Said> others) {
    int i = 0;
    while (i < some.size() && i < others.size() && some.get(i).equals(others.get(i))) {
      i++;
    }
    return i;
  }
}
