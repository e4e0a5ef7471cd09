package dev.memlane.cli.internal.command;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A converter of memory ids. */
final class MemoryIdConverter implements ITypeConverter<MemoryId> {

  @Override
  public MemoryId convert(String value) {
    try {
      return MemoryId.parse(value);
    } catch (InvalidInputException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
