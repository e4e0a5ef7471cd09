package dev.memlane.cli;

import dev.memlane.cli.internal.command.Application;
import dev.memlane.cli.internal.command.CommandContext;
import dev.memlane.cli.internal.command.CommonOptions;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.StandardOutput;
import dev.memlane.cli.internal.terminal.StopSignal;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * The program {@code memlane}. Its exit status is 0 if the command did all of its work, 1 if something failed (standard
 * error says what, and what to do), and 2 if the command line was wrong.
 *
 * <p>
 * The launcher sets two system properties: {@code memlane.home}, the directory that holds {@code examples}, and
 * {@code memlane.stderr.terminal}, {@code true} if standard error is a terminal, which Java cannot find out.
 */
public final class Main {

  private Main() {}

  public static void main(String[] arguments) {
    StandardOutput standardOutput = new StandardOutput(new FileOutputStream(FileDescriptor.out));
    Console console = new Console(new FileInputStream(FileDescriptor.in),
        new PrintStream(standardOutput, false, StandardCharsets.UTF_8),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        Boolean.getBoolean("memlane.stderr.terminal"));
    // Standard output is for answers only, so what a library prints must not get there.
    System.setOut(System.err);
    StopSignal stop = new StopSignal();
    Runtime.getRuntime().addShutdownHook(new Thread(stop::request, "memlane-stop"));
    int status = new Application(
        new CommandContext(new CommonOptions(), console, System.getenv(), home(), stop, UnaryOperator.identity()))
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
   * Runs a command line inside a program that continues afterwards. Configures that program's logging by the options.
   *
   * @param out receives the answer
   * @param err receives everything else
   * @return the exit status
   */
  public static int run(InputStream in, PrintStream out, PrintStream err, String... arguments) {
    return new Application(
        new CommandContext(new CommonOptions(), new Console(in, out, err, false), System.getenv(), home(),
            new StopSignal(), UnaryOperator.identity()))
        .run(arguments);
  }

  private static Path home() {
    return Path.of(System.getProperty("memlane.home", "."));
  }
}
