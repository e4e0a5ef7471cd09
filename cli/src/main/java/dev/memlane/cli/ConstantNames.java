package dev.memlane.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads constants by the names that {@link Layout#name} gives them, in whatever case. */
final class ConstantNames<E extends Enum<E>> implements ITypeConverter<E> {

  private final E[] constants;

  private ConstantNames(Class<E> type) {
    this.constants = type.getEnumConstants();
  }

  /** Has a command and those below it read this type's options so. */
  static <E extends Enum<E>> void register(CommandLine commandLine, Class<E> type) {
    commandLine.registerConverter(type, new ConstantNames<>(type));
  }

  @Override
  public E convert(String name) {
    for (E constant : constants) {
      if (name.equalsIgnoreCase(constant.name()) || name.equalsIgnoreCase(Layout.name(constant))) {
        return constant;
      }
    }
    throw new TypeConversionException("it must be one of "
        + Arrays.stream(constants).map(Layout::name).collect(Collectors.joining(", ")) + ", but is '" + name + "'");
  }
}
