package dev.memlane.cli.internal.terminal;

import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * The set-up of logging: one line on standard error for each record. Memlane's own warnings are shown, and only severe
 * records of other libraries.
 */
public final class ConsoleLogging {

  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT)
      .withZone(ZoneId.systemDefault());
  /** Held strongly: the log manager holds loggers weakly, and a collected logger loses its level. */
  private static final Logger OWN = Logger.getLogger("dev.memlane");
  private static final Logger ROOT = Logger.getLogger("");

  private ConsoleLogging() {}

  public static void configure(Console console, boolean verbose) {
    LogManager.getLogManager().reset();
    ROOT.setLevel(verbose ? Level.INFO : Level.SEVERE);
    OWN.setLevel(verbose ? Level.FINE : Level.WARNING);
    ROOT.addHandler(new LineHandler(console, verbose));
  }

  private static final class LineHandler extends Handler {

    private final Console console;
    private final boolean verbose;
    private final java.util.logging.SimpleFormatter formatter = new java.util.logging.SimpleFormatter();

    LineHandler(Console console, boolean verbose) {
      this.console = console;
      this.verbose = verbose;
    }

    @Override
    public void publish(LogRecord record) {
      if (!isLoggable(record)) {
        return;
      }
      Throwable thrown = record.getThrown();
      console.say(TIME.format(record.getInstant()) + " " + record.getLevel().getName().toLowerCase(Locale.ROOT) + " "
          + formatter.formatMessage(record) + (thrown == null ? "" : ": " + thrown));
      if (verbose && thrown != null) {
        thrown.printStackTrace(console.err());
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
