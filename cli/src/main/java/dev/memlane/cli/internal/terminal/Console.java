package dev.memlane.cli.internal.terminal;

import java.io.InputStream;
import java.io.PrintStream;

/**
 * The streams that the program reads from and prints to.
 *
 * @param out receives answers
 * @param err receives everything else
 * @param terminal whether {@code err} is a terminal, where a progress bar can be drawn
 */
public record Console(InputStream in, PrintStream out, PrintStream err, boolean terminal) {

  /** Prints a message that is not part of the answer, to standard error. */
  public void say(String message) {
    err.println(TextLayout.printable(message));
  }
}
