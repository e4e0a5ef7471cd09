package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.extraction.ChatModel;
import org.jspecify.annotations.Nullable;

/** A framework whose chat models can remember conversations. Only where that framework is on the class path. */
interface ChatModelSource {

  /**
   * Finds the framework's model among the beans.
   *
   * @return null if there is none
   * @throws MemoryOpeningException if it is not clear which one to use
   */
  @Nullable
  ChatModel find();

  /** The framework's name, for messages. */
  String framework();
}
