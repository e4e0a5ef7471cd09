package dev.memlane.perf.tests.kill;

import dev.memlane.cli.Main;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;

/**
 * The process of {@code memlane serve} that is killed. It is the command and nothing else, except that it ends with its
 * standard input, so that it does not outlive the process that started it.
 */
final class ServedMemory {

  private ServedMemory() {}

  /** @param arguments of the command line */
  public static void main(String[] arguments) {
    Thread.ofPlatform().daemon().name("input").start(ServedMemory::endWithInput);
    Main.main(arguments);
  }

  private static void endWithInput() {
    try (FileInputStream input = new FileInputStream(FileDescriptor.in)) {
      input.transferTo(System.err);
    } catch (IOException e) {
      // The same as its end.
      System.err.println("the input ended: " + e);
    }
    Runtime.getRuntime().halt(3);
  }
}
