package dev.memlane.cli.internal.command;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The names of the settings, which are the same in a configuration file, in environment variables and in Spring Boot's
 * properties. An option says in its {@code descriptionKey} which setting it is. A key that begins with a dot is below the name
 * of the command, so an option that several commands share may be a setting of one of them.
 */
final class SettingNames {

  static final String DATA = "data";
  static final String DB_URL = "db.url";
  static final String DB_USER = "db.user";
  static final String INDEX_VECTORS = "index.vectors";
  static final String OPENSEARCH_URLS = "opensearch.urls";
  static final String OPENSEARCH_INDEX = "opensearch.index";
  static final String OPENSEARCH_USER = "opensearch.user";
  static final String OPENSEARCH_CA_FILE = "opensearch.ca-file";
  static final String OPENSEARCH_UNENCRYPTED = "opensearch.unencrypted";
  static final String OPENSEARCH_SHARDS = "opensearch.shards";
  static final String OPENSEARCH_REPLICAS = "opensearch.replicas";
  static final String OPENSEARCH_REFRESH = "opensearch.refresh";
  static final String OPENSEARCH_VECTORS = "opensearch.vectors";
  static final String OPENSEARCH_ROUTING = "opensearch.routing";
  static final String OPENSEARCH_PASSWORD = "opensearch.password";
  static final String OPENSEARCH_KEY = "opensearch.key";
  static final String EMBEDDER = "embedder";
  static final String MODEL = "model";
  static final String LANGUAGE = "language";
  static final String SERVER_HOST = "server.host";
  static final String SERVER_PORT = "server.port";
  static final String SERVER_NAMES = "server.names";
  static final String SERVER_ORIGINS = "server.origins";
  static final String SERVER_AUDIT_LOG = "server.audit-log";
  static final String LIMIT_BODY = "server.limits.body";
  static final String LIMIT_HEADERS = "server.limits.headers";
  static final String LIMIT_REQUESTS = "server.limits.requests";
  static final String LIMIT_CONNECTIONS = "server.limits.connections";
  static final String LIMIT_STREAMS = "server.limits.streams";
  static final String LIMIT_IDLE = "server.limits.idle";
  static final String LIMIT_SHUTDOWN = "server.limits.shutdown";
  static final String TLS_CERTIFICATE = "server.tls.certificate";
  static final String TLS_KEY = "server.tls.key";
  static final String TLS_KEY_STORE = "server.tls.key-store";
  static final String TLS_PASSWORD_FILE = "server.tls.password-file";
  static final String CHAT_MODEL = "chat.model";
  static final String CHAT_URL = "chat.url";
  static final String CHAT_CONCURRENCY = "chat.concurrency";
  static final String CHAT_REDACT = "chat.redact";
  static final String CHAT_TOKENS_A_DAY = "chat.tokens-a-day";
  static final String CHAT_TOKENS_A_CALL = "chat.tokens-a-call";
  static final String CHAT_MODE = "chat.mode";
  static final String CHAT_INSTRUCTIONS = "chat.instructions";
  static final String CHAT_CATEGORIES = "chat.categories";
  static final String CHAT_CONVERSATIONS_PER_CALL = "chat.conversations-per-call";
  static final String CHAT_KEY = "chat.key";
  static final String MCP_USER = "mcp.user";
  static final String MCP_ALLOW_USER = "mcp.allow-user";
  static final String MCP_ACTOR = "mcp.actor";
  static final String MCP_READ_ONLY = "mcp.read-only";

  /** All of them, in the order in which they are shown. */
  static final List<String> ALL = List.of(DATA, DB_URL, DB_USER, INDEX_VECTORS, OPENSEARCH_URLS, OPENSEARCH_INDEX,
      OPENSEARCH_USER, OPENSEARCH_CA_FILE, OPENSEARCH_UNENCRYPTED, OPENSEARCH_SHARDS, OPENSEARCH_REPLICAS,
      OPENSEARCH_REFRESH, OPENSEARCH_VECTORS, OPENSEARCH_ROUTING, EMBEDDER, MODEL, LANGUAGE, CHAT_MODEL,
      CHAT_URL, CHAT_CONCURRENCY, CHAT_REDACT, CHAT_TOKENS_A_DAY, CHAT_TOKENS_A_CALL, CHAT_MODE, CHAT_INSTRUCTIONS,
      CHAT_CATEGORIES, CHAT_CONVERSATIONS_PER_CALL, SERVER_HOST,
      SERVER_PORT,
      SERVER_NAMES, SERVER_ORIGINS, SERVER_AUDIT_LOG, LIMIT_BODY, LIMIT_HEADERS, LIMIT_REQUESTS,
      LIMIT_CONNECTIONS, LIMIT_STREAMS, LIMIT_IDLE, LIMIT_SHUTDOWN, TLS_CERTIFICATE, TLS_KEY, TLS_KEY_STORE,
      TLS_PASSWORD_FILE,
      MCP_USER,
      "mcp.agent", "mcp.run", MCP_ALLOW_USER, MCP_ACTOR, MCP_READ_ONLY);

  /** Secrets, which are in environment variables only. */
  static final List<String> SECRET = List.of("db.password", OPENSEARCH_PASSWORD, OPENSEARCH_KEY,
      "server.tls.password", CHAT_KEY);

  private static final Set<String> KNOWN = Set.copyOf(ALL);

  private SettingNames() {}

  /** The setting that an option is; null if it is none. */
  static @Nullable String of(ArgSpec option) {
    String key = option.descriptionKey();
    if (key == null) {
      return null;
    }
    String name = key.startsWith(".") ? option.command().name() + key : key;
    return KNOWN.contains(name) ? name : null;
  }

  /** What separates the values of a list in one text. */
  static String separator(String name) {
    // The descriptions of categories have commas.
    return name.equals(CHAT_CATEGORIES) ? ";" : ",";
  }

  /** Whether a setting is about the chat model. */
  static boolean isOfChat(String name) {
    return name.startsWith("chat.");
  }

  /** The name of an option as it is shown: its first long one. */
  static String shown(OptionSpec option) {
    return Arrays.stream(option.names()).filter(name -> name.startsWith("--")).findFirst()
        .orElse(option.longestName());
  }

  /** The environment variable of a setting, such as {@code MEMLANE_SERVER_PORT}. */
  static String variable(String name) {
    return "MEMLANE_" + name.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  /** The known name that is the most like another one; null if none is much like it. */
  static @Nullable String nearest(String name, Iterable<String> known) {
    String nearest = null;
    int least = Math.max(2, name.length() / 3) + 1;
    for (String one : known) {
      int distance = distance(name, one);
      if (distance < least) {
        nearest = one;
        least = distance;
      }
    }
    return nearest;
  }

  /** How many letters must be inserted, removed or replaced (Levenshtein's distance). */
  private static int distance(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[to.length()];
  }
}
