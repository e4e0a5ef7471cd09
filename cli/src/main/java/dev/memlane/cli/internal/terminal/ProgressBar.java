package dev.memlane.cli.internal.terminal;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A progress bar on standard error, drawn only if that is a terminal. Safe for use by several threads. */
public final class ProgressBar implements AutoCloseable {

  /** A total that is not known. */
  public static final long UNKNOWN = -1;
  /** A total that comes with the first progress; the bar is not drawn before. */
  public static final long PENDING = -2;
  private static final int COLUMNS = 79;
  private static final int UPDATE_MILLISECONDS = 100;

  private final Console console;
  private final String task;
  private final String unit;
  @GuardedBy("this")
  private long total = UNKNOWN;
  @GuardedBy("this")
  private me.tongfei.progressbar.@Nullable ProgressBar drawn;

  private ProgressBar(Console console, String task, String unit) {
    this.console = console;
    this.task = task;
    this.unit = unit;
  }

  public static ProgressBar start(Console console, String task, String unit, long total) {
    ProgressBar bar = new ProgressBar(console, task, unit);
    if (total != PENDING) {
      bar.at(0, total);
    }
    return bar;
  }

  /** Shows the progress towards the total that was given before. */
  public synchronized void at(long done) {
    at(done, total);
  }

  /** Shows the progress towards a total. */
  public synchronized void at(long done, long newTotal) {
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
