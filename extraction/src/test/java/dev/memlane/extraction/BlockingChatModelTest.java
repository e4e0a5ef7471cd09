package dev.memlane.extraction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.model.InvalidInputException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bounds, the end and the formats of calls that block. The adapters' tests have the rest. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BlockingChatModelTest {

  private static final AnswerSchema SCHEMA = new AnswerSchema("any", "{\"type\":\"object\"}");

  private final Held client = new Held();

  /** A client whose calls last until they are let go. */
  private static final class Held implements BlockingChatModel.Client {
    private final Semaphore entered = new Semaphore(0);
    private final Semaphore released = new Semaphore(0);
    private final CountDownLatch interrupted = new CountDownLatch(1);
    private final List<String> asked = new CopyOnWriteArrayList<>();

    @Override
    public ChatAnswer ask(ChatRequest request, AnswerFormat format) throws InterruptedException {
      asked.add(request.messages().getFirst().text());
      entered.release();
      try {
        released.acquire();
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
      return answer();
    }

    @Override
    public EndpointException translate(Throwable thrown) {
      return new EndpointException(Failure.UNAVAILABLE, "it failed", thrown);
    }

    @Override
    public boolean isUnableToAsk(Throwable thrown) {
      return false;
    }
  }

  private static ChatAnswer answer() {
    return new ChatAnswer("{}", ChatAnswer.End.COMPLETE, 1, 1, null);
  }

  private static ChatRequest request(String text) {
    return new ChatRequest(List.of(new ChatMessage(ChatRole.USER, text)), null, 10);
  }

  private static Failure failure(CompletableFuture<?> future) {
    try {
      future.orTimeout(30, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      return assertInstanceOf(EndpointException.class, e.getCause()).failure();
    }
    throw new AssertionError("it succeeded");
  }

  private BlockingChatModel model(int concurrency) {
    return new BlockingChatModel("test", client, AnswerFormat.TEXT, concurrency);
  }

  @Test
  void chat_moreThanMayRun_waitsItsTurn() throws Exception {
    BlockingChatModel model = model(2);
    List<CompletableFuture<ChatAnswer>> answers = IntStream.range(0, 5)
        .mapToObj(i -> model.chat(request("question " + i))).toList();
    client.entered.acquire(2);
    assertThat(client.asked).hasSize(2);

    client.released.release();
    client.entered.acquire();

    assertThat(client.asked).hasSize(3);
    client.released.release(4);
    answers.forEach(each -> assertThat(each.orTimeout(30, TimeUnit.SECONDS).join().text()).isEqualTo("{}"));
  }

  @Test
  void chat_moreThanMayWait_isBusy() throws Exception {
    try (BlockingChatModel model = model(1)) {
      for (int i = 0; i <= BlockingChatModel.MOST_WAITING; i++) {
        assertThat(model.chat(request("question"))).isNotCompletedExceptionally();
      }

      assertThat(failure(model.chat(request("one more")))).isEqualTo(Failure.BUSY);

      client.entered.acquire();
      client.released.release();
      client.entered.acquire();
      assertThat(model.chat(request("again"))).isNotCompletedExceptionally();
    }
  }

  @Test
  void cancel_waiting_neverCallsTheClient() throws Exception {
    BlockingChatModel model = model(1);
    CompletableFuture<ChatAnswer> first = model.chat(request("first"));
    client.entered.acquire();
    CompletableFuture<ChatAnswer> second = model.chat(request("second"));
    second.cancel(true);
    client.released.release(2);

    assertThat(first.get().text()).isEqualTo("{}");
    assertThat(model.chat(request("third")).get().text()).isEqualTo("{}");
    assertThat(client.asked).containsExactly("first", "third");
  }

  @Test
  void close_failsWhatIsUnderWayAndWaits_andInterruptsIt() throws Exception {
    BlockingChatModel model = model(1);
    CompletableFuture<ChatAnswer> first = model.chat(request("first"));
    client.entered.acquire();
    CompletableFuture<ChatAnswer> second = model.chat(request("second"));

    model.close();
    model.close();

    assertThat(failure(first)).isEqualTo(Failure.UNKNOWN);
    assertThat(failure(second)).isEqualTo(Failure.UNKNOWN);
    assertThat(client.interrupted.await(30, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(() -> model.chat(request("third")).join()).hasMessageContaining("has been closed");
    assertThat(client.asked).containsExactly("first");
  }

  /** A client that fails until it may not, and keeps in which formats it is asked. */
  private static final class Picky implements BlockingChatModel.Client {
    private final List<AnswerFormat> asked = new CopyOnWriteArrayList<>();
    private volatile AnswerFormat able = AnswerFormat.TEXT;
    private volatile boolean failing;

    @Override
    public ChatAnswer ask(ChatRequest request, AnswerFormat format) {
      asked.add(format);
      if (failing || format.compareTo(able) < 0) {
        throw new IllegalArgumentException("no");
      }
      return answer();
    }

    @Override
    public EndpointException translate(Throwable thrown) {
      return new EndpointException(Failure.REFUSED, "it can't", thrown);
    }

    @Override
    public boolean isUnableToAsk(Throwable thrown) {
      return thrown instanceof IllegalArgumentException;
    }
  }

  @Test
  void chat_formatThatFails_isGivenUpOnceASimplerOneHasWorked() {
    Picky picky = new Picky();
    BlockingChatModel model = new BlockingChatModel("test", picky, AnswerFormat.JSON_SCHEMA, 1);
    ChatRequest request = new ChatRequest(request("a").messages(), SCHEMA, 1);

    picky.failing = true;
    assertThat(failure(model.chat(request))).isEqualTo(Failure.REFUSED);
    picky.failing = false;
    assertThat(model.chat(request).join().text()).isEqualTo("{}");
    assertThat(model.chat(request).join().text()).isEqualTo("{}");

    assertThat(picky.asked).containsExactly(AnswerFormat.JSON_SCHEMA, AnswerFormat.JSON_OBJECT, AnswerFormat.TEXT,
        AnswerFormat.JSON_SCHEMA, AnswerFormat.JSON_OBJECT, AnswerFormat.TEXT, AnswerFormat.TEXT);
  }

  @Test
  void build_withoutNameOrConcurrency_isRefused() {
    assertThatThrownBy(() -> new BlockingChatModel(" ", client, AnswerFormat.TEXT, 1))
        .isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(() -> new BlockingChatModel("test", client, AnswerFormat.TEXT, 0))
        .isInstanceOf(InvalidInputException.class);
  }
}
