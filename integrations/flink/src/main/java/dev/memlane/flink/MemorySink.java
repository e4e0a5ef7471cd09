package dev.memlane.flink;

import dev.memlane.model.InvalidInputException;
import dev.memlane.orchestrator.MemoryWriter;
import dev.memlane.orchestrator.WriterSettings;
import java.util.Objects;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;

/**
 * A sink of Flink that stores each record as a memory. Each of its parallel instances has a {@link MemoryWriter}.
 *
 * <p>
 * <b>Once.</b> Every record is stored before the checkpoint that covers it is complete, so none is lost. After a failure
 * Flink delivers the records since the last checkpoint again; their keys name the memories that are there already. So each
 * key has exactly one memory, however often tasks fail. That needs checkpoints to be switched on, and keys that depend on
 * the record alone.
 *
 * <p>
 * <b>Failures.</b> A memory that could not be stored for now, because the database or the embedder did not answer, fails the
 * job, which begins again at its last checkpoint, as the job's restart strategy has it. A memory that is refused for a reason
 * of its own is given to the {@link FailureHandler}, or passed on to the rest of the job with {@link #storeFrom}.
 *
 * <p>
 * Immutable and serializable, as Flink requires.
 *
 * @param <T> the records
 */
public final class MemorySink<T> implements Sink<T> {

  private static final long serialVersionUID = 1;

  private final WriterSettings settings;
  private final MemoryConverter<T> converter;
  private final WriteMode mode;
  private final int mostInFlight;
  private final FailureHandler<T> failureHandler;

  /** What a sink does with a memory whose key is there already. */
  public enum WriteMode {
    /** Leaves it as it is. A memory that was deleted stays deleted, and its record is a failure. */
    ADD,
    /** Replaces it. Records with the same key must come to the same instance in order: key the stream by it. */
    PUT
  }

  private MemorySink(Builder<T> builder) {
    this.settings = builder.settings;
    this.converter = builder.converter;
    this.mode = builder.mode;
    this.mostInFlight = builder.mostInFlight;
    this.failureHandler = builder.failureHandler;
  }

  /** Returns a builder of a sink for these settings and records. */
  public static <T> Builder<T> builder(WriterSettings settings, MemoryConverter<T> converter) {
    return new Builder<>(settings, converter);
  }

  @Override
  public SinkWriter<T> createWriter(WriterInitContext context) {
    return new MemorySinkWriter<>(settings.open(), converter, mode, mostInFlight, failureHandler,
        context.metricGroup());
  }

  /**
   * Stores the records of a stream, as the sink does, and passes on those that are refused for a reason of their own. They
   * don't reach the {@link FailureHandler}, which may see a record twice after a failure of the job. They are part of the
   * job's state instead: a sink that is exact about other streams is exact about them.
   *
   * @return the records that were refused, each with the reason in words
   */
  public SingleOutputStreamOperator<Tuple2<T, String>> storeFrom(DataStream<T> records) {
    return records.transform("memlane", Types.TUPLE(records.getType(), Types.STRING),
        new MemoryOperator<>(settings, converter, mode, mostInFlight));
  }

  @Override
  public String toString() {
    return "MemorySink[" + mode + ", " + settings + "]";
  }

  /**
   * A builder of a sink. Not safe for use by several threads.
   *
   * @param <T> the records
   */
  public static final class Builder<T> {

    private static final int USUALLY_IN_FLIGHT = 1_000;

    private final WriterSettings settings;
    private final MemoryConverter<T> converter;
    private WriteMode mode = WriteMode.ADD;
    private int mostInFlight = USUALLY_IN_FLIGHT;
    private FailureHandler<T> failureHandler = FailureHandler.failing();

    private Builder(WriterSettings settings, MemoryConverter<T> converter) {
      this.settings = Objects.requireNonNull(settings, "settings");
      this.converter = Objects.requireNonNull(converter, "converter");
    }

    /** Sets what happens to a memory whose key is there already; {@link WriteMode#ADD} unless set. */
    public Builder<T> mode(WriteMode newMode) {
      this.mode = Objects.requireNonNull(newMode, "mode");
      return this;
    }

    /** Sets how many records an instance writes at the same time before it takes no more; 1,000 unless set, at least 1. */
    public Builder<T> mostInFlight(int most) {
      if (most < 1) {
        throw new InvalidInputException("mostInFlight is " + most + "; it must be at least 1");
      }
      this.mostInFlight = most;
      return this;
    }

    /** Sets the handling of records that are refused for a reason of their own; they fail the job unless set. */
    public Builder<T> onFailure(FailureHandler<T> handler) {
      this.failureHandler = Objects.requireNonNull(handler, "handler");
      return this;
    }

    public MemorySink<T> build() {
      return new MemorySink<>(this);
    }
  }
}
