package dev.memlane.cli;

import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.model.InvalidInputException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a command works with.
 *
 * @param environment the environment's variables
 * @param home the directory that holds {@code examples}
 * @param preparation changes how the data is opened; tests put an embedder of their own there
 */
record Context(CommonOptions options, Console console, Map<String, String> environment, Path home, Stop stop,
    UnaryOperator<Memlane.Builder> preparation) {

  static final String DEFAULT_DATA = "memlane-data";

  /** The data directory: the option's, the environment's, or {@value #DEFAULT_DATA} here. */
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
   * @param once whether what is written is held only once in its scope
   */
  Session open(boolean once) {
    return open(dataDirectory(), false, settings -> settings.deduplicate(scope -> once));
  }

  /**
   * Opens a data directory.
   *
   * @param rebuildIndex whether to put the whole index again
   */
  Session open(Path directory, boolean rebuildIndex) {
    return open(directory, rebuildIndex, settings -> {});
  }

  private Session open(Path directory, boolean rebuildIndex, Consumer<OrchestratorBuilder> settings) {
    Bar bar = Bar.start(console, rebuildIndex ? "Reindexing" : "Comparing", "", Bar.LATER);
    try (bar) {
      Locale language = options.language();
      Memlane.Builder builder = Memlane.builder(directory).rebuildIndex(rebuildIndex)
          // Most commands embed little or nothing, and closing would wait until the model is loaded.
          .warmUp(false)
          .settings(settings.andThen(all -> all.language(language)))
          .progress(bar::at);
      chooseEmbedder(builder);
      String url = options.jdbcUrl();
      if (url != null) {
        fromArguments(
            () -> builder.postgres(url, options.databaseUser(), environment.get("MEMLANE_DB_PASSWORD")));
      }
      return new Session(preparation.apply(builder).open(), stop);
    }
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

  /** Whether a configuration file says what makes vectors. */
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
   * Makes something from what was given on the command line.
   *
   * @throws UsageException if it can't be made: the command line was wrong
   */
  static <T> T fromArguments(Supplier<T> making) {
    try {
      return making.get();
    } catch (InvalidInputException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Prints the answer: as JSON if that was asked for, otherwise as people read it. */
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
