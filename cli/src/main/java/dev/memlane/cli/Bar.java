package dev.memlane.cli;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A progress bar on standard error, drawn only if that is a terminal. Safe for use by several threads. */
final class Bar implements AutoCloseable {

  /** A total that is not known. */
  static final long UNKNOWN = -1;
  /** A total that is told with the first progress; the bar is not drawn before. */
  static final long LATER = -2;
  private static final int COLUMNS = 79;
  private static final int UPDATE_MILLISECONDS = 100;

  private final Console console;
  private final String task;
  private final String unit;
  private long total = UNKNOWN;
  private @Nullable ProgressBar drawn;

  private Bar(Console console, String task, String unit) {
    this.console = console;
    this.task = task;
    this.unit = unit;
  }

  static Bar start(Console console, String task, String unit, long total) {
    Bar bar = new Bar(console, task, unit);
    if (total != LATER) {
      bar.at(0, total);
    }
    return bar;
  }

  /** Shows how far the work has come, of the total that is known already. */
  synchronized void at(long done) {
    at(done, total);
  }

  /** Shows how far the work has come. */
  synchronized void at(long done, long newTotal) {
    if (!console.terminal()) {
      return;
    }
    total = newTotal;
    if (drawn == null) {
      ProgressBarBuilder builder = new ProgressBarBuilder().setTaskName(task).setInitialMax(total)
          .setStyle(ProgressBarStyle.ASCII).setUpdateIntervalMillis(UPDATE_MILLISECONDS)
          .setConsumer(new ConsoleProgressBarConsumer(console.err(), COLUMNS));
      drawn = (unit.isEmpty() ? builder : builder.setUnit(unit, 1)).build();
    }
    drawn.maxHint(total);
    drawn.stepTo(done);
  }

  @Override
  public synchronized void close() {
    if (drawn != null) {
      drawn.close();
      drawn = null;
    }
  }
}
