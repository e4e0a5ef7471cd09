package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.spring.boot.autoconfigure.MemlaneProperties.OpenSearch;
import dev.memlane.storage.opensearch.OpenSearchIndex;
import dev.memlane.storage.opensearch.OpenSearchIndexBuilder;
import dev.memlane.storage.opensearch.Routing;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.util.ClassUtils;

/** The choice of the index: a shared one, of a bean or on the OpenSearch that the properties name, or one in the directory. */
final class SharedIndexSelection {

  private static final String OPENSEARCH = "dev.memlane.storage.opensearch.OpenSearchIndex";

  private final OpenSearch settings;
  private final ObjectProvider<SharedIndexOpener> beans;

  SharedIndexSelection(OpenSearch settings, ObjectProvider<SharedIndexOpener> beans) {
    this.settings = settings;
    this.beans = beans;
  }

  /**
   * What opens the shared index; null for an index in the directory.
   *
   * @throws MemoryOpeningException if the properties are invalid, or their module is missing
   */
  @Nullable
  SharedIndexOpener select() {
    SharedIndexOpener bean = beans.getIfAvailable();
    if (settings.urls().isEmpty()) {
      return bean;
    }
    if (bean != null) {
      throw new MemoryOpeningException(
          "There is a SharedIndexOpener bean, and memlane.opensearch.urls names another index. Leave one of them out",
          null);
    }
    if (!ClassUtils.isPresent(OPENSEARCH, null)) {
      throw new MemoryOpeningException(
          "memlane.opensearch.urls names an index on OpenSearch. Add memlane-storage-opensearch to the class path",
          null);
    }
    try {
      return OnOpenSearch.builder(settings);
    } catch (InvalidInputException e) {
      throw new MemoryOpeningException("memlane.opensearch: " + e.getMessage(), e);
    }
  }

  /** A class of its own, because OpenSearch's may be missing. */
  private static final class OnOpenSearch {

    static OpenSearchIndexBuilder builder(OpenSearch settings) {
      OpenSearchIndexBuilder builder = OpenSearchIndex.builder(settings.urls().toArray(String[]::new))
          .index(settings.index()).shards(settings.shards()).replicas(settings.replicas())
          .refreshInterval(settings.refresh()).vectors(settings.vectors())
          .routing(Routing.valueOf(settings.routing().name()));
      authenticate(builder, settings);
      if (settings.caFile() != null) {
        builder.trustCertificate(settings.caFile());
      }
      if (settings.unencrypted()) {
        builder.allowUnencrypted();
      }
      return builder;
    }

    private static void authenticate(OpenSearchIndexBuilder builder, OpenSearch settings) {
      String user = settings.user();
      String key = settings.key();
      if (user != null && key != null) {
        throw new InvalidInputException("user and key both say who asks the cluster; leave one of them out");
      }
      if (user != null) {
        builder.user(user, settings.password() == null ? "" : settings.password());
      } else if (key != null) {
        builder.apiKey(key);
      }
    }
  }
}
