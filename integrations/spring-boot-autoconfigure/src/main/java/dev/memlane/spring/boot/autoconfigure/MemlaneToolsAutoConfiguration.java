package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.lanes.LaneExecutor;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.orchestrator.MemoryOrchestrator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** The auto-configuration of tasks in lanes, and of the memory as tools for a model. */
@AutoConfiguration(after = MemlaneAutoConfiguration.class)
@ConditionalOnClass({LaneExecutor.class, MemoryTools.class})
@ConditionalOnProperty(name = "memlane.enabled", matchIfMissing = true)
@ConditionalOnSingleCandidate(MemoryOrchestrator.class)
public final class MemlaneToolsAutoConfiguration {

  /** @param memory makes the lanes close before it, because their tasks use it */
  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  LaneExecutor laneExecutor(MemoryOrchestrator memory) {
    return LaneExecutor.builder().build();
  }

  @Bean
  @ConditionalOnMissingBean
  MemoryToolsFactory memoryToolsFactory(MemoryOrchestrator memory, LaneExecutor lanes) {
    return new MemoryToolsFactory(memory, lanes);
  }
}
