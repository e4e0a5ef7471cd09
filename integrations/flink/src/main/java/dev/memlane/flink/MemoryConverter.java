package dev.memlane.flink;

import dev.memlane.model.NewMemory;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * The conversion of a record to the memory that is stored of it. A lambda will do, if what it captures can be serialized.
 *
 * @param <T> the records
 */
@FunctionalInterface
public interface MemoryConverter<T> extends Serializable {

  /**
   * Converts a record.
   *
   * @return the memory, which must have a key made from the record alone, because Flink delivers records again after a
   * failure; null to store nothing
   * @throws dev.memlane.model.InvalidInputException if no memory can be made of the record; the {@link FailureHandler} gets it
   */
  @Nullable
  NewMemory convert(T entry);
}
