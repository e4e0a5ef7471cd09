package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.TextLayout;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A converter of enum constants from the names that {@link TextLayout#name} gives them, in any case. */
final class ConstantConverter<E extends Enum<E>> implements ITypeConverter<E> {

  private final E[] constants;

  private ConstantConverter(Class<E> type) {
    this.constants = type.getEnumConstants();
  }

  /** Makes a command and its subcommands read options of this type by these names. */
  static <E extends Enum<E>> void register(CommandLine commandLine, Class<E> type) {
    commandLine.registerConverter(type, new ConstantConverter<>(type));
  }

  @Override
  public E convert(String name) {
    for (E constant : constants) {
      if (name.equalsIgnoreCase(constant.name()) || name.equalsIgnoreCase(TextLayout.name(constant))) {
        return constant;
      }
    }
    throw new TypeConversionException("it must be one of "
        + Arrays.stream(constants).map(TextLayout::name).collect(Collectors.joining(", ")) + ", but is '" + name + "'");
  }
}
