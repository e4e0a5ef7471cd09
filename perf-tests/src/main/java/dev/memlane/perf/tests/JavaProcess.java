package dev.memlane.perf.tests;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Further Java processes, with the same Java and class path as this one. */
public final class JavaProcess {

  /** The option without which vectors are compared more slowly. */
  public static final String VECTOR_MODULE = "--add-modules=jdk.incubator.vector";

  private JavaProcess() {}

  /**
   * Prepares a process whose standard error is discarded.
   *
   * @param options for the JVM, in addition to those that every process needs
   * @param main the name of its main class
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
