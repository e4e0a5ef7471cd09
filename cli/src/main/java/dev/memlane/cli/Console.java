package dev.memlane.cli;

import java.io.InputStream;
import java.io.PrintStream;

/**
 * What the program reads from and prints to.
 *
 * @param out for answers
 * @param err for everything else
 * @param terminal whether {@code err} is a terminal, where a progress bar can be drawn
 */
record Console(InputStream in, PrintStream out, PrintStream err, boolean terminal) {

  /** Says something beside the answer, on standard error. */
  void say(String message) {
    err.println(Layout.printable(message));
  }
}
