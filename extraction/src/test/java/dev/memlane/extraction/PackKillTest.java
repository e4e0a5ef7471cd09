package dev.memlane.extraction;

import static dev.memlane.extraction.RememberStage.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.extraction.PackVictim.Point;
import dev.memlane.model.Memory;
import dev.memlane.model.Scope;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.JavaCommand;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.Sample;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A process that remembers several conversations by one call is killed between its answer and the last of them. The next one
 * remembers each once, and asks again only if nothing had been kept.
 */
@Tag("slow")
class PackKillTest {

  @TempDir
  Path directory;

  private final ChatProvider provider = ChatProvider.start(new NoteScript());

  @AfterEach
  void close() {
    provider.close();
  }

  private static List<Point> points() {
    return Sample.oneIn(3, List.of(Point.values()));
  }

  @ParameterizedTest
  @MethodSource("points")
  void killedProcess_isContinued_withoutPayingOrWritingTwice(Point point) throws Exception {
    String url = RememberStage.freshDatabase();
    Path index = directory.resolve("index");
    try (RememberStage before = new RememberStage(url, index, provider)) {
      PackVictim.CHATS.forEach(chat -> before.say(chat, "Hello!", "note: home of " + chat.user() + " is Porto"));
    }

    kill(url, index, point);

    assertThat(provider.questions()).hasSize(1).allMatch(NoteScript::isPacked);
    try (RememberStage after = new RememberStage(url, index, provider);
        MemoryExtractor extractor = MemoryExtractor.builder(after.memory, after.database, after.model)
            .packAcrossScopes(true).build()) {
      assertThat(after.rows("token_reservation")).isEqualTo(point == Point.ANSWERED ? 1 : 0);
      List<RememberRequest> requests = PackVictim.CHATS.stream().map(RememberRequest::of).toList();
      extractor.rememberAll(requests).forEach(report -> assertThat(get(report).deadLetters()).isZero());

      for (Scope chat : PackVictim.CHATS) {
        List<Memory> facts = after.memory.blocking()
            .list(Scope.user(String.valueOf(chat.user())), Fact.filter(), null, 10).memories();
        assertThat(facts).extracting(Memory::content).containsExactly("home of " + chat.user() + " is Porto");
        assertThat(after.memory.blocking().history(facts.getFirst().id())).hasSize(1);
        assertThat(get(extractor.remember(chat)).messages()).isZero();
      }
      assertThat(after.rows("remembered_slice")).isZero();
      assertThat(after.rows("remembered_answer")).isZero();
    }
    assertThat(provider.questions()).hasSize(point == Point.ANSWERED ? 2 : 1).allMatch(NoteScript::isPacked);
  }

  private void kill(String url, Path index, Point point) throws Exception {
    Process process = new ProcessBuilder(JavaCommand.with("-Xmx256m", "-cp", System.getProperty("java.class.path"),
        PackVictim.class.getName(), url, index.toString(), provider.url(), point.name())).redirectErrorStream(true)
        .start();
    try (BufferedReader lines = process.inputReader()) {
      assertThat(lines.lines().anyMatch(PackVictim.HERE::equals)).isTrue();
    } finally {
      process.destroyForcibly();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
  }
}
