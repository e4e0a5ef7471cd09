package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.embedding.local.LocalModel;
import dev.memlane.model.VectorType;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The options of every command. They may stand before or after its name. */
public final class CommonOptions {

  @Option(names = {"-h",
      "--help"}, usageHelp = true, scope = ScopeType.INHERIT, order = 100, description = "Show this help and exit.")
  @SuppressWarnings("unused") // picocli reads it
  private boolean help;

  @Option(names = {"-V", "--version"}, versionHelp = true, order = 101, description = "Show the version and exit.")
  @SuppressWarnings("unused") // picocli reads it
  private boolean version;

  @Option(names = "--data", descriptionKey = SettingNames.DATA, paramLabel = "DIR", scope = ScopeType.INHERIT, order = 90, description = "Where the data lives (default: ./memlane-data).")
  private @Nullable Path data;

  @Option(names = {"--db-url",
      "--jdbc-url"}, descriptionKey = SettingNames.DB_URL, paramLabel = "URL", scope = ScopeType.INHERIT, order = 91, description = "Use this PostgreSQL server (15 or later) instead of the embedded one, for example "
          + "postgresql://user@localhost/memlane. The data directory then holds only the index.")
  private @Nullable String jdbcUrl;

  @Option(names = "--db-user", descriptionKey = SettingNames.DB_USER, paramLabel = "NAME", scope = ScopeType.INHERIT, order = 92, description = "The database user. The password is read from $MEMLANE_DB_PASSWORD or ~/.pgpass.")
  private @Nullable String databaseUser;

  @Option(names = "--index-vectors", descriptionKey = SettingNames.INDEX_VECTORS, paramLabel = "TYPE", scope = ScopeType.INHERIT, order = 92, description = "How the index in the data directory stores vectors: float, byte (a quarter of the disk and memory) or bit (the least memory) (default: as the index does; "
      + "float at first). Another one needs 'reindex'.")
  private @Nullable VectorType indexVectors;

  @Mixin
  private final OpenSearchOptions openSearch = new OpenSearchOptions();

  @Option(names = "--embedder", descriptionKey = SettingNames.EMBEDDER, paramLabel = "NAME", scope = ScopeType.INHERIT, order = 93, description = "What makes vectors: 'local', the sentence model (default), or 'hash', by shared words alone and without a model. "
      + "A directory is searched with the one that filled it; another needs 'reindex'.")
  private @Nullable EmbedderName embedder;

  @Option(names = "--model", descriptionKey = SettingNames.MODEL, paramLabel = "NAME", scope = ScopeType.INHERIT, order = 93, description = "The sentence model of the embedder 'local': all-minilm-l6-v2 (default), or e5-small-v2, which has twice the layers. "
      + "A directory is searched with the one that filled it; another needs 'reindex'.")
  private @Nullable LocalModel model;

  @Option(names = "--config", paramLabel = "FILE", scope = ScopeType.INHERIT, order = 93, description = "A file (TOML, or .properties) with settings, and with embedding endpoints to use instead of the local model (default: $MEMLANE_CONFIG, or none). "
      + "Environment variables come before it, and options before them.")
  private @Nullable Path configuration;

  @Option(names = "--server", paramLabel = "URL", scope = ScopeType.INHERIT, order = 92, description = "Work through this server instead of opening the data (default: $MEMLANE_SERVER, or none). "
      + "The API key is read from $MEMLANE_API_KEY.")
  private @Nullable String server;

  @Option(names = "--api-key-file", paramLabel = "FILE", scope = ScopeType.INHERIT, order = 92, description = "A file with the API key for the server, instead of $MEMLANE_API_KEY.")
  private @Nullable Path apiKeyFile;

  @Option(names = "--ca-file", paramLabel = "FILE", scope = ScopeType.INHERIT, order = 92, description = "A file of certificates (PEM) to trust for the server, instead of those that the system trusts.")
  private @Nullable Path certificates;

  @Option(names = "--language", descriptionKey = SettingNames.LANGUAGE, paramLabel = "TAG", scope = ScopeType.INHERIT, order = 94, description = "The language of searches by words, such as de or pt-BR (default: the language of the index; "
      + "English at first). Another one needs 'reindex'.")
  private @Nullable String language;

  @Option(names = "--json", scope = ScopeType.INHERIT, order = 94, description = "Print JSON, and nothing else on standard output.")
  private boolean json;

  @Option(names = {"-v",
      "--verbose"}, scope = ScopeType.INHERIT, order = 95, description = "Log more, and show where errors come from.")
  private boolean verbose;

  @Option(names = "--show-configuration", scope = ScopeType.INHERIT, order = 96, description = "Show the settings of this command, with where each is from, and exit.")
  private boolean showConfiguration;

