package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.embedded.DirectoryInUseException;
import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.server.SharedMemory;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The surroundings of a command: its options, its console, the environment, and its data.
 *
 * @param environment the environment variables
 * @param home the directory that holds {@code examples}
 * @param preparation changes how the data is opened; tests set an embedder of their own with it
 */
public record CommandContext(CommonOptions options, Console console, Map<String, String> environment, Path home,
    StopSignal stop,
    UnaryOperator<Memlane.Builder> preparation) {

  static final String DEFAULT_DATA = "memlane-data";

  /** The data directory: from the option, the environment, or {@value #DEFAULT_DATA} in the working directory. */
  Path dataDirectory() {
    Path named = options.data();
    if (named != null) {
      return named;
    }
    String fromEnvironment = environment.getOrDefault("MEMLANE_DATA", "");
    try {
      return Path.of(fromEnvironment.isEmpty() ? DEFAULT_DATA : fromEnvironment);
    } catch (InvalidPathException e) {
      throw new CommandFailure("MEMLANE_DATA is no path: " + e.getMessage(), e);
    }
  }

  Session open() {
    return open(dataDirectory(), false);
  }

  /**
   * Opens the data.
   *
   * @param once whether a scope holds each content only once
   */
  Session open(boolean once) {
    return open(dataDirectory(), false, settings -> settings.deduplicate(scope -> once));
  }

  /**
   * Opens a data directory.
   *
   * @param rebuildIndex whether to rebuild the whole index
   */
  Session open(Path directory, boolean rebuildIndex) {
    return open(directory, rebuildIndex, settings -> {});
  }

  /**
   * Opens the data for a server: with the model loaded, and to be closed by the command alone.
   *
   * @param listener is notified of the operations
   */
  Session openForServing(MemoryListener listener) {
    return open(dataDirectory(), false, settings -> {},
        builder -> builder.warmUp(true).shutdownHook(false).listener(listener));
  }

  private Session open(Path directory, boolean rebuildIndex, Consumer<OrchestratorBuilder> settings) {
    return open(directory, rebuildIndex, settings, builder -> builder);
  }

  /** What opens the data for several processes that share it, once no other one has it open. */
  SharedMemory.Opener opener() {
    // One builder for all attempts: it has the embedder, which may be opened only once.
    Memlane.Builder builder = builder(dataDirectory(), false, settings -> {})
        .warmUp(true).shutdownHook(false);
    Memlane.Builder prepared = preparation.apply(builder);
    return () -> {
      try {
        Session session = new Session(prepared.open(), stop);
        return Optional.of(new SharedMemory.Opened(session.memory(), session));
      } catch (DirectoryInUseException e) {
        return Optional.empty();
      }
    };
  }

  private Session open(Path directory, boolean rebuildIndex, Consumer<OrchestratorBuilder> settings,
      UnaryOperator<Memlane.Builder> more) {
    ProgressBar bar = ProgressBar.start(console, rebuildIndex ? "Reindexing" : "Comparing", "", ProgressBar.PENDING);
    try (bar) {
      Memlane.Builder builder = builder(directory, rebuildIndex, settings).progress(bar::at);
      return new Session(preparation.apply(more.apply(builder)).open(), stop);
    }
  }

  private Memlane.Builder builder(Path directory, boolean rebuildIndex, Consumer<OrchestratorBuilder> settings) {
    Locale language = options.language();
    Memlane.Builder builder = Memlane.builder(directory).rebuildIndex(rebuildIndex)
        // Most commands embed little or nothing, and closing waits until the model is loaded.
        .warmUp(false)
        .settings(settings.andThen(all -> all.language(language)));
    chooseEmbedder(builder);
    String url = options.jdbcUrl();
    if (url != null) {
      fromArguments(
          () -> builder.postgres(url, options.databaseUser(), environment.get("MEMLANE_DB_PASSWORD")));
    }
    return builder;
  }

  private void chooseEmbedder(Memlane.Builder builder) {
    Path file = configurationFile();
    CommonOptions.EmbedderName named = options.embedder();
    if (named != null) {
      if (options.configuration() != null) {
        throw new UsageException("--embedder and --config both say what makes vectors; give one of them");
      }
      if (named == CommonOptions.EmbedderName.HASH) {
        builder.embedder(new HashEmbedder());
      }
    } else if (file != null) {
      EmbedderPool pool = Configuration.read(file).embedders(environment);
      if (pool != null) {
        builder.embedders(pool);
      }
    }
  }

  /** Whether a configuration file names the embedding endpoints. */
  boolean isConfigured() {
    return options.embedder() == null && configurationFile() != null;
  }

  private @Nullable Path configurationFile() {
    Path given = options.configuration();
    if (given != null) {
      return given;
    }
    String fromEnvironment = environment.getOrDefault("MEMLANE_CONFIG", "");
    try {
      return fromEnvironment.isEmpty() ? null : Path.of(fromEnvironment);
    } catch (InvalidPathException e) {
      throw new CommandFailure("MEMLANE_CONFIG is no path: " + e.getMessage(), e);
    }
  }

  /**
   * Makes a value from arguments of the command line.
   *
   * @throws UsageException if the arguments are invalid
   */
  static <T> T fromArguments(Supplier<T> factory) {
    try {
      return factory.get();
    } catch (InvalidInputException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Prints the answer: as JSON if {@code --json} is given, otherwise for people. */
  void answer(Supplier<Object> json, Runnable text) {
    if (options.json()) {
      console.out().println(Json.write(json.get()));
    } else {
      text.run();
    }
  }

  /** Prints one line of an answer for people. */
  void print(String line) {
    console.out().println(line);
  }
}
