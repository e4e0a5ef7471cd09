package dev.memlane.spring.boot3.starter;

import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.spring.boot.autoconfigure.MemlaneAutoConfiguration;
import dev.memlane.spring.boot.autoconfigure.MemoryHealthCheck;
import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.HealthContributor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** The auto-configuration of the memory's health. */
@AutoConfiguration(after = MemlaneAutoConfiguration.class)
@ConditionalOnClass({HealthContributor.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnProperty(name = "memlane.enabled", matchIfMissing = true)
@ConditionalOnSingleCandidate(MemoryOrchestrator.class)
public final class MemlaneHealthAutoConfiguration {

  @Bean
  @ConditionalOnEnabledHealthIndicator("memlane")
  @ConditionalOnMissingBean(name = {"memlaneHealthIndicator", "memlaneHealthContributor"})
  HealthContributor memlaneHealthContributor(MemoryOrchestrator memory) {
    return new MemlaneHealthIndicator(new MemoryHealthCheck(memory));
  }
}
