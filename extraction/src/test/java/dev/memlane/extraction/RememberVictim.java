package dev.memlane.extraction;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.listen.OperationEnd;
import dev.memlane.model.listen.OperationStart;
import dev.memlane.model.listen.OperationType;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.Database;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A program that remembers a conversation until it comes to a point, says so, and goes no further: it is killed there.
 */
final class RememberVictim {

  /** Where the program stops. */
  enum Point {
    /** The first write of a message begins; only where messages become memories. */
    FIRST_MESSAGE_BEGINS(true),
    /** The first message is a memory, and nobody knows it yet. */
    FIRST_MESSAGE_DONE(true),
    /** All messages are memories, and no model was asked yet. */
    LAST_MESSAGE_DONE(true),
    /** The model is asked for facts, and never answers; whoever runs the program notices that. */
    FACTS_ASKED,
    /** The model's facts have arrived, and are not kept yet. */
    FACTS_ANSWERED,
    /** The facts are kept, and what is known is searched. */
    SEARCHING,
    /** The model is asked for decisions, and never answers. */
    DECISIONS_ASKED,
    /** The model's decisions have arrived, and are not kept yet. */
    DECISIONS_ANSWERED,
    /** The first write begins. */
    FIRST_WRITE_BEGINS,
    /** The first write is done, and nobody knows it yet. */
    FIRST_WRITE_DONE,
    /** The second write is done. */
    SECOND_WRITE_DONE,
    /** The last write is done, and the slice has not ended yet. */
    LAST_WRITE_DONE;

    private final boolean ofMessages;

    Point() {
      this(false);
    }

    Point(boolean ofMessages) {
      this.ofMessages = ofMessages;
    }

    /** Whether it is one of writing messages. */
    boolean isOfMessages() {
      return ofMessages;
    }
  }

  static final String HERE = "at the point";

  /** The messages that are remembered. */
  static final int MESSAGES = 3;
  private static final int LAST_WRITE = 3;

  private RememberVictim() {}

  /** Arguments: the database's URL, the index's directory, the provider's URL, the point, the mode. */
  public static void main(String[] arguments) throws Exception {
    Point point = Point.valueOf(arguments[3]);
    RememberMode mode = RememberMode.valueOf(arguments[4]);
    try (MemoryOrchestrator memory = MemoryOrchestrator.builder().postgres(arguments[0], null, null)
        .indexDirectory(Path.of(arguments[1])).embedder(new HashEmbedder()).listener(new Stopper(point, mode)).open();
        Database database = Database.builder(arguments[0]).poolSize(5).open();
        ChatModel model = new StoppingModel(OpenAiChatModel.at(arguments[2], "test").build(), point);
        MemoryExtractor extractor = MemoryExtractor.builder(memory, database, model)
            .budget(TokenBudget.in(database).withTokensADay(1_000_000)).mode(mode).build()) {
      System.out.println(extractor.remember(RememberStage.CHAT).get());
    }
  }

  private static void stop() {
    System.out.println(HERE);
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A model that stops after its answer. */
  private record StoppingModel(ChatModel real, Point point) implements ChatModel {

    @Override
    public String model() {
      return real.model();
    }

    @Override
    public CompletableFuture<ChatAnswer> chat(ChatRequest request) {
      boolean facts = request.messages().getFirst().text().startsWith(Prompts.EXTRACT);
      CompletableFuture<ChatAnswer> answer = real.chat(request);
      if (point == (facts ? Point.FACTS_ANSWERED : Point.DECISIONS_ANSWERED)) {
        ChatAnswer unused = answer.join();
        stop();
      }
      return answer;
    }

    @Override
    public void close() {
      real.close();
    }
  }

  /** A listener that stops an operation where it begins or ends. */
  private static final class Stopper implements MemoryListener {

    private final Point point;
    /** How many writes are those of messages, which come first. */
    private final int messages;
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger written = new AtomicInteger();

    private Stopper(Point point, RememberMode mode) {
      this.point = point;
      this.messages = mode.includesMessages() ? MESSAGES : 0;
    }

    private static boolean isWrite(OperationType type) {
      return type == OperationType.ADD || type == OperationType.UPDATE;
    }

    @Override
    public @Nullable Object operationBegan(OperationStart start) {
      int before = isWrite(start.type()) ? begun.getAndIncrement() : -1;
      if (point == Point.SEARCHING && start.type() == OperationType.SEARCH
          || point == Point.FIRST_MESSAGE_BEGINS && before == 0
          || point == Point.FIRST_WRITE_BEGINS && before == messages) {
        stop();
      }
      return null;
    }

    @Override
    public void operationEnded(OperationEnd end, @Nullable Object context) {
      if (!isWrite(end.type())) {
        return;
      }
      int count = written.incrementAndGet() - messages;
      if (point == Point.FIRST_MESSAGE_DONE && count == 1 - messages || point == Point.LAST_MESSAGE_DONE && count == 0
          || point == Point.FIRST_WRITE_DONE && count == 1 || point == Point.SECOND_WRITE_DONE && count == 2
          || point == Point.LAST_WRITE_DONE && count == LAST_WRITE) {
        stop();
      }
    }
  }
}
