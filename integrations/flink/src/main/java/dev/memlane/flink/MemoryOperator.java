package dev.memlane.flink;

import dev.memlane.flink.MemorySink.WriteMode;
import dev.memlane.orchestrator.WriterSettings;
import java.util.Objects;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.runtime.metrics.groups.InternalSinkWriterMetricGroup;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.jspecify.annotations.Nullable;

/**
 * A sink in the middle of a job: it stores each record, and passes on those that are refused, with the reason. Before a
 * checkpoint's barrier goes on, every record before it is stored or passed on. Used by the task's thread alone.
 */
final class MemoryOperator<T> extends AbstractStreamOperator<Tuple2<T, String>>
    implements
      OneInputStreamOperator<T, Tuple2<T, String>>,
      BoundedOneInput {

  private static final long serialVersionUID = 1;

  private final WriterSettings settings;
  private final MemoryConverter<T> converter;
  private final WriteMode mode;
  private final int mostInFlight;

  /** Null until the task opens it. */
  private transient @Nullable MemorySinkWriter<T> writer;

  MemoryOperator(WriterSettings settings, MemoryConverter<T> converter, WriteMode mode, int mostInFlight) {
    this.settings = settings;
    this.converter = converter;
    this.mode = mode;
    this.mostInFlight = mostInFlight;
  }

  @Override
  public void open() throws Exception {
    super.open();
    writer = new MemorySinkWriter<>(settings.open(), converter, mode, mostInFlight,
        (entry, outcome) -> output.collect(new StreamRecord<>(Tuple2.of(entry, outcome.describe()))),
        InternalSinkWriterMetricGroup.wrap(getMetricGroup()));
  }

  private MemorySinkWriter<T> writer() {
    return Objects.requireNonNull(writer, "the operator is not open");
  }

  @Override
  public void processElement(StreamRecord<T> element) throws Exception {
    writer().write(element.getValue());
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
    super.prepareSnapshotPreBarrier(checkpointId);
    writer().flush(false);
  }

  @Override
  public void endInput() throws Exception {
    writer().flush(true);
  }

  @Override
  public void close() throws Exception {
    MemorySinkWriter<T> opened = writer;
    writer = null;
    try {
      if (opened != null) {
        opened.close();
      }
    } finally {
      super.close();
    }
  }
}
