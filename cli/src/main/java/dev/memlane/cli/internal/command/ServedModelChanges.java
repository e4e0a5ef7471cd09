package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.command.ModelChoice.Wanted;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.orchestrator.ModelChange;
import dev.memlane.orchestrator.ModelChangeRequest;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.Progress;
import dev.memlane.server.ModelChanges;
import dev.memlane.storage.opensearch.OpenSearchIndexBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The changes of the model of a running {@code memlane serve}. The new model is the one that a request names, or otherwise the one
 * that the settings of the command name when they are read again: so a change to other endpoints begins with the
 * configuration file, and no key goes over HTTP. Safe for use by several threads.
 */
final class ServedModelChanges implements ModelChanges {

  private final CommandContext context;
  private final List<String> arguments;
  private final MemoryOrchestrator memory;

  /** @param arguments the whole command line of the server */
  ServedModelChanges(CommandContext context, List<String> arguments, MemoryOrchestrator memory) {
    this.context = context;
    this.arguments = List.copyOf(arguments);
    this.memory = memory;
  }

  @Override
  public ModelChange begin(Request request, Progress progress) {
    try {
      return begin(settings(request), request, progress);
    } catch (UsageException | CommandFailure e) {
      throw new InvalidInputException("the model can't be changed: " + e.getMessage(), e);
    }
  }

  /** The settings as they are now, with what the request names. */
  private CommandContext settings(Request request) {
    List<String> all = new ArrayList<>(arguments);
    // A model that is named is one of the embedder in the process.
    replace(all, "--embedder", request.embedder() == null && request.model() != null ? "local" : request.embedder());
    replace(all, "--model", request.model());
    replace(all, "--opensearch-index", request.index());
    return Application.readAgain(context, all);
  }

  private static void replace(List<String> arguments, String option, @Nullable String value) {
    if (value != null) {
      arguments.add(option + "=" + value);
    }
  }

  private ModelChange begin(CommandContext settings, Request request, Progress progress) {
    Wanted wanted = settings.modelChoice().wanted();
    boolean begun = false;
    try {
      ModelChangeRequest change = wanted.request().progress(progress);
      Integer most = request.textsPerSecond();
      if (most != null) {
        change = change.textsPerSecond(most);
      }
      Long tokens = request.mostTokens();
      if (tokens != null) {
        change = change.mostTokens(tokens);
      }
      if (request.together()) {
        change = change.together();
      }
      OpenSearchIndexBuilder index = settings.options().openSearch().builder(settings.environment());
      ModelChange started = memory.changeModel(index == null ? change : change.sharedIndex(index));
      begun = true;
      CompletableFuture<?> unused = started.completion().whenComplete((done, failure) -> {
        if (failure != null) {
          wanted.close().run();
        }
      });
      return started;
    } finally {
      if (!begun) {
        wanted.close().run();
      }
    }
  }

  @Override
  public String toString() {
    return "ServedModelChanges";
  }
}
