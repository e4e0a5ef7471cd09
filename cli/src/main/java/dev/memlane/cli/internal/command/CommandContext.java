package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.AuditedMemory;
import dev.memlane.cli.internal.data.LocalMemory;
import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.data.ServerAddress;
import dev.memlane.cli.internal.data.ServerMemory;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.embedded.DirectoryInUseException;
import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.model.VectorType;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.server.ServerFile;
import dev.memlane.server.AuditLog;
import dev.memlane.server.SharedMemory;
import dev.memlane.storage.opensearch.OpenSearchIndexBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The surroundings of a command: its options, its console, the environment, and its data.
 *
 * @param environment the environment variables
 * @param home the directory that holds {@code examples}
 * @param preparation changes how the data is opened; tests set an embedder of their own with it
 * @param opening opens the data; tests open something else with it
 */
public record CommandContext(CommonOptions options, Console console, Map<String, String> environment, Path home,
    StopSignal stop, UnaryOperator<Memlane.Builder> preparation, Opening opening) {

  /** What opens data in this process. */
  @FunctionalInterface
  public interface Opening {

    /** @throws DirectoryInUseException if another process has the directory open */
    SharedMemory.Opened open(Memlane.Builder builder);
  }

  static final String DEFAULT_DATA = "memlane-data";

  /** How long to wait for a server that ends, and still has the directory. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  /** How long a process that hands the directory over may take for what is under way. */
  private static final Duration HAND_OVER = Duration.ofMinutes(2);
  private static final long PAUSE_MILLIS = 100;
  private static final int LONGEST_KEY_FILE = 8_000;
  private static final String SERVER = "MEMLANE_SERVER";
  private static final String API_KEY = "MEMLANE_API_KEY";

  /** The surroundings in which data is opened as the builder says. */
  public CommandContext(CommonOptions options, Console console, Map<String, String> environment, Path home,
      StopSignal stop, UnaryOperator<Memlane.Builder> preparation) {
    this(options, console, environment, home, stop, preparation, builder -> {
      Memlane memlane = builder.open();
      return new SharedMemory.Opened(memlane.memory(), memlane);
    });
  }

  /** The data directory: as it is set, or {@value #DEFAULT_DATA} in the working directory. */
  Path dataDirectory() {
    Path named = options.data();
    return named == null ? Path.of(DEFAULT_DATA) : named;
  }

  /** The memory that the command line or the environment names: behind a server, or in a directory. */
  OpenMemory open() {
    return open(false);
  }

  /**
   * The memory that the command line or the environment names. A directory that a server of this user has open is used through
   * that server.
   *
   * @param once whether a scope holds each content only once
   */
  OpenMemory open(boolean once) {
    ServerAddress server = server();
    if (server != null) {
      if (once) {
        throw new UsageException("--once is not for a server, which decides itself whether a scope holds a text twice; "
            + "a --key, or a line's \"key\", also recognises what is there");
      }
      return connect(server);
    }
    return openHereOrJoin(once);
  }

  private ServerMemory connect(ServerAddress server) {
    ServerMemory memory = ServerMemory.connect(server);
    if (memory.exposesKey()) {
      console.say("memlane: the API key goes over the network unencrypted; use https");
    }
    return memory;
  }

  private OpenMemory openHereOrJoin(boolean once) {
    Path directory = dataDirectory();
    String own = once ? "--once" : options.openingOption();
    Memlane.Builder builder = null;
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      Optional<ServerFile> running = running(directory);
      OpenMemory joined = own == null ? running.flatMap(this::join).orElse(null) : null;
      if (joined != null) {
        return joined;
      }
      try {
        if (builder == null) {
          builder = builder(directory, false, settings -> settings.deduplicate(scope -> once));
        }
        return new AuditedMemory(open(builder, false), auditLog(null));
      } catch (DirectoryInUseException e) {
        if (running.isPresent() && own != null) {
          throw new CommandFailure(e.getMessage() + ". The server at " + running.get().uri()
              + " has it open: leave out " + own + " to work through that server, or stop it", e);
        }
        if (running.isEmpty() || System.nanoTime() > end) {
          throw e;
        }
        pause(e);
      }
    }
  }

  private static void pause(DirectoryInUseException reason) {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw reason;
    }
  }

  /** The server that has the directory open, if it is this user's. */
  private static Optional<ServerFile> running(Path directory) {
    try {
      return ServerFile.read(directory);
    } catch (StoreException e) {
      // Another user's, or damaged. Opening the directory says more.
      return Optional.empty();
    }
  }

  private Optional<OpenMemory> join(ServerFile server) {
    Optional<ServerMemory> joined = ServerMemory
        .connectIfRunning(new ServerAddress(server.uri(), server.key(), null));
    if (joined.isPresent() && options.verbose()) {
      console.say("memlane: the server at " + server.uri() + " has the directory open, and is used");
    }
    return joined.map(Function.identity());
  }

  /**
   * Opens a data directory in this process.
   *
   * @param rebuildIndex whether to rebuild the whole index
   */
  LocalMemory openHere(Path directory, boolean rebuildIndex) {
    return open(builder(directory, rebuildIndex, settings -> {}), rebuildIndex);
  }

  /**
   * Opens a data directory in this process, to measure in.
   *
   * @param embedded what of a memory its vector is of, if the directory is new
   */
  LocalMemory openHere(Path directory, EmbeddedText embedded) {
    return open(builder(directory, false, settings -> settings.embeddedText(embedded)), false);
  }

  /**
   * Opens the data for a server: with the model loaded, and to be closed by the command alone. A {@code memlane mcp} that has
   * the directory open is asked to hand it over, and then goes through this server.
   *
   * @param listener is notified of the operations
   */
  LocalMemory openForServing(MemoryListener listener) {
    Path directory = dataDirectory();
    Memlane.Builder builder = builder(directory, false, settings -> {}).warmUp(true).shutdownHook(false)
        .listener(listener);
    ServerFile asked = null;
    long end = System.nanoTime() + HAND_OVER.toNanos();
    while (true) {
      try {
        return open(builder, false);
      } catch (DirectoryInUseException e) {
        ServerFile running = running(directory).orElse(null);
        if (running != null && !running.equals(asked)) {
          if (!SharedMemory.askToHandOver(running)) {
            throw new CommandFailure("the server at " + running.uri() + " (process " + running.process()
                + ") has the data directory " + directory + " open; stop it first, or use it as it is", e);
          }
          asked = running;
        }
        if (asked == null || System.nanoTime() > end) {
          throw e;
        }
        pause(e);
      }
    }
  }

  /**
   * The server that the command line or the environment names, or the one that has the directory open.
   *
   * @param instead what to do without one
   * @throws CommandFailure if there is none
   */
  ServerMemory openServer(String instead) {
    String named = options.server();
    String fromEnvironment = environment.getOrDefault(SERVER, "");
    if (named != null || options.givenData() == null && !fromEnvironment.isEmpty()) {
      return connect(address(named == null ? fromEnvironment : named));
    }
    return running(dataDirectory())
        .flatMap(file -> ServerMemory.connectIfRunning(new ServerAddress(file.uri(), file.key(), null)))
        .orElseThrow(
            () -> new CommandFailure("no server has the data directory " + dataDirectory() + " open: " + instead,
                null));
  }

  /** The same surroundings with other options. */
  CommandContext with(CommonOptions others) {
    return new CommandContext(others, console, environment, home, stop, preparation, opening);
  }

  /**
   * Checks that no server is named, for a command that needs the data itself.
   *
   * @param why says why, and what to do instead
   */
  void requireNoServer(String why) {
    if (server() != null) {
      throw new UsageException((options.server() == null
          ? "$" + SERVER + " names a server; unset it, or give --data: "
          : "--server is not for this command: ") + why);
    }
  }

  /** The server that is named; null for a directory. What the command line says goes before the environment. */
  private @Nullable ServerAddress server() {
    String named = options.server();
    String here = options.givenData() != null ? "--data" : options.openingOption();
    if (named != null && here != null) {
      throw new UsageException("--server is used with its own data and settings; leave out " + here);
    }
    String fromEnvironment = environment.getOrDefault(SERVER, "");
    String address = named == null && here == null && !fromEnvironment.isEmpty() ? fromEnvironment : named;
    if (address == null) {
      if (options.apiKeyFile() != null || options.certificates() != null) {
        throw new UsageException("--api-key-file and --ca-file go with --server");
      }
      return null;
    }
    return address(address);
  }

  private ServerAddress address(String uri) {
    return fromArguments(() -> ServerAddress.of(uri, apiKey(), options.certificates()));
  }

  private @Nullable String apiKey() {
    Path file = options.apiKeyFile();
    if (file == null) {
      String key = environment.getOrDefault(API_KEY, "");
      return key.isEmpty() ? null : key;
    }
    try (InputStream input = Files.newInputStream(file)) {
      return new String(input.readNBytes(LONGEST_KEY_FILE), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new CommandFailure(file + ": " + IoErrors.describe(e), e);
    }
  }

  /**
   * The audit log of the data: the named file, or the one that the settings name, or the one in the data directory.
   *
   * @param named null if the command line names none
   */
  AuditLog auditLog(@Nullable Path named) {
    if (named != null) {
      return AuditLog.in(named);
    }
    String set = environment.getOrDefault(SettingNames.variable(SettingNames.SERVER_AUDIT_LOG), "");
    String path = set.isEmpty() ? configuration().settings().get(SettingNames.SERVER_AUDIT_LOG) : set;
    return AuditLog.in(path == null ? dataDirectory().resolve(AuditLog.NAME) : Path.of(path));
  }

  /** What opens the data for several processes that share it, once no other one has it open. */
  SharedMemory.Opener opener() {
    // One builder for all attempts: it has the embedder, which may be opened only once.
    Memlane.Builder builder = builder(dataDirectory(), false, settings -> {})
        .warmUp(true).shutdownHook(false);
    Memlane.Builder prepared = preparation.apply(builder);
    return () -> {
      try {
        SharedMemory.Opened opened = opening.open(prepared);
        return Optional.of(new SharedMemory.Opened(opened.memory(), new LocalMemory(opened, stop)));
      } catch (DirectoryInUseException e) {
        return Optional.empty();
      }
    };
  }

  private LocalMemory open(Memlane.Builder builder, boolean rebuildIndex) {
    ProgressBar bar = ProgressBar.start(console, rebuildIndex ? "Reindexing" : "Comparing", "", ProgressBar.PENDING);
    try (bar) {
      return new LocalMemory(opening.open(preparation.apply(builder.progress(bar::at))), stop);
    }
  }

  private Memlane.Builder builder(Path directory, boolean rebuildIndex, Consumer<OrchestratorBuilder> settings) {
    Locale language = options.language();
    OpenSearchIndexBuilder shared = options.openSearch().builder(environment);
    VectorType vectors = shared == null ? options.indexVectors() : withoutIndexVectors();
    Memlane.Builder builder = Memlane.builder(directory).rebuildIndex(rebuildIndex)
        // Most commands embed little or nothing, and closing waits until the model is loaded.
        .warmUp(false)
        .settings(settings.andThen(all -> all.language(language).indexVectors(vectors)));
    modelChoice().applyTo(builder);
    String url = options.jdbcUrl();
    if (url != null) {
      fromArguments(
          () -> builder.postgres(url, options.databaseUser(), environment.get("MEMLANE_DB_PASSWORD")));
    }
    return builder.sharedIndex(shared);
  }

  /** Checks that no type of vectors is asked for, where the index is on OpenSearch. A setting elsewhere has no effect then. */
  private @Nullable VectorType withoutIndexVectors() {
    if (options.isGiven(SettingNames.INDEX_VECTORS)) {
      throw new UsageException("--index-vectors is for the index in the data directory; leave it out, or say "
          + "--opensearch-vectors");
    }
    return null;
  }

  /** What makes vectors, as the command line, the environment and the configuration file say. */
  ModelChoice modelChoice() {
    Configuration configuration = configuration();
    CommonOptions.EmbedderName named = options.embedder();
    if (named != null) {
      boolean byOption = !configuration.settings().containsKey(SettingNames.EMBEDDER)
          && environment.getOrDefault(SettingNames.variable(SettingNames.EMBEDDER), "").isEmpty();
      if (options.configuration() != null && byOption && configuration.embedding() != null) {
        throw new UsageException("--embedder and --config both say what makes vectors; give one of them");
      }
      if (named == CommonOptions.EmbedderName.HASH) {
        requireNoModel("--embedder hash needs no model");
        return new ModelChoice.Hash();
      }
    } else {
      EmbedderPool pool = configuration.embedders(environment);
      if (pool != null) {
        requireNoModel("the configuration names endpoints that make vectors; --embedder local does without them");
        return new ModelChoice.Endpoints(pool);
      }
    }
    return new ModelChoice.Local(options.model());
  }

  /** Checks that no sentence model is asked for, where another embedder is used. A setting elsewhere has no effect then. */
  private void requireNoModel(String why) {
    if (options.isModelGiven()) {
      throw new UsageException("--model is a model of the embedder 'local'; leave it out: " + why);
    }
  }

  /** The lanes of the configuration file; the default ones if there is none, or it names none. */
  LaneConfiguration lanes() {
    LaneConfiguration lanes = configuration().lanes();
    return lanes == null ? new LaneConfiguration() : lanes;
  }

  /** Whether a configuration file names the embedding endpoints. */
  boolean isConfigured() {
    return options.embedder() == null && configuration().embedding() != null;
  }

  /** What the configuration file says. */
  Configuration configuration() {
    Path file = configurationFile();
    return file == null ? Configuration.NONE : Configuration.read(file);
  }

  /** The configuration file; null if there is none. */
  @Nullable
  Path configurationFile() {
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
