package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.VectorType;
import dev.memlane.storage.opensearch.OpenSearchIndex;
import dev.memlane.storage.opensearch.OpenSearchIndexBuilder;
import dev.memlane.storage.opensearch.Routing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The options that name an index on OpenSearch. The rarer ones are not listed by {@code --help}. */
final class OpenSearchOptions {

  private static final double NANOS_PER_SECOND = 1e9;

  @Option(names = "--opensearch", split = ",", descriptionKey = SettingNames.OPENSEARCH_URLS, paramLabel = "URL", scope = ScopeType.INHERIT, order = 92, description = "Use one index on this OpenSearch cluster, which all processes of the database share, instead of one in the data directory. Repeatable, for several nodes. "
      + "The password or key is read from $MEMLANE_OPENSEARCH_PASSWORD or $MEMLANE_OPENSEARCH_KEY.")
  private List<String> urls = new ArrayList<>();

  @Option(names = "--opensearch-index", descriptionKey = SettingNames.OPENSEARCH_INDEX, paramLabel = "NAME", scope = ScopeType.INHERIT, order = 92, description = "The name of the index on OpenSearch (default: memlane).")
  private @Nullable String index;

  @Option(names = "--opensearch-user", descriptionKey = SettingNames.OPENSEARCH_USER, hidden = true, paramLabel = "NAME", scope = ScopeType.INHERIT, description = "The user, with the password in the environment.")
  private @Nullable String user;

  @Option(names = "--opensearch-ca-file", descriptionKey = SettingNames.OPENSEARCH_CA_FILE, hidden = true, paramLabel = "FILE", scope = ScopeType.INHERIT, description = "A file of certificates (PEM) to trust for the cluster.")
  private @Nullable Path certificates;

  @Option(names = "--opensearch-unencrypted", descriptionKey = SettingNames.OPENSEARCH_UNENCRYPTED, hidden = true, arity = "0..1", fallbackValue = "true", scope = ScopeType.INHERIT, description = "Send the password or key without encryption too.")
  private boolean unencrypted;

  @Option(names = "--opensearch-shards", descriptionKey = SettingNames.OPENSEARCH_SHARDS, hidden = true, paramLabel = "N", scope = ScopeType.INHERIT, description = "The shards of an index that is made.")
  private @Nullable Integer shards;

  @Option(names = "--opensearch-replicas", descriptionKey = SettingNames.OPENSEARCH_REPLICAS, hidden = true, paramLabel = "N", scope = ScopeType.INHERIT, description = "The further copies of each shard of an index that is made.")
  private @Nullable Integer replicas;

  @Option(names = "--opensearch-refresh", descriptionKey = SettingNames.OPENSEARCH_REFRESH, hidden = true, paramLabel = "SECONDS", scope = ScopeType.INHERIT, description = "How soon other processes find what was written.")
  private @Nullable Double refresh;

  @Option(names = "--opensearch-vectors", descriptionKey = SettingNames.OPENSEARCH_VECTORS, hidden = true, paramLabel = "TYPE", scope = ScopeType.INHERIT, description = "How vectors are stored: float or byte.")
  private @Nullable VectorType vectors;

  @Option(names = "--opensearch-routing", descriptionKey = SettingNames.OPENSEARCH_ROUTING, hidden = true, paramLabel = "BY", scope = ScopeType.INHERIT, description = "What decides which shard holds a memory: memory or user.")
  private @Nullable Routing routing;

  /** The name of the index that is set, or null. */
  @Nullable
  String index() {
    return index;
  }

  /** Forgets an index that is set elsewhere than on the command line. */
  void forget() {
    urls = List.of();
  }

  /**
   * What opens the index that the options name; null if they name none.
   *
   * @throws UsageException if a setting is invalid; the message contains no secret
   */
  @Nullable
  OpenSearchIndexBuilder builder(Map<String, String> environment) {
    if (urls.isEmpty()) {
      return null;
    }
    try {
      OpenSearchIndexBuilder builder = OpenSearchIndex.builder(urls.toArray(String[]::new));
      authenticate(builder, environment);
      if (index != null) {
        builder.index(index);
      }
      if (certificates != null) {
        builder.trustCertificate(certificates);
      }
      if (unencrypted) {
        builder.allowUnencrypted();
      }
      if (shards != null) {
        builder.shards(shards);
      }
      if (replicas != null) {
        builder.replicas(replicas);
      }
      if (refresh != null) {
        builder.refreshInterval(Duration.ofNanos((long) (refresh * NANOS_PER_SECOND)));
      }
      if (vectors != null) {
        builder.vectors(vectors);
      }
      if (routing != null) {
        builder.routing(routing);
      }
      return builder;
    } catch (InvalidInputException e) {
      throw new UsageException("the index on OpenSearch: " + e.getMessage(), e);
    }
  }

  private void authenticate(OpenSearchIndexBuilder builder, Map<String, String> environment) {
    String passwordVariable = SettingNames.variable(SettingNames.OPENSEARCH_PASSWORD);
    String keyVariable = SettingNames.variable(SettingNames.OPENSEARCH_KEY);
    String password = environment.getOrDefault(passwordVariable, "");
    String key = environment.getOrDefault(keyVariable, "");
    if (!key.isEmpty() && user != null) {
      throw new UsageException(
          "$" + keyVariable + " and --opensearch-user both say who asks the cluster; give one of them");
    }
    if (user != null && password.isEmpty()) {
      throw new UsageException("--opensearch-user needs a password: put it into $" + passwordVariable);
    }
    if (user != null) {
      builder.user(user, password);
    } else if (!key.isEmpty()) {
      builder.apiKey(key);
    }
  }
}
