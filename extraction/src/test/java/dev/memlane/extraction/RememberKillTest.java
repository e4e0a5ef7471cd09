package dev.memlane.extraction;

import static dev.memlane.extraction.RememberStage.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.extraction.RememberVictim.Point;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.JavaCommand;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.Sample;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A process that remembers a conversation is killed at each step. The next one remembers each message once, and asks for no
 * answer again that was kept.
 */
@Tag("slow")
class RememberKillTest {

  @TempDir
  Path directory;

  private final NoteScript script = new NoteScript();
  private final ChatProvider provider = ChatProvider.start(script);

  @AfterEach
  void close() {
    provider.close();
  }

  private static List<Point> points() {
    return Sample.oneIn(4, List.of(Point.values()));
  }

  private static List<Point> pointsOfFacts() {
    return Sample.oneIn(4, Stream.of(Point.values()).filter(point -> !point.isOfMessages()).toList());
  }

  @ParameterizedTest
  @MethodSource("pointsOfFacts")
  void killedProcess_isContinued_withoutPayingOrWritingTwice(Point point) throws Exception {
    killAndContinue(point, RememberMode.FACTS);
  }

  @ParameterizedTest
  @MethodSource("points")
  void killedProcess_thatKeepsMessagesToo_isContinued_withoutPayingOrWritingTwice(Point point) throws Exception {
    killAndContinue(point, RememberMode.BOTH);
  }

  private void killAndContinue(Point point, RememberMode mode) throws Exception {
    String url = RememberStage.freshDatabase();
    Path index = directory.resolve("index");
    try (RememberStage before = new RememberStage(url, index, provider)) {
      before.say("note: home is Porto");
      before.remember();
      before.say("note: home is Lisbon", "note: pet is a cat", "note: home is Faro");
    }
    assertThat(provider.questions()).hasSize(1);

    kill(url, index, point, mode);

    // One for the first conversation. Then facts, decisions, and the second fact about the home, which decides again. An
    // answer that had not been kept is asked for again.
    boolean unkept = switch (point) {
      case FACTS_ASKED, FACTS_ANSWERED, DECISIONS_ASKED, DECISIONS_ANSWERED -> true;
      default -> false;
    };
    try (RememberStage after = new RememberStage(url, index, provider)) {
      assertThat(after.rows("token_reservation")).as("the call that was under way").isEqualTo(unkept ? 1 : 0);
      // Whether anything was found out about the messages or not, they are there before the model is asked.
      if (mode == RememberMode.BOTH && !point.isOfMessages()) {
        assertThat(messages(after)).hasSize(RememberVictim.MESSAGES);
      }
      get(after.extractor.remember(RememberStage.CHAT, mode));
      assertThat(messages(after)).extracting(Memory::content).containsExactlyInAnyOrder(mode == RememberMode.BOTH
          ? new String[]{"note: home is Lisbon", "note: pet is a cat", "note: home is Faro"}
          : new String[0]);
      for (Memory message : messages(after)) {
        assertThat(after.memory.blocking().history(message.id())).hasSize(1);
      }
      assertThat(after.contents()).containsExactly("home is Faro", "pet is a cat");
      for (Memory fact : after.facts()) {
        assertThat(after.memory.blocking().history(fact.id())).extracting(HistoryEntry::newContent)
            .containsExactly(fact.content().startsWith("pet")
                ? new String[]{"pet is a cat"}
                : new String[]{"home is Porto", "home is Lisbon", "home is Faro"});
      }
      assertThat(after.rows("remembered_slice") + after.rows("remembered_answer")).isZero();
      assertThat(after.remember().messages()).isZero();
    }
    assertThat(provider.questions()).hasSize(1 + 3 + (unkept ? 1 : 0));
  }

  private static List<Memory> messages(RememberStage stage) {
    return stage.memory.blocking().list(RememberStage.ADA, RememberedMessage.filter(), null, 100).memories();
  }

  private void kill(String url, Path index, Point point, RememberMode mode) throws Exception {
    CompletableFuture<Void> asked = new CompletableFuture<>();
    provider.script(question -> {
      Point here = NoteScript.isExtraction(question) ? Point.FACTS_ASKED : Point.DECISIONS_ASKED;
      if (here != point) {
        return script.apply(question);
      }
      asked.complete(null);
      return ChatReply.text("too late").after(new CompletableFuture<>());
    });
    Process process = new ProcessBuilder(JavaCommand.with("-Xmx256m", "-cp", System.getProperty("java.class.path"),
        RememberVictim.class.getName(), url, index.toString(), provider.url(), point.name(), mode.name()))
        .redirectErrorStream(true)
        .start();
    try (BufferedReader lines = process.inputReader()) {
      if (point == Point.FACTS_ASKED || point == Point.DECISIONS_ASKED) {
        asked.get(60, TimeUnit.SECONDS);
      } else {
        assertThat(lines.lines().anyMatch(RememberVictim.HERE::equals)).isTrue();
      }
    } finally {
      process.destroyForcibly();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      provider.script(script);
    }
  }
}
