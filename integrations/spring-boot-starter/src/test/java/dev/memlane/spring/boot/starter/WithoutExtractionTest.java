package dev.memlane.spring.boot.starter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.lanes.ToolCall;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.spring.boot.autoconfigure.MemoryToolsFactory;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

/** An application without {@code memlane-extraction}, which is not on the class path of this module's tests. */
@Tag("programs")
class WithoutExtractionTest {

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;

  @Test
  void application_startsAndHasItsTools() {
    assertThatThrownBy(() -> Class.forName("dev.memlane.extraction.MemoryExtractor"))
        .isInstanceOf(ClassNotFoundException.class);
    new ApplicationContextRunner().withUserConfiguration(Application.class)
        .withPropertyValues("memlane.embedder=hash", "memlane.data=" + directory, "memlane.chat.model=m",
            "memlane.chat.url=http://127.0.0.1:1/v1", "memlane.db.url=" + TestServer.freshDatabase())
        .run(context -> {
          assertThat(context).hasNotFailed();
          var results = context.getBean(MemoryToolsFactory.class).executor(Scope.user("ada")).run(List.of(
              new ToolCall<>("1", "memory_add", "{\"content\":\"Ada plays the oboe\"}")));
          assertThat(MemoryTools.text(results.getFirst())).contains("stored");
          assertThat(context.getBean(BlockingMemory.class).count(Scope.user("ada"), null)).isOne();
        });
  }

  /** Finds auto-configurations as an application does, which loads no class that a condition rules out. */
  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class Application {}
}
