package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.micrometer.MemlaneMetrics;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Tag("programs")
class MemlaneMetricsAutoConfigurationTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  /** Outlives the context, as a registry that several contexts share. */
  private final MeterRegistry registry = new SimpleMeterRegistry();

  private ApplicationContextRunner context() {
    return MemlaneContext.withHashesIn(directory)
        .withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES));
  }

  private ApplicationContextRunner contextWithRegistry() {
    return context().withBean(MeterRegistry.class, () -> registry, definition -> definition.setDestroyMethodName(""));
  }

  @Test
  void metrics_areOfTheMemoryAndItsLanes_untilTheContextCloses() {
    contextWithRegistry().run(context -> {
      context.getBean(BlockingMemory.class).addMemory(NewMemory.of("Ada plays the oboe", Scope.user("ada")));

      assertThat(registry.get("memlane.operation").tag("operation", "add").tag("outcome", "stored").timer().count())
          .isOne();
      assertThat(registry.get("memlane.index.documents").gauge().value()).isOne();
      assertThat(registry.get("memlane.lane.running").tag("lane", "query").gauge().value()).isZero();
    });

    assertThat(registry.getMeters()).isEmpty();
  }

  @Test
  void metrics_ofTheApplication_replaceOurs() {
    contextWithRegistry().withUserConfiguration(Own.class).run(context -> {
      assertThat(context).hasSingleBean(MemlaneMetrics.class).hasBean("own");
      context.getBean(BlockingMemory.class).addMemory(NewMemory.of("Ada plays the oboe", Scope.user("ada")));
      assertThat(registry.get("memlane.operation").tag("memory", "own").timer().count()).isOne();
      assertThat(registry.find("memlane.index.documents").gauge()).isNull();
    });
  }

  @Test
  void metrics_withoutARegistry_areLeftOut() {
    context().run(context -> assertThat(context).hasNotFailed().hasSingleBean(MemoryOrchestrator.class)
        .doesNotHaveBean(MemlaneMetrics.class));
  }

  @Test
  void metrics_disabled_areLeftOut() {
    contextWithRegistry().withPropertyValues("memlane.enabled=false")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(MemlaneMetrics.class));
  }

  @Test
  void metrics_withoutOurModule_areLeftOut() {
    contextWithRegistry().withClassLoader(new FilteredClassLoader("dev.memlane.micrometer")).run(context -> {
      assertThat(context).hasNotFailed().hasSingleBean(MemoryOrchestrator.class);
      assertThat(registry.getMeters()).isEmpty();
    });
  }

  @Configuration(proxyBeanMethods = false)
  static class Own {

    @Bean
    MemlaneMetrics own(MeterRegistry registry) {
      return new MemlaneMetrics(registry, Tags.of("memory", "own"));
    }
  }
}
