package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.TextLayout;
import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A converter of numbers.
 *
 * @param what the expected type in words, for messages
 * @param <N> the type of the number
 */
record NumberConverter<N extends Number>(String what, Function<String, N> parser) implements ITypeConverter<N> {

  @Override
  public N convert(String value) {
    try {
      return parser.apply(value.strip());
    } catch (NumberFormatException e) {
      throw new TypeConversionException("it must be " + what + ", and this is " + TextLayout.shortened(value, 40));
    }
  }
}
