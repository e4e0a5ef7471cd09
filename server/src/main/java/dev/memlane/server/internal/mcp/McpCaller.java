package dev.memlane.server.internal.mcp;

import dev.memlane.lanes.ToolException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.server.Grant;
import dev.memlane.server.McpOptions;
import dev.memlane.server.Role;
import org.jspecify.annotations.Nullable;

/**
 * The caller of the tools, with the scope of its calls.
 *
 * @param scope what the configuration or the API key says; null if neither names one
 * @param actor the author of updates and deletions in the history; null for none
 * @param grant what the API key reaches
 */
record McpCaller(@Nullable Scope scope, @Nullable String actor, Role role, Grant grant) {

  /** The caller of a server without keys. */
  static McpCaller local(McpOptions options) {
    return new McpCaller(options.scope(), options.actor(), options.readOnly() ? Role.READ : Role.ADMIN,
        new Grant.Everything());
  }

  /**
   * The memories that a call is about.
   *
   * @param user the user that the model names; null if it names none
   * @throws ToolException if there is no scope, or the key does not reach it
   */
  ToolCalls.Target target(@Nullable String user) {
    Scope named = scope;
    if (user != null) {
      try {
        named = scope == null ? Scope.user(user) : new Scope(user, scope.agent(), scope.run());
      } catch (InvalidInputException e) {
        throw new ToolException(String.valueOf(e.getMessage()), e);
      }
    }
    if (named == null) {
      throw new ToolException(
          "it is not said whose memory this is; the person who configures this server names a user, "
              + "an agent or a run, or a key that is bound to one");
    }
    if (!grant.covers(named)) {
      throw new ToolException("this server's key does not reach this user; nothing was done");
    }
    return new ToolCalls.Target(named, actor);
  }
}
