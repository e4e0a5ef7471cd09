package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.orchestrator.OrchestratorBuilder;

/**
 * A bean that sets what no property sets, such as the scopes that hold each content once. All such beans are called, in
 * their order, after the properties have been applied and before the memory is opened. The database is set by properties,
 * not here.
 */
@FunctionalInterface
public interface OrchestratorBuilderCustomizer {

  void customize(OrchestratorBuilder builder);
}
