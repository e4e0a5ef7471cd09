package dev.memlane.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The command that starts a JVM of its own for a test, on the JDK of this one. Its options suit programs that end within
 * seconds, which are half as expensive without the second compiler, without a concurrent collector, and without a check of
 * classes that come from compilers.
 */
public final class JavaCommand {

  private JavaCommand() {}

  /**
   * @param arguments what follows: options, the class path, the main class and its arguments; none may be null, as a
   * system property that is not there would be
   */
  public static List<String> with(@Nullable String... arguments) {
    TestNeeds.program("a JVM");
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:+UnlockDiagnosticVMOptions",
        "-XX:-BytecodeVerificationRemote"));
    for (String argument : arguments) {
      command.add(Objects.requireNonNull(argument));
    }
    return command;
  }
}
