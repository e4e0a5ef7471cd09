package dev.memlane.spark;

import java.util.Map;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * The data source {@code memlane} of Apache Spark: rows are written as memories, and memories are read as rows. Spark creates
 * it by its name.
 *
 * <pre>{@code
 * rows.write().format("memlane").option("url", url).option("embedder", "…").mode("append").save();
 * spark.read().format("memlane").option("url", url).load();
 * }</pre>
 *
 * <p>
 * <b>Once.</b> Every record is stored before its task reports success, so none is lost. Spark runs tasks again that failed, and
 * some of them twice at the same time; the records' keys name the memories that are there already. So each key has exactly one
 * memory, however often tasks fail. That needs keys that depend on the record alone.
 *
 * <p>
 * <b>Secrets.</b> The password is kept out of plans, of {@code toString} and of messages. An option {@code password} is sent to
 * the executors with the job; {@code passwordEnvironment} and {@code passwordFile} name where each process finds it.
 */
public final class MemlaneSource implements TableProvider, DataSourceRegister {

  /** The name of the source. */
  static final String NAME = "memlane";

  /** Called by Spark. */
  public MemlaneSource() {}

  @Override
  public String shortName() {
    return NAME;
  }

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return MemoryColumn.schema(SourceOptions.of(options));
  }

  @Override
  public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
    return new MemlaneTable(schema);
  }
}
