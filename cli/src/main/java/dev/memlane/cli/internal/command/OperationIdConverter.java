package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.OperationId;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A converter of operation ids. */
final class OperationIdConverter implements ITypeConverter<OperationId> {

  @Override
  public OperationId convert(String value) {
    try {
      return OperationId.parse(value);
    } catch (InvalidInputException e) {
      throw new TypeConversionException("\"" + TextLayout.shortened(value, 60)
          + "\" is no operation id; it is the \"op\" of a memory, as get --json shows it");
    }
  }
}
