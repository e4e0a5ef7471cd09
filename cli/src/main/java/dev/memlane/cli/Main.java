package dev.memlane.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * The program {@code memlane}. Its exit status is 0 if everything asked for was done, 1 if something failed (what and
 * what to do is on standard error), 2 if the command line was wrong.
 *
 * <p>
 * System properties that the launcher sets: {@code memlane.home}, the directory that holds {@code examples};
 * {@code memlane.stderr.terminal}, {@code true} if standard error is a terminal, which Java can't find out.
 */
public final class Main {

  private Main() {}

  public static void main(String[] arguments) {
    GuardedOutput standardOutput = new GuardedOutput(new FileOutputStream(FileDescriptor.out));
    Console console = new Console(new FileInputStream(FileDescriptor.in),
        new PrintStream(standardOutput, false, StandardCharsets.UTF_8),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        Boolean.getBoolean("memlane.stderr.terminal"));
    Stop stop = new Stop();
    Runtime.getRuntime().addShutdownHook(new Thread(stop::request, "memlane-stop"));
    int status = new Application(
        new Context(new CommonOptions(), console, System.getenv(), home(), stop, UnaryOperator.identity()))
        .run(arguments);
    console.out().flush();
    if (standardOutput.failure() != null) {
      console.err().println("memlane: the output could not be written: " + standardOutput.failure().getMessage());
      status = 1;
    }
    stop.ended();
    System.exit(status);
  }

  /**
   * Does what the command line says, inside a program that goes on afterwards. Sets up that program's logging as the
   * options say.
   *
   * @param out takes the answer
   * @param err takes everything else
   * @return the exit status
   */
  public static int run(InputStream in, PrintStream out, PrintStream err, String... arguments) {
    return new Application(new Context(new CommonOptions(), new Console(in, out, err, false), System.getenv(), home(),
        new Stop(), UnaryOperator.identity())).run(arguments);
  }

  private static Path home() {
    return Path.of(System.getProperty("memlane.home", "."));
  }
}
