package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.TimeSyntax;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.TimeParser;
import dev.memlane.model.TimeParser.EpochUnit;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that decides how a command reads times. */
final class TimeOptions {

  @Option(names = "--epoch", paramLabel = "UNIT", description = "Read a plain number as a time, in seconds or milliseconds since 1970 (default: a number is no time).")
  private @Nullable EpochUnit epoch;

  TimeParser parser() {
    return epoch == null ? TimeParser.standard() : TimeParser.counting(epoch);
  }

  /**
   * Reads the value of an option.
   *
   * @param text null if the option was not given
   * @throws UsageException if it is not a time
   */
  @Nullable
  Instant read(String option, @Nullable String text) {
    return text == null ? null : CommandContext.fromArguments(() -> TimeSyntax.read(parser(), option, text));
  }
}
