package dev.memlane.cli.internal.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The settings of a command, with where each is from. Secrets are not shown. */
final class ShownConfiguration {

  private static final String SECRET = "(not shown)";
  private static final String NONE = "-";
  private static final String DEFAULT = "default";
  private static final Set<String> TRIALS = Set.of("demo", "eval");

  private final CommandContext context;
  private final Settings settings;
  private final List<ParseResult> parsed = new ArrayList<>();

  private record Row(String name, String value, String origin) {}

  /** @param root of the whole command line */
  ShownConfiguration(CommandContext context, Settings settings, ParseResult root) {
    this.context = context;
    this.settings = settings;
    for (ParseResult one = root; one != null; one = one.hasSubcommand() ? one.subcommand() : null) {
      parsed.addFirst(one);
    }
  }

  /** The settings for which the command line itself has an option. */
  Set<String> given() {
    return SettingNames.ALL.stream().filter(name -> {
      OptionSpec option = option(name);
      return option != null && given(option);
    }).collect(Collectors.toUnmodifiableSet());
  }

  /** Whether the command fills a database with examples, which is not meant for the one that is in use. */
  boolean isTrial() {
    return TRIALS.contains(parsed.getFirst().commandSpec().name());
  }

  private boolean given(OptionSpec option) {
    return parsed.stream().anyMatch(one -> one.hasMatchedOption(option.longestName()));
  }

  private @Nullable OptionSpec option(String name) {
    return parsed.getFirst().commandSpec().options().stream().filter(each -> name.equals(SettingNames.of(each)))
        .findFirst().orElse(null);
  }

  /**
   * Prints them.
   *
   * @throws RuntimeException if the configuration file can't be read
   */
  void print() {
    settings.requireRead();
    List<Row> rows = rows();
    context.answer(() -> rows.stream().map(row -> Json.object("name", row.name, "value", row.value, "from", row.origin))
        .toList(), () -> {
          int names = rows.stream().mapToInt(row -> row.name.length()).max().orElse(0);
          int values = rows.stream().mapToInt(row -> row.value.length()).max().orElse(0);
          rows.forEach(row -> context.print(padded(row.name, names) + "  " + padded(row.value, values) + "  "
              + row.origin));
        });
  }

  private static String padded(String text, int width) {
    return text + " ".repeat(width - text.length());
  }

  private List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    for (String name : SettingNames.ALL) {
      OptionSpec option = option(name);
      if (option != null) {
        rows.add(new Row(name, text(name, option.getValue()), origin(option)));
      }
    }
    for (String name : SettingNames.SECRET) {
      String variable = SettingNames.variable(name);
      if (!context.environment().getOrDefault(variable, "").isEmpty()) {
        rows.add(new Row(name, SECRET, "$" + variable));
      }
    }
    addTables("", context.configuration().tables(), String.valueOf(context.configurationFile()), rows);
    return rows;
  }

  private String origin(OptionSpec option) {
    if (given(option)) {
      return SettingNames.shown(option);
    }
    Settings.Value value = settings.value(option);
    return value == null ? DEFAULT : value.origin();
  }

  private String text(String name, @Nullable Object value) {
    String text = switch (value) {
      case null -> name.equals(SettingNames.DATA) ? context.dataDirectory().toString() : "";
      case List<?> list -> String.join(",", list.stream().map(String::valueOf).toList());
      case Enum<?> constant -> TextLayout.name(constant);
      default -> value.toString();
    };
    boolean secret = Set.of(SettingNames.DB_URL, SettingNames.CHAT_URL, SettingNames.OPENSEARCH_URLS).contains(name)
        && CommonOptions.hasPassword(text);
    return text.isEmpty() ? NONE : secret ? SECRET : TextLayout.line(text);
  }

  private void addTables(String name, JsonNode node, String file, List<Row> rows) {
    if (node.isValueNode()) {
      rows.add(new Row(name, shown(name, node.asText()), file));
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        addTables(name + "." + (i + 1), Objects.requireNonNull(node.get(i)), file, rows);
      }
    } else {
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        addTables(name.isEmpty() ? field.getKey() : name + "." + field.getKey(), field.getValue(), file, rows);
      }
    }
  }

  /** A value of the file's other tables. Where the name of a variable belongs, there may be the key itself by mistake. */
  private String shown(String name, String text) {
    boolean secret = name.endsWith("key-from")
        ? !context.environment().containsKey(text)
        : text.matches("(?s).*//[^/?]*@.*");
    return secret ? SECRET : TextLayout.line(text);
  }
}
