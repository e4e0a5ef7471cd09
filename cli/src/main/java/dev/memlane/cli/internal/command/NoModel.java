package dev.memlane.cli.internal.command;

import dev.memlane.extraction.ChatAnswer;
import dev.memlane.extraction.ChatException;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.ChatRequest;
import java.util.concurrent.CompletableFuture;

/** The model of what needs none. */
record NoModel() implements ChatModel {

  @Override
  public String model() {
    return "none";
  }

  @Override
  public CompletableFuture<ChatAnswer> chat(ChatRequest request) {
    return CompletableFuture.failedFuture(new ChatException("no model is asked here", null));
  }
}
