package dev.memlane.storage.postgres;

import dev.memlane.model.InvalidInputException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a database, parsed from a URL: {@code jdbc:postgresql://host:5432/database?parameter=value}, which is
 * the driver's form, or {@code postgresql://user:password@host/database} or {@code postgres://...}, which are
 * PostgreSQL's own.
 *
 * <p>
 * User and password may be in any of them, percent-encoded. They are removed at once, because the driver's messages
 * repeat the URL, or what it takes for the host in it. No message and no text form of this class contains them.
 *
 * @param jdbcUrl host, port and database only, for the driver
 * @param properties the driver's other properties, including user and password
 * @param schema the URL's {@code currentSchema}, or null
 * @param options the URL's {@code options} for the start of a connection, or null
 * @param pooler whether the URL says {@code pgbouncer=true}: a pooler in transaction mode is at this address
 */
record DatabaseAddress(String jdbcUrl, Map<String, String> properties, @Nullable String schema,
    @Nullable String options, boolean pooler) {

  private static final List<String> PREFIXES = List.of("jdbc:postgresql:", "jdbc:postgres:", "postgresql:",
      "postgres:");
  private static final Pattern HOSTS = Pattern.compile("[^:@\\[\\]]*(:\\d*)?|\\[[0-9a-fA-F:.%]*](:\\d*)?");
  /** Parameters that have different names in PostgreSQL's own tools and in the driver. */
  private static final Map<String, String> NAMES = Map.of("application_name", "ApplicationName", "connect_timeout",
      "connectTimeout", "target_session_attrs", "targetServerType");
  private static final Map<String, String> SERVER_TYPES = Map.of("read-write", "primary", "standby", "secondary",
      "prefer-standby", "preferSecondary");
  private static final String POOLER = "pgbouncer";

  /**
   * Parses a URL.
   *
   * @throws InvalidInputException if it has none of the forms; the message doesn't repeat it
   */
  static DatabaseAddress parse(String url) {
    String lower = url.toLowerCase(Locale.ROOT);
    String prefix = PREFIXES.stream().filter(lower::startsWith).findFirst()
        .orElseThrow(() -> invalid("it must begin with jdbc:postgresql:, postgresql: or postgres:"));
    String rest = url.substring(prefix.length());
    int question = rest.indexOf('?');
    Map<String, String> parameters = question < 0 ? new LinkedHashMap<>() : parameters(rest.substring(question + 1));
    String place = question < 0 ? rest : rest.substring(0, question);
    String user = null;
    String password = null;
    if (place.startsWith("//")) {
      int slash = place.indexOf('/', 2);
      String authority = place.substring(2, slash < 0 ? place.length() : slash);
      String path = slash < 0 ? "" : place.substring(slash);
      int at = authority.lastIndexOf('@');
      if (at >= 0) {
        String credentials = authority.substring(0, at);
        int colon = credentials.indexOf(':');
        user = decoded(colon < 0 ? credentials : credentials.substring(0, colon));
        password = colon < 0 ? null : decoded(credentials.substring(colon + 1));
        authority = authority.substring(at + 1);
      }
      requireHosts(authority, path);
      place = "//" + authority + (path.isEmpty() ? "/" : path);
    } else if (place.contains("@") || place.contains(":")) {
      throw invalid("the host must come after //");
    }
    putIfGiven(parameters, "user", user);
    putIfGiven(parameters, "password", password);
    String schema = parameters.remove("currentSchema");
    String options = parameters.remove("options");
    boolean pooler = Boolean.parseBoolean(parameters.remove(POOLER));
    return new DatabaseAddress("jdbc:postgresql:" + place, Map.copyOf(parameters), schema, options, pooler);
  }

  /** Otherwise a password with an unencoded slash or question mark would be read as a port or a path. */
  private static void requireHosts(String authority, String path) {
    for (String host : authority.split(",", -1)) {
      if (!HOSTS.matcher(host).matches()) {
        throw invalid(
            "hosts and ports don't have the form host:5432; percent-encode special characters in the user and "
                + "the password, such as %2F for a slash and %3F for a question mark");
      }
    }
    if (path.contains("@")) {
      throw invalid(
          "an @ comes after the host; percent-encode special characters in the user and the password, such as %2F "
              + "for a slash");
    }
  }

  private static Map<String, String> parameters(String query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (String parameter : query.split("&", -1)) {
      int equals = parameter.indexOf('=');
      if (equals < 0 && parameter.contains("@")) {
        throw invalid(
            "percent-encode special characters in the user and the password, such as %3F for a question mark");
      }
      if (!parameter.isEmpty()) {
        String name = decoded(equals < 0 ? parameter : parameter.substring(0, equals));
        String value = equals < 0 ? "" : decoded(parameter.substring(equals + 1));
        boolean renamedValue = "target_session_attrs".equals(name);
        parameters.put(NAMES.getOrDefault(name, name), renamedValue ? SERVER_TYPES.getOrDefault(value, value) : value);
      }
    }
    return parameters;
  }

  /** A parameter of the same name wins. */
  private static void putIfGiven(Map<String, String> parameters, String name, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      parameters.putIfAbsent(name, value);
    }
  }

  private static String decoded(String text) {
    try {
      // A plus is a blank only in web forms.
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      // The original message may repeat the password.
      throw invalid("a percent sign is not followed by two hexadecimal digits; write it as %25");
    }
  }

  private static InvalidInputException invalid(String problem) {
    return new InvalidInputException("the database's URL can't be read: " + problem
        + " (an example is postgresql://localhost:5432/memlane)");
  }

  @Override
  public String toString() {
    return "DatabaseAddress[" + jdbcUrl + "]";
  }
}
