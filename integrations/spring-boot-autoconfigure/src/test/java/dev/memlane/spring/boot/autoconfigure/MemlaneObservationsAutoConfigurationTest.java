package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.micrometer.MemlaneObservations;
import dev.memlane.micrometer.MemlaneTracingHandler;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.handler.TracingObservationHandler;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

@Tag("programs")
class MemlaneObservationsAutoConfigurationTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private final Queue<String> observed = new ConcurrentLinkedQueue<>();

  private ApplicationContextRunner context() {
    return MemlaneContext.withHashesIn(directory)
        .withPropertyValues("memlane.db.url=" + TestServer.freshDatabase(TABLES));
  }

  private ApplicationContextRunner contextWithRegistry() {
    return context().withBean(ObservationRegistry.class, this::registry);
  }

  private ObservationRegistry registry() {
    ObservationRegistry registry = ObservationRegistry.create();
    registry.observationConfig().observationHandler(new ObservationHandler<>() {
      @Override
      public void onStop(Observation.Context context) {
        observed.add(context.getContextualName() + " " + context.getHighCardinalityKeyValues());
      }

      @Override
      public boolean supportsContext(Observation.Context context) {
        return true;
      }
    });
    return registry;
  }

  private static void add(BlockingMemory memory) {
    memory.addMemory(NewMemory.of("Ada plays the oboe", Scope.user("ada")));
  }

  @Test
  void observations_areOfOperations_withoutContent() {
    contextWithRegistry().run(context -> {
      add(context.getBean(BlockingMemory.class));
      assertThat(observed).anySatisfy(each -> assertThat(each).startsWith("create_memory"))
          .noneSatisfy(each -> assertThat(each).contains("oboe"));
    });
  }

  @Test
  void observations_haveContent_ifTheApplicationAsksForIt() {
    contextWithRegistry().withPropertyValues("memlane.observations.content=true").run(context -> {
      add(context.getBean(BlockingMemory.class));
      assertThat(observed).anySatisfy(each -> assertThat(each).startsWith("create_memory").contains("oboe"));
    });
  }

  @Test
  void observations_ofTheApplication_replaceOurs() {
    contextWithRegistry()
        .withBean("own", MemlaneObservations.class, () -> new MemlaneObservations(ObservationRegistry.NOOP))
        .run(context -> {
          assertThat(context).hasSingleBean(MemlaneObservations.class).hasBean("own");
          add(context.getBean(BlockingMemory.class));
          assertThat(observed).isEmpty();
        });
  }

  @Test
  void tracing_getsTheHandlerThatLinks() {
    contextWithRegistry().withBean(Tracer.class, () -> Tracer.NOOP).run(context -> assertThat(
        context.getBean(TracingObservationHandler.class)).isInstanceOf(MemlaneTracingHandler.class));
  }

  @Test
  void tracing_withoutATracer_isLeftOut() {
    contextWithRegistry()
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(TracingObservationHandler.class));
    contextWithRegistry().withClassLoader(new FilteredClassLoader("io.micrometer.tracing"))
        .run(context -> assertThat(context).hasNotFailed().hasSingleBean(MemlaneObservations.class));
  }

  @Test
  void observations_disabledOrWithoutARegistry_areLeftOut() {
    contextWithRegistry().withPropertyValues("memlane.enabled=false")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(MemlaneObservations.class));
    context().run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(MemlaneObservations.class));
  }
}
