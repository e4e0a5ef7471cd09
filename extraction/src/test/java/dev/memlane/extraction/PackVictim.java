package dev.memlane.extraction;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Scope;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.listen.OperationEnd;
import dev.memlane.model.listen.OperationStart;
import dev.memlane.model.listen.OperationType;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.Database;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A program that remembers three conversations by one call of the model until it comes to a point, says so, and goes no further:
 * it is killed there.
 */
final class PackVictim {

  /** Where the program stops. */
  enum Point {
    /** The model has answered for all three, and nothing of it is kept. */
    ANSWERED,
    /** The answers are kept, and nothing is written. */
    FIRST_WRITE_BEGINS,
    /** The fact of one conversation is written, and its slice has not ended. */
    FIRST_WRITE_DONE,
    /** One conversation is done, and the fact of the second one is about to be written. */
    SECOND_WRITE_BEGINS,
    /** The fact of the last conversation is written, and its slice has not ended. */
    LAST_WRITE_DONE
  }

  static final String HERE = "at the point";

  /** The conversations, each of another user, so that nothing needs to be decided. */
  static final List<Scope> CHATS = List.of(Scope.user("ada").withRun("a"), Scope.user("ben").withRun("b"),
      Scope.user("cleo").withRun("c"));

  private PackVictim() {}

  /** Arguments: the database's URL, the index's directory, the provider's URL, the point. */
  public static void main(String[] arguments) throws Exception {
    Point point = Point.valueOf(arguments[3]);
    try (MemoryOrchestrator memory = MemoryOrchestrator.builder().postgres(arguments[0], null, null)
        .indexDirectory(Path.of(arguments[1])).embedder(new HashEmbedder()).listener(new Stopper(point)).open();
        Database database = Database.builder(arguments[0]).poolSize(5).open();
        ChatModel model = new StoppingModel(OpenAiChatModel.at(arguments[2], "test").build(), point);
        // One at a time, so that one conversation is done before the next one is written.
        MemoryExtractor extractor = MemoryExtractor.builder(memory, database, model).packAcrossScopes(true)
            .concurrency(1)
            .budget(TokenBudget.in(database).withTokensADay(1_000_000)).build()) {
      for (CompletableFuture<RememberReport> report : extractor
          .rememberAll(CHATS.stream().map(RememberRequest::of).toList())) {
        System.out.println(report.get());
      }
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
      CompletableFuture<ChatAnswer> answer = real.chat(request);
      if (point == Point.ANSWERED) {
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

  /** A listener that stops a write where it begins or ends. */
  private static final class Stopper implements MemoryListener {

    private final Point point;
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();

    private Stopper(Point point) {
      this.point = point;
    }

    @Override
    public @Nullable Object operationBegan(OperationStart start) {
      int count = start.type() == OperationType.ADD ? begun.incrementAndGet() : 0;
      if (point == Point.FIRST_WRITE_BEGINS && count == 1 || point == Point.SECOND_WRITE_BEGINS && count == 2) {
        stop();
      }
      return null;
    }

    @Override
    public void operationEnded(OperationEnd end, @Nullable Object context) {
      int count = end.type() == OperationType.ADD ? done.incrementAndGet() : 0;
      if (point == Point.FIRST_WRITE_DONE && count == 1 || point == Point.LAST_WRITE_DONE && count == CHATS.size()) {
        stop();
      }
    }
  }
}
