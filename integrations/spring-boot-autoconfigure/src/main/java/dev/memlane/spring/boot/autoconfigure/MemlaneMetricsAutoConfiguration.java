package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.lanes.LaneExecutor;
import dev.memlane.micrometer.MemlaneMetrics;
import dev.memlane.orchestrator.MemoryOrchestrator;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** The auto-configuration of the memory's meters, where the application has a registry for them. */
@AutoConfiguration(afterName = {
    "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration",
    "org.springframework.boot.actuate.autoconfigure.metrics.CompositeMeterRegistryAutoConfiguration"})
@ConditionalOnClass({MeterRegistry.class, MemlaneMetrics.class})
@ConditionalOnProperty(name = "memlane.enabled", matchIfMissing = true)
@ConditionalOnSingleCandidate(MeterRegistry.class)
@ConditionalOnMissingBean(MemlaneMetrics.class)
public final class MemlaneMetricsAutoConfiguration {

  /** A listener, which the memory gets when it is opened. */
  @Bean
  MemlaneMetrics memlaneMetrics(MeterRegistry registry) {
    return new MemlaneMetrics(registry);
  }

  /** Adds what the meters ask, which exists only once the memory has been opened with its listeners. */
  @Bean
  SmartInitializingSingleton memlaneMetricsStart(MemlaneMetrics metrics, ObjectProvider<MemoryOrchestrator> memories,
      ObjectProvider<LaneExecutor> lanes) {
    return () -> {
      memories.ifUnique(metrics::watch);
      lanes.ifUnique(metrics::watch);
    };
  }
}
