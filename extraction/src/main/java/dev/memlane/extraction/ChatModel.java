package dev.memlane.extraction;

import dev.memlane.endpoints.EndpointException;
import java.util.concurrent.CompletableFuture;

/**
 * The contract of a chat model: messages in, one answer out.
 *
 * <p>
 * An implementation sends each request once, and fails the future with an {@link EndpointException} whose
 * {@link dev.memlane.endpoints.Failure} says whether another attempt may succeed; {@link ChatModelPool} makes it. It
 * returns what the model says as it is: whether an answer follows the schema is checked by whoever asked. No message and no
 * {@code toString} contains a key. Safe for use by several threads.
 */
public interface ChatModel extends AutoCloseable {

  /** The model's name, for reports. */
  String model();

  /**
   * Asks the model.
   *
   * @return the answer; a refusal and an answer that was cut off are answers too. Cancelling it ends the request
   */
  CompletableFuture<ChatAnswer> chat(ChatRequest request);

  /** Ends the requests in flight, and releases what the model holds. Does nothing the second time. */
  @Override
  default void close() {}
}
