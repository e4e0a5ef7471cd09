package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

@Tag("programs")
class MemlaneInfoContributorTest {

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  private ApplicationContextRunner context() {
    return MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.url=" + TestServer.freshDatabase());
  }

  @Test
  void info_hasModelAndDocuments() {
    context().run(context -> {
      Info.Builder builder = new Info.Builder();
      context.getBean(InfoContributor.class).contribute(builder);

      assertThat(builder.build().getDetails().get("memlane")).asInstanceOf(InstanceOfAssertFactories.MAP)
          .containsEntry("documents", 0L).containsKeys("model", "dimension").containsEntry("vectors", "float");
    });
  }

  @Test
  void info_switchedOff_isLeftOut() {
    context().withPropertyValues("management.info.memlane.enabled=false")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(InfoContributor.class));
  }

  @Test
  void info_withoutActuator_isLeftOut() {
    context().withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate"))
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean("memlaneInfoContributor"));
  }
}
