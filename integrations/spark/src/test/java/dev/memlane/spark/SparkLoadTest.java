package dev.memlane.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryWriter;
import dev.memlane.orchestrator.WriterSettings;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * A load of as many records as the system property {@code memlane.spark.records} says, while tasks fail: how fast it is, compared
 * with a writer alone. A part of the tests, because Spark's libraries don't go together with those of the performance tests.
 */
@Tag("slow")
@EnabledIfSystemProperty(named = SparkLoadTest.RECORDS, matches = "\\d+")
class SparkLoadTest {

  static final String RECORDS = "memlane.spark.records";

  private static final int PARTITIONS = 4;
  private static final int LIST = 1_000;
  private static final int LISTS = 4;
  /** One task fails once for so many records. */
  private static final int RECORDS_PER_FAILURE = 50_000;
  private static final Set<Long> FAILED = ConcurrentHashMap.newKeySet();

  @Test
  void records_eachBecomeOneMemory_asFastAsTheyDoByAWriterAlone() throws Exception {
    int records = Integer.getInteger(RECORDS);
    SparkDatabase alone = SparkDatabase.create();
    SparkDatabase database = SparkDatabase.create();
    try (SparkSession spark = SparkDatabase.session("local[2,50]", Map.of())) {
      // A round that does not count.
      byWriter(SparkDatabase.create(), records / 20);
      bySpark(spark, SparkDatabase.create(), records / 20);

      double writer = byWriter(alone, records);
      double job = bySpark(spark, database, records);

      long begun = System.nanoTime();
      long distinct = database.read(spark).load().select("key").distinct().count();
      double read = records / seconds(begun);
      System.out
          .printf("%,d records, %d failures of tasks: %,.0f records/s by Spark, %,.0f by a writer alone, ratio %.2f; "
              + "%,.0f/s read%n", records, FAILED.size(), job, writer, job / writer, read);
      assertThat(distinct).isEqualTo(records);
      assertThat(database.count("state = 1")).isEqualTo(records);
      assertThat(database.number("select count(distinct key) from memlane.memory")).isEqualTo(records);
      assertThat(database.number("select count(*) from memlane.history where not void")).isEqualTo(records);
      assertThat(alone.count("state = 1")).isEqualTo(records);
    }
  }

  /** Loads by a job, and returns records per second. */
  private static double bySpark(SparkSession spark, SparkDatabase database, int records) {
    FAILED.clear();
    Dataset<Row> rows = spark.range(0, records, 1, PARTITIONS).map((MapFunction<Long, Row>) number -> {
      if (number % RECORDS_PER_FAILURE == RECORDS_PER_FAILURE / 2 && FAILED.add(number)) {
        throw new IllegalStateException("an injected fault at record " + number);
      }
      return RowFactory.create("record " + number, content(number), "user " + number % 1_000);
    }, Encoders.row(StructType.fromDDL("key string, content string, user string")));
    long begun = System.nanoTime();
    database.write(rows).save();
    return records / seconds(begun);
  }

  /** Loads by a writer, several lists at a time, and returns records per second. */
  private static double byWriter(SparkDatabase database, int records) {
    long begun = System.nanoTime();
    try (MemoryWriter writer = WriterSettings.of(database.url(), HashEmbedder::new)
        .withWriteDeadline(Duration.ofMinutes(1)).open()) {
      Deque<CompletableFuture<List<WriteOutcome>>> lists = new ArrayDeque<>();
      for (long first = 0; first < records; first += LIST) {
        if (lists.size() == LISTS) {
          assertThat(lists.remove().join()).allMatch(WriteOutcome::succeeded);
        }
        lists.add(writer.addMemories(LongStream.range(first, Math.min(records, first + LIST))
            .mapToObj(number -> NewMemory.builder(content(number), Scope.user("user " + number % 1_000))
                .key("record " + number).build())
            .toList()));
      }
      lists.forEach(list -> assertThat(list.join()).allMatch(WriteOutcome::succeeded));
    }
    return records / seconds(begun);
  }

  private static String content(long number) {
    return "fact " + number + ": customer " + number % 977 + " asked for " + number % 31 + " pieces of article "
        + number % 4_999;
  }

  private static double seconds(long begun) {
    return (System.nanoTime() - begun) / 1e9;
  }
}
