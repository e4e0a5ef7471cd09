package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.Main;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.JavaCommand;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.Sample;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The real program is killed while it remembers a chat export. The same command again goes on where it stopped; that runs in
 * this JVM, because it need not be killed.
 */
@Tag("slow")
class RememberCommandKillTest {

  private static final int CONVERSATIONS = 6;

  @TempDir
  Path directory;

  private final NoteScript script = new NoteScript();
  private final ChatProvider provider = ChatProvider.start(script);

  @AfterEach
  void close() {
    provider.close();
  }

  private Path export() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 1; i <= CONVERSATIONS; i++) {
      lines.append("{\"messages\": [{\"role\": \"user\", \"content\": \"note: home is Town ").append(i)
          .append("\"}, {\"role\": \"assistant\", \"content\": \"Nice.\"}, {\"role\": \"user\", \"content\": "
              + "\"note: pet number ")
          .append(i).append(" is a cat\"}]}\n");
    }
    return Files.writeString(directory.resolve("chats.jsonl"), lines);
  }

  /** Facts, and decisions for all conversations but the first, which finds nothing known. */
  private static int questions(int perCall) {
    return (perCall == 1 ? CONVERSATIONS : 1) + CONVERSATIONS - 1;
  }

  private Process start(String url, Path export, int perCall) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(JavaCommand.with("-Xmx512m", "-cp",
        System.getProperty("java.class.path"), Main.class.getName(), "remember", export.toString(), "--user", "ada",
        "--data", directory.resolve("data").toString(), "--db-url", url, "--embedder", "hash", "--chat-url",
        provider.url(), "--chat-model", "test", "--chat-concurrency", "1",
        "--conversations-per-call", String.valueOf(perCall), "--json"));
    builder.redirectError(directory.resolve("errors").toFile());
    return builder.start();
  }

  private CommandRunner commands(String url) {
    return new CommandRunner(directory.resolve("data"), directory, url);
  }

  private JsonNode run(String url, Path export, int perCall) {
    return commands(url).json("remember", export.toString(), "--user", "ada", "--chat-url", provider.url(),
        "--chat-model", "test", "--chat-concurrency", "1", "--conversations-per-call", String.valueOf(perCall));
  }

  private static List<Arguments> kills() {
    return Sample.oneIn(6, List.of(Arguments.of(1, 2), Arguments.of(1, 1), Arguments.of(1, 3), Arguments.of(10, 1),
        Arguments.of(1, 6), Arguments.of(1, 11), Arguments.of(10, 3), Arguments.of(10, 2), Arguments.of(10, 6)));
  }

  @ParameterizedTest
  @MethodSource("kills")
  void killedProcess_isContinuedByTheSameCommand_withoutPayingOrWritingTwice(int perCall, int question)
      throws Exception {
    String url = TestServer.freshDatabase();
    Path export = export();
    AtomicInteger asked = new AtomicInteger();
    CompletableFuture<Void> reached = new CompletableFuture<>();
    provider.script(each -> {
      if (asked.incrementAndGet() < question) {
        return script.apply(each);
      }
      reached.complete(null);
      return ChatReply.text("too late").after(new CompletableFuture<>());
    });
    Process killed = start(url, export, perCall);
    try {
      reached.get(120, TimeUnit.SECONDS);
    } finally {
      killed.destroyForcibly();
      assertThat(killed.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
    provider.script(script);

    JsonNode second = run(url, export, perCall);

    assertThat(second.path("conversations").asInt()).isEqualTo(CONVERSATIONS);
    // The question that had no answer yet is asked again, and no other.
    assertThat(provider.questions()).hasSize(questions(perCall) + 1);
    assertThat(second.path("modelCalls").asInt()).isEqualTo(questions(perCall) + 1 - question);
    requireRemembered(url);

    JsonNode third = run(url, export, perCall);
    assertThat(third.path("read").asInt() + third.path("modelCalls").asInt()).isZero();
    requireRemembered(url);
  }

  @Test
  void terminatedProcess_endsInOrder_andSaysHowToResume() throws Exception {
    String url = TestServer.freshDatabase();
    Path export = export();
    AtomicInteger asked = new AtomicInteger();
    CompletableFuture<Void> reached = new CompletableFuture<>();
    provider.script(each -> {
      if (asked.incrementAndGet() < 3) {
        return script.apply(each);
      }
      reached.complete(null);
      return ChatReply.text("too late").after(new CompletableFuture<>());
    });
    Process terminated = start(url, export, 10);
    reached.get(120, TimeUnit.SECONDS);
    terminated.destroy();
    assertThat(terminated.waitFor(60, TimeUnit.SECONDS)).isTrue();

    assertThat(Files.readString(directory.resolve("errors"))).contains("ended early: stopped. Run it again to resume.");
    provider.script(script);
    JsonNode second = run(url, export, 10);
    assertThat(second.path("ended").isNull()).isTrue();
    requireRemembered(url);
  }

  private void requireRemembered(String url) {
    CommandRunner commands = commands(url);
    JsonNode memories = commands.run("list", "--user", "ada", "--json").json().path("memories");
    List<String> contents = new ArrayList<>();
    memories.forEach(memory -> contents.add(memory.path("content").asText()));
    assertThat(contents).hasSize(CONVERSATIONS + 1).doesNotHaveDuplicates().contains("home is Town " + CONVERSATIONS);
    for (JsonNode memory : memories) {
      JsonNode history = commands.run("history", memory.path("id").asText(), "--json").json();
      int versions = history.isArray() ? history.size() : history.path("entries").size();
      assertThat(versions).isEqualTo(memory.path("content").asText().startsWith("home") ? CONVERSATIONS : 1);
    }
  }
}
