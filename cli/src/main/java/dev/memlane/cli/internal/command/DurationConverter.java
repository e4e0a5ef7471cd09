package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.TextLayout;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A converter of durations, such as {@code 7d}, {@code 12h} or {@code 30m}, from the command line. */
final class DurationConverter implements ITypeConverter<Duration> {

  private static final Pattern LENGTH = Pattern.compile("([1-9][0-9]{0,5})([dhm])");

  @Override
  public Duration convert(String value) {
    Matcher length = LENGTH.matcher(value.strip());
    if (!length.matches()) {
      throw new TypeConversionException(
          "it must be a number of days, hours or minutes, like 7d, 12h or 30m, and this is "
              + TextLayout.shortened(value, 60));
    }
    long number = Long.parseLong(length.group(1));
    return switch (length.group(2)) {
      case "d" -> Duration.ofDays(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofMinutes(number);
    };
  }
}