  private Set<String> given = Set.of();

  /** The embedders that an option can name. */
  enum EmbedderName {
    LOCAL, HASH
  }

  /** The embedder named on the command line, or null. */
  @Nullable
  EmbedderName embedder() {
    return embedder;
  }

  /** The sentence model that is set, or null. */
  @Nullable
  LocalModel model() {
    return model;
  }

  /** Whether the sentence model is given on the command line itself. */
  boolean isModelGiven() {
    return given.contains(SettingNames.MODEL);
  }

  /** The configuration file given on the command line, or null. */
  @Nullable
  Path configuration() {
    requireNotEmpty("--config", configuration);
    return configuration;
  }

  /**
   * The directory given on the command line, or null.
   *
   * @throws UsageException if its name is empty; that would be the working directory
   */
  @Nullable
  Path data() {
    requireNotEmpty("--data", data);
    return data;
  }

  /** The directory if it is given on the command line itself, and not set elsewhere; otherwise null. */
  @Nullable
  Path givenData() {
    return given.contains(SettingNames.DATA) ? data() : null;
  }

  /** Whether a setting is given on the command line itself. */
  boolean isGiven(String setting) {
    return given.contains(setting);
  }

  /** Sets which settings are given on the command line itself, by their names. */
  void given(Set<String> names) {
    given = Set.copyOf(names);
  }

  /** How the index stores vectors, or null. */
  @Nullable
  VectorType indexVectors() {
    return indexVectors;
  }

  /** The options of an index on OpenSearch. */
  OpenSearchOptions openSearch() {
    return openSearch;
  }

  /** Forgets a database that is set elsewhere than on the command line. */
  void forgetDatabase() {
    jdbcUrl = null;
    databaseUser = null;
  }

  private static void requireNotEmpty(String option, @Nullable Object value) {
    if (value != null && value.toString().isBlank()) {
      throw new UsageException(option + " is empty; give it a value, or leave it out");
    }
  }

  /**
   * The server's address, or null for the embedded one.
   *
   * @throws UsageException if it contains a password, because other users of the machine can see the command line
   */
  @Nullable
  String jdbcUrl() {
    requireNotEmpty("--db-url", jdbcUrl);
    if (jdbcUrl != null && hasPassword(jdbcUrl)) {
      throw new UsageException(
          "the URL of the database has a password in it, which others on this machine may see; put "
              + "it into $MEMLANE_DB_PASSWORD or ~/.pgpass");
    }
    return jdbcUrl;
  }

  static boolean hasPassword(String url) {
    return url.toLowerCase(Locale.ROOT).matches("(?s).*([?&](ssl)?password=|//[^/?]*:[^/?]*@).*");
  }

  /** The address of the server given on the command line, or null. */
  @Nullable
  String server() {
    requireNotEmpty("--server", server);
    return server;
  }

  /** The file with the API key given on the command line, or null. */
  @Nullable
  Path apiKeyFile() {
    requireNotEmpty("--api-key-file", apiKeyFile);
    return apiKeyFile;
  }

  /** The file of trusted certificates given on the command line, or null. */
  @Nullable
  Path certificates() {
    requireNotEmpty("--ca-file", certificates);
    return certificates;
  }

  /** The first option given that says how data is opened in this process, without {@code --data}; null if there is none. */
  @Nullable
  String openingOption() {
    return given.contains(SettingNames.DB_URL)
        ? "--db-url"
        : given.contains(SettingNames.DB_USER)
            ? "--db-user"
            : given.contains(SettingNames.OPENSEARCH_URLS)
                ? "--opensearch"
                : given.contains(SettingNames.EMBEDDER)
                    ? "--embedder"
                    : isModelGiven()
                        ? "--model"
                        : configuration != null
                            ? "--config"
                            : given.contains(SettingNames.LANGUAGE)
                                ? "--language"
                                : given.contains(SettingNames.INDEX_VECTORS) ? "--index-vectors" : null;
  }

  @Nullable
  String databaseUser() {
    return databaseUser;
  }

  /**
   * The language given on the command line, or null.
   *
   * @throws UsageException if it is not a language tag
   */
  @Nullable
  Locale language() {
    if (language == null) {
      return null;
    }
    Locale locale = Locale.forLanguageTag(language);
    if (locale.getLanguage().isEmpty()) {
      throw new UsageException("--language needs a tag such as en, de or pt-BR, and this is " + language);
    }
    return locale;
  }

  /** Whether to show the settings instead of running the command. */
  boolean showConfiguration() {
    return showConfiguration;
  }

  boolean json() {
    return json;
  }

  boolean verbose() {
    return verbose;
  }
}
