package dev.memlane.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The command that starts a JVM of its own for a test, on the JDK of this one. Its options suit programs that end within
 * seconds, which are half as expensive without the second compiler and without a concurrent collector.
 */
public final class JavaCommand {

  private JavaCommand() {}

  /** @param arguments what follows: options, the class path, the main class and its arguments */
  public static List<String> with(List<String> arguments) {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(arguments);
    return command;
  }

  public static List<String> with(String... arguments) {
    return with(List.of(arguments));
  }
}
