package dev.memlane.server;

import dev.memlane.model.Scope;
import org.jspecify.annotations.Nullable;

/**
 * What the Model Context Protocol offers to a model.
 *
 * @param scope where memories are stored and found, unless an API key or a client's headers say so; null for none
 * @param actor the author of updates and deletions in the history; null for none
 * @param modelNamesUser whether the model may name the user in each call; otherwise a model never chooses whose memory it
 * reads or writes
 * @param readOnly whether there are only the tools that read
 */
public record McpOptions(@Nullable Scope scope, @Nullable String actor, boolean modelNamesUser, boolean readOnly) {

  /** No scope of its own, no actor, all tools, and the model names no user. */
  public static final McpOptions DEFAULT = new McpOptions(null, null, false, false);

  public McpOptions withScope(@Nullable Scope named) {
    return new McpOptions(named, actor, modelNamesUser, readOnly);
  }

  public McpOptions withActor(@Nullable String named) {
    return new McpOptions(scope, named, modelNamesUser, readOnly);
  }

  public McpOptions withModelNamesUser(boolean allowed) {
    return new McpOptions(scope, actor, allowed, readOnly);
  }

  public McpOptions withReadOnly(boolean only) {
    return new McpOptions(scope, actor, modelNamesUser, only);
  }
}
