/**
 * A sink of Apache Flink that writes memories, each exactly once for its key: {@link dev.memlane.flink.MemorySink}.
 */
@NullMarked
package dev.memlane.flink;

import org.jspecify.annotations.NullMarked;
