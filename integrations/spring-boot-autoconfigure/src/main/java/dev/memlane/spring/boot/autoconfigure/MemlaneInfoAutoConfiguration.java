package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.orchestrator.MemoryOrchestrator;
import org.springframework.boot.actuate.autoconfigure.info.ConditionalOnEnabledInfoContributor;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** The auto-configuration of what Memlane adds to the application's info. */
@AutoConfiguration(after = MemlaneAutoConfiguration.class)
@ConditionalOnClass({InfoContributor.class, ConditionalOnEnabledInfoContributor.class})
@ConditionalOnProperty(name = "memlane.enabled", matchIfMissing = true)
@ConditionalOnSingleCandidate(MemoryOrchestrator.class)
public final class MemlaneInfoAutoConfiguration {

  @Bean
  @ConditionalOnEnabledInfoContributor("memlane")
  @ConditionalOnMissingBean(name = "memlaneInfoContributor")
  InfoContributor memlaneInfoContributor(MemoryOrchestrator memory) {
    return new MemlaneInfoContributor(memory);
  }
}
