package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.cli.Main;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.JavaCommand;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.Sample;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The real program is ended while it makes the facts that it is going to measure. The same command again pays for the rest; that
 * runs in this JVM, because it need not be ended.
 */
@Tag("slow")
class EvalFactsKillTest {

  private static final int CONVERSATIONS = 3;
  private static final int TURNS = 60;
  /** In each conversation the facts of two slices, and for the second one what becomes of its facts. */
  private static final int QUESTIONS = 3 * CONVERSATIONS;

  @TempDir
  Path directory;

  private final NoteScript script = new NoteScript();
  private final ChatProvider provider = ChatProvider.start(script);
  private final String url = TestServer.freshDatabase();

  @AfterEach
  void close() {
    provider.close();
  }

  /** Conversations with a fact at the beginning and one at the end, and a question about both. */
  private Path talks() throws IOException {
    ArrayNode samples = Json.MAPPER.createArrayNode();
    for (int i = 1; i <= CONVERSATIONS; i++) {
      ObjectNode sample = samples.addObject().put("sample_id", "talk-" + i);
      ObjectNode conversation = sample.putObject("conversation").put("session_1_date_time", "1:56 pm on 8 May, 2023");
      ArrayNode turns = conversation.putArray("session_1");
      for (int turn = 1; turn <= TURNS; turn++) {
        turns.addObject().put("speaker", "Bo").put("dia_id", "D1:" + turn).put("text",
            turn == 1 ? "note: home is Porto" : turn == TURNS ? "note: boat is a kayak" : "Nothing new at " + turn);
      }
      sample.putArray("qa").addObject().put("question", "Which home and boat?").put("category", 1)
          .putArray("evidence").add("D1:1").add("D1:" + TURNS);
    }
    return Files.writeString(directory.resolve("talks.json"), samples.toString());
  }

  private Process start(Path talks) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(JavaCommand.with("-Xmx512m", "-cp",
        System.getProperty("java.class.path"), Main.class.getName(), "eval", "--locomo", talks.toString(), "--facts",
        "--mode", "hybrid", "--data", directory.resolve("data").toString(), "--db-url", url, "--embedder", "hash",
        "--chat-url", provider.url(), "--chat-model", "test", "--chat-concurrency", "1", "--json"));
    builder.redirectError(directory.resolve("errors").toFile());
    return builder.start();
  }

  /** Lets the command ask so many questions; the last one is not answered. */
  private Process askUntil(int question, Path talks) throws Exception {
    AtomicInteger asked = new AtomicInteger();
    CompletableFuture<Void> reached = new CompletableFuture<>();
    provider.script(each -> {
      if (asked.incrementAndGet() < question) {
        return script.apply(each);
      }
      reached.complete(null);
      return ChatReply.text("too late").after(new CompletableFuture<>());
    });
    Process process = start(talks);
    reached.get(120, TimeUnit.SECONDS);
    return process;
  }

  private void requireRest(int question, Path talks) {
    provider.script(script);
    JsonNode figures = new CommandRunner(directory.resolve("data"), directory, url).json("eval", "--locomo",
        talks.toString(), "--facts", "--mode", "hybrid", "--data", directory.resolve("data").toString(), "--chat-url",
        provider.url(), "--chat-model", "test", "--chat-concurrency", "1");

    JsonNode facts = figures.path("facts");
    assertThat(facts.path("facts").asInt()).isEqualTo(2 * CONVERSATIONS);
    assertThat(facts.path("reachable").asDouble()).isOne();
    // The question that had no answer yet is asked again, and no other.
    assertThat(provider.questions()).hasSize(QUESTIONS + 1);
    assertThat(facts.path("thisRun").path("modelCalls").asInt()).isEqualTo(QUESTIONS + 1 - question);
    assertThat(figures.path("modes")).hasSize(3).allSatisfy(
        mode -> assertThat(mode.path("recall").path("50").asDouble()).as(mode.path("through").asText()).isOne());
  }

  private static List<Integer> questions() {
    return Sample.oneIn(4, List.of(3, 1, 5, QUESTIONS));
  }

  @ParameterizedTest
  @MethodSource("questions")
  void killedProcess_isContinuedByTheSameCommand_withoutPayingTwice(int question) throws Exception {
    Path talks = talks();
    Process killed = askUntil(question, talks);
    killed.destroyForcibly();
    assertThat(killed.waitFor(60, TimeUnit.SECONDS)).isTrue();

    requireRest(question, talks);
  }

  @Test
  void terminatedProcess_endsInOrder_andSaysHowToResume() throws Exception {
    Path talks = talks();
    Process terminated = askUntil(5, talks);
    // By its handle, because the process itself would close the stream that is read below.
    assertThat(terminated.toHandle().destroy()).isTrue();
    assertThat(terminated.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(terminated.getInputStream().readAllBytes()).isEmpty();
    assertThat(Files.readString(directory.resolve("errors"))).contains("ended early: stopped. Nothing was measured (",
        "Run it again with --data " + directory.resolve("data") + " to resume");

    requireRest(5, talks);
  }
}
