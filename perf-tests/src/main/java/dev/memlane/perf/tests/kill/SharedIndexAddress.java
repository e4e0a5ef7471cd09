package dev.memlane.perf.tests.kill;

import dev.memlane.storage.opensearch.OpenSearchIndex;
import dev.memlane.storage.opensearch.OpenSearchIndexBuilder;
import java.util.List;

/**
 * Where an index is that processes share on OpenSearch.
 *
 * @param hosts the addresses of the cluster's nodes
 * @param name the name of the index
 */
record SharedIndexAddress(List<String> hosts, String name) {

  private static final String SEPARATOR = ",";

  SharedIndexAddress {
    hosts = List.copyOf(hosts);
  }

  /** What opens the index. */
  OpenSearchIndexBuilder opener() {
    return OpenSearchIndex.builder(hosts.toArray(String[]::new)).index(name).shards(2).replicas(1);
  }

  /** The line from which {@link #read} reads it. */
  String line() {
    return name + SEPARATOR + String.join(SEPARATOR, hosts);
  }

  static SharedIndexAddress read(String line) {
    List<String> parts = List.of(line.split(SEPARATOR));
    return new SharedIndexAddress(parts.subList(1, parts.size()), parts.getFirst());
  }
}
