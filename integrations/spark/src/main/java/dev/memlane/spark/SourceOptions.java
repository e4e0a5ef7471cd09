package dev.memlane.spark;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.jspecify.annotations.Nullable;

/**
 * The options of the source, checked. An option that is not known is refused, because a misspelt one would be ignored.
 * Messages name options, and repeat no value that could be a secret.
 */
final class SourceOptions {

  static final String URL = "url";
  static final String USER = "user";
  static final String PASSWORD = "password";
  static final String PASSWORD_ENVIRONMENT = "passwordEnvironment";
  static final String PASSWORD_FILE = "passwordFile";
  static final String SCHEMA = "schema";
  static final String EMBEDDER = "embedder";
  static final String EMBEDDER_URL = "embedder.url";
  static final String EMBEDDER_MODEL = "embedder.model";
  static final String EMBEDDER_DIMENSION = "embedder.dimension";
  static final String EMBEDDER_KEY_ENVIRONMENT = "embedder.keyEnvironment";
  static final String SHARED_INDEX = "sharedIndex";
  static final String KEY_COLUMNS = "keyColumns";
  static final String METADATA_COLUMNS = "metadataColumns";
  static final String SCOPE = "scope.";
  static final String WRITE_MODE = "writeMode";
  static final String ON_REFUSED = "onRefused";
  static final String MOST_IN_FLIGHT = "mostInFlight";
  static final String CONNECTIONS = "connections";
  static final String WRITE_DEADLINE = "writeDeadlineSeconds";
  static final String PARTITIONS = "partitions";
  static final String PAGE_SIZE = "pageSize";
  static final String EMBEDDINGS = "embeddings";
  static final String METADATA = "metadata";

  /** The parts of a scope, which are columns as well. */
  static final List<String> SCOPE_PARTS = List.of("user", "agent", "run");

  private static final Set<String> KNOWN = Set.of(URL, USER, PASSWORD, PASSWORD_ENVIRONMENT, PASSWORD_FILE, SCHEMA,
      EMBEDDER, EMBEDDER_URL, EMBEDDER_MODEL, EMBEDDER_DIMENSION, EMBEDDER_KEY_ENVIRONMENT, SHARED_INDEX,
      KEY_COLUMNS, METADATA_COLUMNS, SCOPE + "user", SCOPE + "agent", SCOPE + "run", WRITE_MODE, ON_REFUSED,
      MOST_IN_FLIGHT,
      CONNECTIONS, WRITE_DEADLINE, PARTITIONS, PAGE_SIZE, EMBEDDINGS, METADATA);

  private static final int USUALLY_IN_FLIGHT = 1_000;
  private static final int MOST_EVER_IN_FLIGHT = 10_000;
  private static final int FEW_CONNECTIONS = 4;
  private static final int MANY_CONNECTIONS = 100;
  private static final int USUAL_DEADLINE_SECONDS = 60;
  private static final int LONGEST_DEADLINE_SECONDS = 3_600;
  private static final int USUAL_PAGE = 500;
  private static final int LARGEST_PAGE = 10_000;
  private static final int MOST_PARTITIONS = 10_000;
  private static final int LARGEST_DIMENSION = 100_000;

  private final CaseInsensitiveStringMap options;
  private final DatabaseOptions database;

  private SourceOptions(CaseInsensitiveStringMap options) {
    this.options = options;
    this.database = new DatabaseOptions(required(URL, "such as jdbc:postgresql://host:5432/memlane"), get(USER),
        password(), get(SCHEMA));
  }

  /**
   * Checks the names of options, and those of the database.
   *
   * @throws InvalidInputException if an option is unknown, missing or out of range
   */
  static SourceOptions of(CaseInsensitiveStringMap options) {
    Set<String> known = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    known.addAll(KNOWN);
    for (String name : options.keySet()) {
      if (!known.contains(name)) {
        throw new InvalidInputException("memlane has no option \"" + name + "\"; it has " + String.join(", ", known));
      }
    }
    return new SourceOptions(options);
  }

  DatabaseOptions connection() {
    return database;
  }

  private Password password() {
    String given = get(PASSWORD);
    String variable = get(PASSWORD_ENVIRONMENT);
    String file = get(PASSWORD_FILE);
    if ((given == null ? 0 : 1) + (variable == null ? 0 : 1) + (file == null ? 0 : 1) > 1) {
      throw new InvalidInputException("the password is set more than once; leave only one of the options " + PASSWORD
          + ", " + PASSWORD_ENVIRONMENT + " and " + PASSWORD_FILE);
    }
    if (given != null) {
      return new Password.Given(given);
    }
    if (variable != null) {
      return new Password.InEnvironment(variable);
    }
    return file == null ? new Password.None() : new Password.InFile(file);
  }

