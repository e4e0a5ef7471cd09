package dev.memlane.spark;

import org.apache.spark.sql.connector.metric.CustomMetric;
import org.apache.spark.sql.connector.metric.CustomSumMetric;
import org.apache.spark.sql.connector.metric.CustomTaskMetric;

/** The metrics of a write, which Spark's pages show with the query. Spark creates the classes by their names. */
final class WriteMetrics {

  private WriteMetrics() {}

  static CustomMetric[] all() {
    return new CustomMetric[]{new Stored(), new ThereAlready(), new Refused()};
  }

  /**
   * The values of one task.
   *
   * @param stored new or replaced memories
   * @param thereAlready records whose memory was there already
   * @param refused records that were left out
   */
  static CustomTaskMetric[] of(long stored, long thereAlready, long refused) {
    return new CustomTaskMetric[]{new Value(Stored.NAME, stored), new Value(ThereAlready.NAME, thereAlready),
        new Value(Refused.NAME, refused)};
  }

  private record Value(String name, long value) implements CustomTaskMetric {}

  /** Memories that were stored or replaced. */
  public static final class Stored extends CustomSumMetric {
    static final String NAME = "memoriesStored";

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String description() {
      return "memories stored";
    }
  }

  /** Records whose memory was there already. */
  public static final class ThereAlready extends CustomSumMetric {
    static final String NAME = "memoriesThereAlready";

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String description() {
      return "memories there already";
    }
  }

  /** Records that were left out. */
  public static final class Refused extends CustomSumMetric {
    static final String NAME = "memoriesRefused";

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String description() {
      return "memories refused";
    }
  }
}
