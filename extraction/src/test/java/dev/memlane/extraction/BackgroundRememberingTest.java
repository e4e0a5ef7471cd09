package dev.memlane.extraction;

import static dev.memlane.extraction.RememberStage.ADA;
import static dev.memlane.extraction.RememberStage.CHAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.extraction.BackgroundRemembering.Counts;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.ChatReply;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("programs")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BackgroundRememberingTest {

  private static final Scope TUESDAY = ADA.withRun("tuesday");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir
  Path directory;

  private final NoteScript script = new NoteScript();
  private final ChatProvider provider = ChatProvider.start(script);
  private RememberStage stage;

  @BeforeEach
  void open() {
    stage = new RememberStage(RememberStage.freshDatabase(), directory.resolve("index"), provider);
  }

  @AfterEach
  void close() {
    stage.close();
    provider.close();
  }

  @Test
  void remember_whileItGoesOn_callsOnceMore_andCloseWaitsForIt() throws Exception {
    Semaphore entered = new Semaphore(0);
    CountDownLatch release = new CountDownLatch(1);
    script.before(question -> {
      entered.release();
      await(release);
    });
    BackgroundRemembering background = BackgroundRemembering.of(stage.extractor, 10, PATIENCE);
    stage.say("note: home is Porto");
    background.remember(CHAT);
    entered.acquire();

    for (int i = 0; i < 5; i++) {
      stage.say("note: job" + i + " is baker");
      background.remember(CHAT);
    }
    assertThat(background.counts()).isEqualTo(new Counts(0, 0, 0, 1));
    release.countDown();
    background.close();

    assertThat(background.counts()).isEqualTo(new Counts(2, 0, 0, 0));
    assertThat(stage.contents()).hasSize(6).contains("home is Porto", "job4 is baker");
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void remember_moreConversationsThanMayBeUnderWay_isRefused_andLosesNothing() throws Exception {
    Semaphore entered = new Semaphore(0);
    CountDownLatch release = new CountDownLatch(1);
    script.before(question -> {
      entered.release();
      await(release);
    });
    try (BackgroundRemembering background = BackgroundRemembering.of(stage.extractor, 1, PATIENCE)) {
      stage.say("note: home is Porto");
      background.remember(CHAT);
      entered.acquire();
      stage.say(TUESDAY, "note: job is baker");
      background.remember(TUESDAY);
      background.remember(CHAT);
      assertThat(background.counts()).isEqualTo(new Counts(0, 0, 1, 1));
      release.countDown();
    }
    try (BackgroundRemembering background = BackgroundRemembering.of(stage.extractor)) {
      background.remember(TUESDAY);
    }
    assertThat(stage.contents()).containsExactly("home is Porto", "job is baker");
  }

  @Test
  void remember_failures_areCountedAndLoggedOnceUntilOneSucceeds() {
    Logger logger = Logger.getLogger(BackgroundRemembering.class.getName());
    Kept kept = new Kept();
    logger.addHandler(kept);
    try {
      BackgroundRemembering background = BackgroundRemembering.of(stage.extractor, 10, PATIENCE);
      stage.say("note: home is Porto");
      for (ChatReply reply : List.of(ChatReply.status(500, "{}"), ChatReply.status(500, "{}"),
          ChatReply.text("{\"facts\": []}"))) {
        provider.next(reply);
        long before = ended(background);
        background.remember(CHAT);
        Awaitility.await().atMost(PATIENCE).until(() -> ended(background) > before);
      }
      assertThat(background.counts()).isEqualTo(new Counts(1, 2, 0, 0));
      assertThat(kept.records).hasSize(1);

      background.failed(new IllegalStateException("no"));
      background.failed(new IllegalStateException("no"));
      assertThat(kept.records).hasSize(2);
      assertThat(background.counts().failed()).isEqualTo(4);
    } finally {
      logger.removeHandler(kept);
    }
  }

  private static long ended(BackgroundRemembering background) {
    Counts counts = background.counts();
    return counts.underWay() > 0 ? 0 : counts.succeeded() + counts.failed();
  }

  private static final class Kept extends Handler {
    private final List<LogRecord> records = new ArrayList<>();

    @Override
    public synchronized void publish(LogRecord record) {
      records.add(record);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @Test
  void close_refusesWhatComesLater_andWaitsNoLongerThanItsGrace() throws Exception {
    Semaphore entered = new Semaphore(0);
    CountDownLatch release = new CountDownLatch(1);
    script.before(question -> {
      entered.release();
      await(release);
    });
    BackgroundRemembering background = BackgroundRemembering.of(stage.extractor, 10, Duration.ZERO);
    stage.say("note: home is Porto");
    background.remember(CHAT);
    entered.acquire();

    background.close();
    background.remember(TUESDAY);

    assertThat(background.counts()).isEqualTo(new Counts(0, 0, 1, 1));
    release.countDown();
  }

  @Test
  void of_boundsOutOfRange_areRefused() {
    assertThatThrownBy(() -> BackgroundRemembering.of(stage.extractor, 0, PATIENCE))
        .isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(() -> BackgroundRemembering.of(stage.extractor, 1, Duration.ofSeconds(-1)))
        .isInstanceOf(InvalidInputException.class);
  }
}
