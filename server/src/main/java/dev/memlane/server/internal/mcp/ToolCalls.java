package dev.memlane.server.internal.mcp;

import dev.memlane.model.Scope;
import org.jspecify.annotations.Nullable;

/** What runs the calls of tools: a memory of this process, or the process that has it open. Safe for use by several threads. */
public interface ToolCalls extends AutoCloseable {

  /**
   * The memories that a call is about.
   *
   * @param actor the author of updates and deletions in the history; null for none
   */
  record Target(Scope scope, @Nullable String actor) {}

  /**
   * An answer for the model.
   *
   * @param text JSON, or what went wrong and what the model can do
   */
  record Answer(String text, boolean failed) {

    static Answer failed(String text) {
      return new Answer("Error: " + text, true);
    }
  }

  /**
   * Runs a call and waits for its answer. What fails is an answer, too.
   *
   * @param arguments a JSON object
   * @throws InterruptedException if the caller gives up
   */
  Answer call(Target target, String tool, String arguments) throws InterruptedException;

  @Override
  void close();
}
