package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.data.ServerMemory;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.embedding.local.LocalModel;
import dev.memlane.orchestrator.ModelChange;
import dev.memlane.orchestrator.ModelChange.Stage;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command that changes the embedding model of a server while it serves. */
@Command(name = "model", description = "Changes the embedding model of a running server, without a pause.", synopsisSubcommandLabel = "COMMAND", footer = {
    "", "Examples:", "  memlane model change --model e5-small-v2",
    "  memlane model change --texts-per-second 50 --no-wait",
    "  memlane model show", "  memlane model delete-old-vectors", "",
    "Stored texts are embedded by the new model, and a second index is built, while the old model serves.",
    "Then the server goes over to the new one. Set the model in its configuration as well, for its next",
    "start. Without a server, 'memlane reindex' with the new model does the same."})
final class ModelCommand implements Runnable {

  private static final String WITHOUT = "'memlane reindex' changes the model of a directory that nothing has open";
  private static final long PAUSE_MILLIS = 300;

  private final CommandContext context;

  ModelCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public void run() {
    throw new UsageException("say what to do with the model: show, change, switch, cancel or delete-old-vectors");
  }

  @Command(name = "show", description = "Shows how far the change of the server's model is.")
  int show() {
    try (ServerMemory server = context.openServer(WITHOUT)) {
      ModelChange.Status change = server.modelChange().orElse(null);
      context.answer(() -> json(change), () -> context.print(change == null
          ? "The model has not been changed since the server began."
          : describe(change)));
      return change != null && change.stage() == Stage.ENDED ? 1 : 0;
    }
  }

  @Command(name = "change", description = "Changes the model to --model or --embedder, or to what the server's configuration names now.")
  int change(
      @Option(names = "--texts-per-second", paramLabel = "N", description = "The most stored texts to embed in a second (default: no bound).") @Nullable Integer textsPerSecond,
      @Option(names = "--most-tokens", paramLabel = "N", description = "The most tokens of stored texts to embed; the change ends before it needs more (default: no bound).") @Nullable Long mostTokens,
      @Option(names = "--together", description = "Go over only when 'memlane model switch' says so, with all servers of the database that change together.") boolean together,
      @Option(names = "--no-wait", description = "Return when the change has begun.") boolean noWait)
      throws InterruptedException {
    CommonOptions options = context.options();
    CommonOptions.EmbedderName embedder = options.isGiven(SettingNames.EMBEDDER) ? options.embedder() : null;
    LocalModel model = options.isModelGiven() ? options.model() : null;
    String index = options.isGiven(SettingNames.OPENSEARCH_INDEX) ? options.openSearch().index() : null;
    try (ServerMemory server = context.openServer(WITHOUT)) {
      ModelChange.Status begun = server.changeModel(embedder == null ? null : TextLayout.name(embedder),
          model == null ? null : TextLayout.name(model), index, textsPerSecond, mostTokens, together);
      ModelChange.Status last = noWait ? begun : await(server, begun);
      if (last.stage() == Stage.ENDED) {
        throw new CommandFailure("the old model stays: " + last.problem(), null);
      }
      context.answer(() -> json(last), () -> context.print(describe(last)));
      return 0;
    }
  }

  /** Waits until the change has ended, or waits for the switch. */
  private ModelChange.Status await(ServerMemory server, ModelChange.Status begun) throws InterruptedException {
    ModelChange.Status now = begun;
    String said = null;
    try (ProgressBar bar = ProgressBar.start(context.console(), "Embedding", "", ProgressBar.PENDING)) {
      while (!isAtRest(now.stage())) {
        if (now.stage() == Stage.EMBEDDING && now.toEmbed() > 0) {
          bar.at(now.embedded(), now.toEmbed());
        }
        String problem = now.problem();
        if (problem != null && !problem.equals(said)) {
          context.console().say("memlane: " + TextLayout.line(problem) + "; it is tried again");
        }
        said = problem;
        Thread.sleep(PAUSE_MILLIS);
        now = server.modelChange().orElseThrow(
            () -> new CommandFailure("the server was started again meanwhile; begin the change once more", null));
      }
    }
    return now;
  }

  private static boolean isAtRest(Stage stage) {
    return stage == Stage.WAITING || isOver(stage);
  }

  private static boolean isOver(Stage stage) {
    return stage == Stage.COMPLETE || stage == Stage.ENDED;
  }

  @Command(name = "switch", description = "Lets all servers of the database that change together go over to the new model.")
  int announceSwitch() {
    try (ServerMemory server = context.openServer(WITHOUT)) {
      ModelChange.Status change = server.announceSwitch();
      context.answer(() -> json(change), () -> context.print("Announced: servers go over to " + change.model()
          + " as soon as their new index is complete."));
      return 0;
    }
  }

  @Command(name = "cancel", description = "Cancels the change, unless the server goes over already. Vectors that were made are kept.")
  int cancel() {
    try (ServerMemory server = context.openServer(WITHOUT)) {
      ModelChange.Status change = server.cancelModelChange();
      context.answer(() -> json(change), () -> context.print(isOver(change.stage())
          ? "There is nothing to cancel. " + describe(change)
          : "The change to " + change.model() + " ends; the old model stays."));
      return 0;
    }
  }

  @Command(name = "delete-old-vectors", description = "Deletes the vectors of models that are no longer used. Only when all servers of the database have the new model.")
  int deleteOldVectors() {
    try (OpenMemory memory = context.open()) {
      long deleted = memory.deleteOldVectors();
      context.answer(() -> Json.object("deleted", deleted),
          () -> context.print(
              "Deleted " + TextLayout.number(deleted) + (deleted == 1 ? " vector" : " vectors") + " of other models."));
      return 0;
    }
  }

  static Map<String, @Nullable Object> json(ModelChange.@Nullable Status change) {
    return change == null
        ? Json.object("stage", null)
        : Json.object("stage", TextLayout.name(change.stage()), "model", change.model(), "embedded", change.embedded(),
            "toEmbed", change.toEmbed(), "problem", change.problem());
  }

  /** One line about a change. */
  static String describe(ModelChange.Status change) {
    String model = TextLayout.line(change.model());
    String problem = change.problem() == null ? "" : ": " + TextLayout.line(change.problem());
    return switch (change.stage()) {
      case EMBEDDING -> "Changing to " + model + ": " + TextLayout.number(change.embedded()) + " of "
          + (change.toEmbed() == 0 ? "the" : TextLayout.number(change.toEmbed())) + " stored texts are embedded"
          + problem;
      case INDEXING -> "Changing to " + model + ": the new index is being built";
      case WAITING -> "Ready to change to " + model + "; 'memlane model switch' lets calls go over" + problem;
      case SWITCHING -> "Changing to " + model + ": calls go over now";
      case COMPLETE -> "The model is " + model + " now.";
      case ENDED -> "The change to " + model + " has ended without success" + problem;
    };
  }
}
