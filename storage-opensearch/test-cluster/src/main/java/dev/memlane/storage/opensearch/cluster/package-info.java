/**
 * An OpenSearch cluster for tests, in a JVM of its own. Enter at
 * {@link dev.memlane.storage.opensearch.cluster.TestCluster}.
 */
@NullMarked
package dev.memlane.storage.opensearch.cluster;

import org.jspecify.annotations.NullMarked;
