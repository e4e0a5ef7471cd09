package dev.memlane.storage.postgres;

import java.sql.Types;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import org.jdbi.v3.core.argument.AbstractArgumentFactory;
import org.jdbi.v3.core.argument.Argument;
import org.jdbi.v3.core.config.ConfigRegistry;

/**
 * The binding of times, to the microsecond. As a {@code java.sql.Timestamp} a time before 15 October 1582 would be
 * written in the Julian calendar, which the server would read as the Gregorian one, days off.
 */
final class InstantArguments extends AbstractArgumentFactory<Instant> {

  InstantArguments() {
    super(Types.TIMESTAMP_WITH_TIMEZONE);
  }

  @Override
  protected Argument build(Instant value, ConfigRegistry config) {
    return (position, statement, context) -> statement.setObject(position,
        value.truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC));
  }
}
