/**
 * A data source of Apache Spark, {@code memlane}, that writes rows as memories, each exactly once for its key, and reads
 * memories as rows. Its options are in docs/integrations/spark.md; the entry is {@link dev.memlane.spark.MemlaneSource}.
 */
@NullMarked
package dev.memlane.spark;

import org.jspecify.annotations.NullMarked;
