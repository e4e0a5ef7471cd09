package dev.memlane.perf.tests;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Java processes beside this one: of the same Java, with the same class path. */
public final class JavaProcess {

  /** The option without which vectors are compared more slowly. */
  public static final String VECTOR_MODULE = "--add-modules=jdk.incubator.vector";

  private JavaProcess() {}

  /**
   * Prepares one whose errors nobody reads.
   *
   * @param options for the JVM, beside those that every one needs
   * @param main the name of its class
   */
  public static ProcessBuilder prepare(List<String> options, String main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), main));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
  }
}