  WriteOptions write() {
    return new WriteOptions(embedder(), sharedIndex(), names(KEY_COLUMNS), names(METADATA_COLUMNS), scope(),
        oneOf(WRITE_MODE, WriteOptions.Mode.ADD), oneOf(ON_REFUSED, WriteOptions.OnRefused.FAIL),
        number(MOST_IN_FLIGHT, USUALLY_IN_FLIGHT, 1, MOST_EVER_IN_FLIGHT),
        number(CONNECTIONS, FEW_CONNECTIONS, FEW_CONNECTIONS, MANY_CONNECTIONS),
        Duration.ofSeconds(number(WRITE_DEADLINE, USUAL_DEADLINE_SECONDS, 1, LONGEST_DEADLINE_SECONDS)));
  }

  private EmbedderOptions embedder() {
    String type = get(EMBEDDER);
    String url = get(EMBEDDER_URL);
    if (type != null && url == null) {
      return new EmbedderOptions.OfClass(type);
    }
    if (type != null || url == null) {
      throw new InvalidInputException("a write needs an embedder: set either the option " + EMBEDDER
          + " to the name of a class, such as dev.memlane.embedding.local.LocalEmbedder, or " + EMBEDDER_URL + ", "
          + EMBEDDER_MODEL + " and " + EMBEDDER_DIMENSION + " to a service with OpenAI's API");
    }
    required(EMBEDDER_DIMENSION, "how many numbers a vector of the model has");
    return new EmbedderOptions.OfService(url, required(EMBEDDER_MODEL, "the model's name"),
        number(EMBEDDER_DIMENSION, 0, 1, LARGEST_DIMENSION), get(EMBEDDER_KEY_ENVIRONMENT));
  }

  private @Nullable IndexOption sharedIndex() {
    String type = get(SHARED_INDEX);
    return type == null ? null : IndexOption.ofClass(type);
  }

  private Map<String, String> scope() {
    String user = get(SCOPE + "user");
    String agent = get(SCOPE + "agent");
    String run = get(SCOPE + "run");
    Map<String, String> parts = new HashMap<>();
    if (user != null || agent != null || run != null) {
      // Refuses names that no scope can have.
      Scope scope = new Scope(user, agent, run);
      putIfNamed(parts, "user", scope.user());
      putIfNamed(parts, "agent", scope.agent());
      putIfNamed(parts, "run", scope.run());
    }
    return parts;
  }

  private static void putIfNamed(Map<String, String> parts, String part, @Nullable String name) {
    if (name != null) {
      parts.put(part, name);
    }
  }

  /** How many partitions a read has at most, or null for as many as the cluster runs at once. */
  @Nullable
  Integer partitions() {
    if (get(PARTITIONS) == null) {
      return null;
    }
    return number(PARTITIONS, 1, 1, MOST_PARTITIONS);
  }

  int pageSize() {
    return number(PAGE_SIZE, USUAL_PAGE, 1, LARGEST_PAGE);
  }

  /** The model whose vectors are read, or null for none. */
  @Nullable
  String embeddings() {
    return get(EMBEDDINGS);
  }

  MetadataForm metadataForm() {
    return oneOf(METADATA, MetadataForm.MAP);
  }

  /** How metadata is read. */
  enum MetadataForm {
    /** A map of texts. */
    MAP,
    /** A text, which is JSON. */
    JSON
  }

  private List<String> names(String option) {
    String value = get(option);
    if (value == null) {
      return List.of();
    }
    List<String> names = Arrays.stream(value.split(",", -1)).map(String::strip).toList();
    if (names.contains("")) {
      throw new InvalidInputException("the option " + option + " lists an empty name; separate names by one comma");
    }
    return names;
  }

  private <E extends Enum<E>> E oneOf(String option, E byDefault) {
    String value = get(option);
    if (value == null) {
      return byDefault;
    }
    for (E constant : byDefault.getDeclaringClass().getEnumConstants()) {
      if (constant.name().equalsIgnoreCase(value)) {
        return constant;
      }
    }
    throw new InvalidInputException("the option " + option + " is \"" + value + "\"; it must be one of "
        + String.join(", ", Arrays.stream(byDefault.getDeclaringClass().getEnumConstants())
            .map(constant -> constant.name().toLowerCase(Locale.ROOT)).toList()));
  }

  private int number(String option, int byDefault, int least, int most) {
    String value = get(option);
    if (value == null) {
      return byDefault;
    }
    String wrong = "the option " + option + " is \"" + value + "\"; it must be a number from " + least + " to " + most;
    int number;
    try {
      number = Integer.parseInt(value.strip());
    } catch (NumberFormatException e) {
      throw new InvalidInputException(wrong, e);
    }
    if (number < least || number > most) {
      throw new InvalidInputException(wrong);
    }
    return number;
  }

  private String required(String option, String meaning) {
    String value = get(option);
    if (value == null) {
      throw new InvalidInputException("the option " + option + " is missing: " + meaning);
    }
    return value;
  }

  private @Nullable String get(String option) {
    String value = options.get(option);
    return value == null || value.isBlank() ? null : value;
  }

  @Override
  public String toString() {
    return "SourceOptions[" + database + "]";
  }
}
