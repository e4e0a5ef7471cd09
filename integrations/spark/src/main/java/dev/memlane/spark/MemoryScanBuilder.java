package dev.memlane.spark;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.orchestrator.MemoryReader;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.SupportsPushDownFilters;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.sources.Filter;
import org.apache.spark.sql.types.StructType;

/** The beginning of a read: takes filters and columns from Spark's planner. Not safe for use by several threads. */
final class MemoryScanBuilder implements SupportsPushDownFilters, SupportsPushDownRequiredColumns {

  private final SourceOptions options;
  private StructType schema;
  private PushedFilters filters = new PushedFilters(new Filter[0]);

  MemoryScanBuilder(SourceOptions options, StructType schema) {
    this.options = options;
    this.schema = schema;
  }

  @Override
  public Filter[] pushFilters(Filter[] given) {
    filters = new PushedFilters(given);
    return filters.rest();
  }

  @Override
  public Filter[] pushedFilters() {
    return filters.pushed();
  }

  @Override
  public void pruneColumns(StructType required) {
    schema = required;
  }

  @Override
  public Scan build() {
    List<MemoryColumn> columns = MemoryColumn.of(schema);
    String model = columns.stream().anyMatch(MemoryColumn::isEmbedding) ? options.embeddings() : null;
    if (model != null) {
      requireKnown(model);
    }
    ReadSettings settings = new ReadSettings(options.connection(), filters.scope("user"), filters.scope("agent"),
        filters.scope("run"), filters.ids(), Instant.now(), model, columns, options.pageSize());
    return new MemoryScan(settings, schema, filters.toString(), options.partitions());
  }

  /** A model that was misspelt would give rows without vectors. */
  private void requireKnown(String model) {
    try (MemoryReader reader = options.connection().openReader()) {
      Set<String> known = new TreeSet<>(reader.models().join());
      if (!known.contains(model)) {
        throw new InvalidInputException("the database has no vectors by the model \"" + model + "\" of the option "
            + SourceOptions.EMBEDDINGS + "; it has some by " + (known.isEmpty() ? "none" : String.join(", ", known)));
      }
    } catch (CompletionException e) {
      throw e.getCause() instanceof MemlaneException known ? known : e;
    }
  }

  @Override
  public String toString() {
    return "MemoryScanBuilder[" + options + "]";
  }
}
