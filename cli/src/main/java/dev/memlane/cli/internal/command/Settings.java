package dev.memlane.cli.internal.command;

import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.ParameterException;

/**
 * The values of options that are not on the command line: from an environment variable, or else from the configuration file.
 * Used by one command line.
 */
final class Settings implements IDefaultValueProvider {

  private final Map<String, String> environment;
  private final Supplier<@Nullable Path> file;
  private @Nullable Configuration configuration;
  private @Nullable RuntimeException problem;

  /**
   * A value, and where it is from.
   *
   * @param origin the variable or the file
   */
  record Value(String text, String origin) {}

  /** @param file which file there is, as far as the command line has been read; null for none */
  Settings(Map<String, String> environment, Supplier<@Nullable Path> file) {
    this.environment = environment;
    this.file = file;
  }

  @Override
  public @Nullable String defaultValue(ArgSpec option) {
    Value value = value(option);
    return value == null ? null : value.text;
  }

  /** The value of an option that is not on the command line; null if it is not set. */
  @Nullable
  Value value(ArgSpec option) {
    String name = SettingNames.of(option);
    if (name == null) {
      return null;
    }
    String variable = SettingNames.variable(name);
    String text = environment.getOrDefault(variable, "");
    if (!text.isEmpty()) {
      return new Value(text, "$" + variable);
    }
    String written = configuration().settings().get(name);
    return written == null ? null : new Value(written, String.valueOf(file.get()));
  }

  /** What the file says. One that can't be read is reported when the command is about to run, and not while options are parsed. */
  private Configuration configuration() {
    if (configuration == null) {
      configuration = Configuration.NONE;
      try {
        Path named = file.get();
        if (named != null) {
          configuration = Configuration.read(named);
        }
      } catch (RuntimeException e) {
        problem = e;
      }
    }
    return configuration;
  }

  /** The message of an error on the command line. It says so if the value is from elsewhere. */
  String named(ParameterException e) {
    String message = String.valueOf(e.getMessage());
    Value value = e.getArgSpec() == null ? null : value(e.getArgSpec());
    return value == null || !value.text.equals(e.getValue())
        ? message
        : SettingNames.of(e.getArgSpec()) + " in " + value.origin + ": " + message;
  }

  /** Reports a file that could not be read. */
  void requireRead() {
    if (problem != null) {
      throw problem;
    }
  }
}
