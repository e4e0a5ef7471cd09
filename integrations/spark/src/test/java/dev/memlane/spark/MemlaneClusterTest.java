package dev.memlane.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cluster of two executors, which are JVMs of their own, into and from a real database. */
@Tag("programs")
class MemlaneClusterTest {

  private static final int RECORDS = 3_000;

  private static SparkSession spark;

  @TempDir
  private Path folder;

  @BeforeAll
  static void startCluster() throws IOException {
    Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
    spark = SparkDatabase.session("local-cluster[2,1,512]", Map.of("spark.executor.memory", "512m",
        "spark.executor.extraClassPath",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        "spark.executor.extraJavaOptions",
        "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
        "spark.executorEnv.JAVA_HOME", System.getProperty("java.home")));
  }

  @AfterAll
  static void stopCluster() {
    spark.stop();
  }

  @Test
  void records_eachBecomeOneMemory_whenAnExecutorIsKilled() throws Exception {
    SparkDatabase database = SparkDatabase.create();
    String killed = folder.resolve("killed").toString();
    Dataset<Row> rows = spark.range(0, RECORDS, 1, 4).map((MapFunction<Long, Row>) number -> {
      if (number == 700 && isFirst(killed)) {
        Runtime.getRuntime().halt(137);
      }
      return RowFactory.create("record " + number, "fact " + number);
    }, Encoders.row(StructType.fromDDL("key string, content string")));

    database.write(rows).option("scope.agent", "spark").option("mostInFlight", 50).save();

    assertThat(Path.of(killed)).exists();
    assertThat(database.count("state = 1 and content = 'fact ' || substring(key from 8)")).isEqualTo(RECORDS);
    assertThat(database.number("select count(*) from memlane.history where not void")).isEqualTo(RECORDS);
    assertThat(database.read(spark).option("partitions", 3).load().select("content").distinct().count())
        .isEqualTo(RECORDS);
  }

  private static boolean isFirst(String marker) throws IOException {
    try {
      Files.createFile(Path.of(marker));
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }
}
