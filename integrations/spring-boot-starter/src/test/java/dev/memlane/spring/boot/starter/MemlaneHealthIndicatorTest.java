package dev.memlane.spring.boot.starter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.spring.boot.autoconfigure.MemlaneAutoConfiguration;
import dev.memlane.spring.boot.autoconfigure.MemoryHealthCheck;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

@Tag("programs")
class MemlaneHealthIndicatorTest {

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private ApplicationContextRunner context() {
    return new ApplicationContextRunner()
        .withConfiguration(
            AutoConfigurations.of(MemlaneHealthAutoConfiguration.class, MemlaneAutoConfiguration.class))
        .withPropertyValues("memlane.embedder=hash", "memlane.data=" + directory,
            "memlane.db.url=" + TestServer.freshDatabase());
  }

  @Test
  void health_ofMemoryThatWorks_isUp() {
    context().run(context -> {
      HealthIndicator indicator = context.getBean("memlaneHealthContributor", HealthIndicator.class);

      Health health = Objects.requireNonNull(indicator.health());

      assertThat(health.getStatus()).isEqualTo(Status.UP);
      assertThat(health.getDetails()).containsEntry("database", "answers").containsEntry("unsettled", 0);
    });
  }

  @Test
  void health_ofClosedMemory_isDown() {
    context().run(context -> {
      MemoryOrchestrator memory = context.getBean(MemoryOrchestrator.class);
      memory.close();

      Health health = Objects.requireNonNull(new MemlaneHealthIndicator(new MemoryHealthCheck(memory)).health());

      assertThat(health.getStatus()).isEqualTo(Status.DOWN);
      assertThat(health.getDetails().get("database")).asString().startsWith("fails: ");
    });
  }

  @Test
  void health_switchedOff_isLeftOut() {
    context().withPropertyValues("management.health.memlane.enabled=false")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(HealthContributor.class));
  }

  @Test
  void health_withoutActuator_isLeftOut() {
    context().withClassLoader(new FilteredClassLoader("org.springframework.boot.health.contributor"))
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean("memlaneHealthContributor"));
  }

  @Test
  void health_withoutMemory_isLeftOut() {
    context().withPropertyValues("memlane.enabled=false")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean("memlaneHealthContributor"));
  }
}
