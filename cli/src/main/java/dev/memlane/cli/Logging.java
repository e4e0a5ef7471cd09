package dev.memlane.cli;

import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * What the libraries log, on one line each on standard error: from this project what a user should know, from others
 * nothing but what is serious.
 */
final class Logging {

  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT)
      .withZone(ZoneId.systemDefault());
  /** Held, because the log manager does not hold loggers and a level set on one would be lost with it. */
  private static final Logger OWN = Logger.getLogger("dev.memlane");
  private static final Logger ROOT = Logger.getLogger("");

  private Logging() {}

  static void configure(Console console, boolean verbose) {
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
