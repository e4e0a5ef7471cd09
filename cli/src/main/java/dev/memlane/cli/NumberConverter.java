package dev.memlane.cli;

import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads a number from the command line.
 *
 * @param what it is, for messages
 * @param <N> its type
 */
record NumberConverter<N extends Number>(String what, Function<String, N> reading) implements ITypeConverter<N> {

  @Override
  public N convert(String value) {
    try {
      return reading.apply(value.strip());
    } catch (NumberFormatException e) {
      throw new TypeConversionException("it must be " + what + ", and this is " + Layout.shortened(value, 40));
    }
  }
}
