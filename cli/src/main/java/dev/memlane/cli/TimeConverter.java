package dev.memlane.cli;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.TimeParser;
import java.time.Instant;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a time from the command line, as {@link TimeParser} does. */
final class TimeConverter implements ITypeConverter<Instant> {

  @Override
  public Instant convert(String value) {
    try {
      return TimeParser.standard().parse("it", value);
    } catch (InvalidInputException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
