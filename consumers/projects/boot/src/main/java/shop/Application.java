package shop;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.zaxxer.hikari.HikariDataSource;
import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** A shop with its own pool, its own Flyway, and a memory. */
@SpringBootApplication
@RestController
public class Application {

  private final CountDownLatch closing = new CountDownLatch(1);
  private final BlockingMemory memory;

  public Application(BlockingMemory memory) {
    this.memory = memory;
  }

  public static void main(String[] arguments) {
    SpringApplication.run(Application.class, arguments);
  }

  /** Writes only once the shutdown has begun. */
  @PostMapping("/late")
  String addLate(@RequestParam("text") String text) throws InterruptedException {
    say("a request waits for the shutdown");
    closing.await();
    memory.addMemory(NewMemory.of(text, Scope.user("ada")));
    return "stored";
  }

  @GetMapping("/all")
  List<String> all(@RequestParam("user") String user) {
    return memory.list(Scope.user(user), null, null, 10_000).memories().stream().map(Memory::content).toList();
  }

  @EventListener
  void on(ContextClosedEvent event) {
    closing.countDown();
  }

  private static void say(String what) {
    System.out.println("shop: " + what);
  }

  @org.springframework.context.annotation.Configuration
  static class Configuration {

    @Bean
    ApplicationRunner report(Environment environment, JdbcTemplate database) {
      return arguments -> {
        say("Spring Boot " + SpringBootVersion.getVersion());
        say("HikariCP " + versionOf(HikariDataSource.class) + ", pgjdbc " + versionOf(org.postgresql.Driver.class)
            + ", Caffeine " + versionOf(Caffeine.class) + ", Jackson " + versionOf(com.fasterxml.jackson.core.JsonFactory.class)
            + ", Flyway " + versionOf(org.flywaydb.core.Flyway.class));
        say("own tables: " + database.queryForList(
            "select table_name from information_schema.tables where table_schema = 'public' order by 1", String.class));
        say("own migrations: "
            + database.queryForList("select script from flyway_schema_history order by installed_rank", String.class));
        say("listens on " + environment.getProperty("local.server.port"));
      };
    }

    private static String versionOf(Class<?> type) {
      return type.getProtectionDomain().getCodeSource().getLocation().getPath().replaceFirst(".*-([0-9.]+)\\.jar.*",
          "$1");
    }
  }
}
