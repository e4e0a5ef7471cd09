package dev.memlane.memory.tools;

import java.util.List;

/**
 * The description of a tool for a model, and for a program that decides which calls need a person's consent.
 *
 * @param name the name by which the model calls the tool
 * @param description what the tool does, and when to use it
 * @param schema the JSON schema of its arguments, on one line
 * @param title a name for people
 * @param resultSchema the JSON schema of the answer to a call that succeeds, on one line
 * @param readOnly whether it only reads
 * @param destructive whether it may replace or delete what is stored
 * @param idempotent whether the same call again has no further effect
 */
public record ToolDefinition(String name, String description, String schema, String title, String resultSchema,
    boolean readOnly, boolean destructive, boolean idempotent) {

  /** The descriptions of the tools of {@link MemoryTools}, which are the same for every memory; without the one that needs a model. */
  public static List<ToolDefinition> all() {
    return all(false);
  }

  /**
   * The descriptions of the tools of {@link MemoryTools}.
   *
   * @param remembering whether with {@code memory_remember}, which needs a chat model
   */
  public static List<ToolDefinition> all(boolean remembering) {
    return new ToolDefinitions().all(remembering);
  }
}
