package dev.memlane.spark;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** A database of one test, as Spark's users name it. */
record SparkDatabase(String url) {

  static SparkDatabase create() {
    return new SparkDatabase(TestServer.freshDatabase(new DatabaseSchema("memlane").script(0)));
  }

  /** A session that reaches nothing outside of this machine. */
  static SparkSession session(String master, Map<String, String> more) {
    SparkConf settings = new SparkConf().setMaster(master).setAppName("memlane").set("spark.ui.enabled", "false")
        .set("spark.driver.bindAddress", "127.0.0.1").set("spark.driver.host", "127.0.0.1")
        .set("spark.sql.shuffle.partitions", "2").set("spark.sql.session.timeZone", "UTC");
    more.forEach(settings::set);
    return SparkSession.builder().config(settings).getOrCreate();
  }

  DataFrameWriter<Row> write(Dataset<Row> rows) {
    return rows.write().format("memlane").option("url", url).option("embedder", HashEmbedder.class.getName())
        .mode("append");
  }

  DataFrameReader read(SparkSession spark) {
    return spark.read().format("memlane").option("url", url);
  }

  long count(String condition) throws SQLException {
    return number("select count(*) from memlane.memory where " + condition);
  }

  long number(String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }
}
