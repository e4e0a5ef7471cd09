package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.micrometer.MemlaneObservations;
import dev.memlane.micrometer.MemlaneTracingHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.handler.TracingObservationHandler;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

/** The auto-configuration of the memory's observations, where the application has a registry for them. */
@AutoConfiguration(afterName = {
    "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration",
    "org.springframework.boot.micrometer.tracing.autoconfigure.MicrometerTracingAutoConfiguration",
    "org.springframework.boot.actuate.autoconfigure.observation.ObservationAutoConfiguration",
    "org.springframework.boot.actuate.autoconfigure.tracing.MicrometerTracingAutoConfiguration"})
@ConditionalOnClass({ObservationRegistry.class, MemlaneObservations.class})
@ConditionalOnProperty(name = "memlane.enabled", matchIfMissing = true)
@ConditionalOnSingleCandidate(ObservationRegistry.class)
@EnableConfigurationProperties(MemlaneProperties.class)
public final class MemlaneObservationsAutoConfiguration {

  /** A listener, which the memory gets when it is opened. */
  @Bean
  @ConditionalOnMissingBean
  MemlaneObservations memlaneObservations(ObservationRegistry registry, MemlaneProperties properties) {
    return new MemlaneObservations(registry, properties.observations().content());
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(Tracer.class)
  @ConditionalOnSingleCandidate(Tracer.class)
  static class TracingConfiguration {

    /**
     * Comes before Micrometer's own handlers, and is declared as what it has in common with them, because Boot leaves its
     * default handler out where there is another of that class.
     */
    @Bean
    @Order(0)
    @ConditionalOnMissingBean(MemlaneTracingHandler.class)
    TracingObservationHandler<?> memlaneTracingHandler(Tracer tracer) {
      return new MemlaneTracingHandler(tracer);
    }
  }
}
