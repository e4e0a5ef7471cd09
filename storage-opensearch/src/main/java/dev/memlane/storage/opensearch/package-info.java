/**
 * The index on an OpenSearch cluster, which several processes share.
 *
 * <p>
 * Enter at {@link dev.memlane.storage.opensearch.OpenSearchIndex#builder}.
 */
@NullMarked
package dev.memlane.storage.opensearch;

import org.jspecify.annotations.NullMarked;
