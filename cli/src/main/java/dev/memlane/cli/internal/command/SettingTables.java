package dev.memlane.cli.internal.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.TextLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The settings in the tables of a configuration file. */
final class SettingTables {

  /** The names and tables at the top of a file. */
  static final Set<String> TOP = top();

  private static final int LONGEST_SHOWN = 60;

  private SettingTables() {}

  private static Set<String> top() {
    Set<String> names = new LinkedHashSet<>();
    SettingNames.ALL.forEach(name -> names.add(name.split("\\.", 2)[0]));
    return Set.copyOf(names);
  }

  /** The tables that have nothing but settings: server, server.tls and so on. */
  private static Set<String> sections() {
    Set<String> sections = new LinkedHashSet<>();
    for (String name : SettingNames.ALL) {
      for (int dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
        sections.add(name.substring(0, dot));
      }
    }
    return sections;
  }

  /**
   * Takes the settings out of a file's tables.
   *
   * @return the settings by name
   * @throws CommandFailure if a table of settings has another name in it, or a value has the wrong form
   */
  static Map<String, String> take(ObjectNode all, Path file) {
    Map<String, String> settings = new LinkedHashMap<>();
    for (String name : SettingNames.ALL) {
      int dot = name.lastIndexOf('.');
      ObjectNode table = table(all, dot < 0 ? "" : name.substring(0, dot), file);
      JsonNode value = table == null ? null : table.remove(name.substring(dot + 1));
      if (value != null) {
        settings.put(name, text(value, name, file));
      }
    }
    requireNothingElse(all, file);
    TOP.forEach(all::remove);
    return settings;
  }

  private static @Nullable ObjectNode table(ObjectNode all, String name, Path file) {
    ObjectNode table = all;
    for (String part : name.isEmpty() ? new String[0] : name.split("\\.")) {
      JsonNode next = table.get(part);
      if (next == null) {
        return null;
      }
      if (!(next instanceof ObjectNode inner)) {
        throw new CommandFailure(file + ": " + part + " must be a table: [" + name + "]", null);
      }
      table = inner;
    }
    return table;
  }

  private static String text(JsonNode value, String name, Path file) {
    if (value.isValueNode()) {
      return value.asText();
    }
    List<String> parts = new ArrayList<>();
    for (JsonNode part : value) {
      if (!value.isArray() || !part.isValueNode()) {
        throw new CommandFailure(file + ": " + name + " must be a value, or a list of values", null);
      }
      parts.add(part.asText());
    }
    return String.join(SettingNames.separator(name), parts);
  }

  private static void requireNothingElse(ObjectNode all, Path file) {
    Set<String> sections = sections();
    for (String section : sections) {
      ObjectNode table = table(all, section, file);
      for (Iterator<String> names = table == null ? List.<String>of().iterator() : table.fieldNames(); names
          .hasNext();) {
        String name = section + "." + names.next();
        if (!sections.contains(name)) {
          throw new CommandFailure(file + ": " + unknown(name), null);
        }
      }
    }
  }

  private static String unknown(String name) {
    if (SettingNames.SECRET.contains(name)) {
      return name + " doesn't belong in the file; put it into the environment variable " + SettingNames.variable(name);
    }
    String shown = TextLayout.shortened(name, LONGEST_SHOWN);
    String nearest = name.length() > LONGEST_SHOWN ? null : SettingNames.nearest(name, SettingNames.ALL);
    return shown + " is not known there; " + (nearest == null
        ? "known are: " + String.join(", ", SettingNames.ALL)
        : "did you mean " + nearest + "?");
  }
}
