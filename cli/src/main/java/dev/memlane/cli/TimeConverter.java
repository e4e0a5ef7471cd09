package dev.memlane.cli;

import dev.memlane.model.InvalidInputException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a day's begin in UTC, or a moment in UTC or with an offset, from the command line. */
final class TimeConverter implements ITypeConverter<Instant> {

  @Override
  public Instant convert(String value) {
    try {
      return LocalDate.parse(value.strip()).atStartOfDay(ZoneOffset.UTC).toInstant();
    } catch (DateTimeParseException noDay) {
      try {
        return IngestLine.time("the time", value);
      } catch (InvalidInputException e) {
        throw new TypeConversionException("it must be a day like 2026-03-02, or a time like 2026-03-02T09:14:00Z or "
            + "2026-03-02T10:14:00+01:00, and this is " + Layout.shortened(value, 60));
      }
    }
  }
}
