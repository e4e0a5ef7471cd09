package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.Scope;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that name a scope. */
final class ScopeOptions {

  @Option(names = {"-u", "--user"}, descriptionKey = ".user", paramLabel = "USER", order = 1, description = "The user.")
  private @Nullable String user;

  @Option(names = {"-a",
      "--agent"}, descriptionKey = ".agent", paramLabel = "AGENT", order = 2, description = "The agent.")
  private @Nullable String agent;

  @Option(names = {"-r",
      "--run"}, descriptionKey = ".run", paramLabel = "RUN", order = 3, description = "The run (a session).")
  private @Nullable String run;

  @Nullable
  String user() {
    return user;
  }

  @Nullable
  String agent() {
    return agent;
  }

  @Nullable
  String run() {
    return run;
  }

  /** The scope that the options name, or null if they name none. */
  @Nullable
  Scope scope() {
    return user == null && agent == null && run == null
        ? null
        : CommandContext.fromArguments(() -> new Scope(user, agent, run));
  }

  /**
   * The scope that the options name.
   *
   * @throws UsageException if they name none
   */
  Scope required(String purpose) {
    Scope scope = scope();
    if (scope == null) {
      throw new UsageException(purpose + ": give at least one of --user, --agent and --run");
    }
    return scope;
  }
}
