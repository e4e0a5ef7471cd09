package shop;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.zaxxer.hikari.HikariDataSource;
import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.SearchRequest;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Value;
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

/** A shop with its own pool, its own Flyway, and a memory in the same database; and a second, embedded memory. */
@SpringBootApplication
@RestController
public class Application {

  private static final Scope ADA = Scope.user("ada");

  private final CountDownLatch closing = new CountDownLatch(1);
  private final Memlane memlane;

  public Application(Memlane memlane) {
    this.memlane = memlane;
  }

  public static void main(String[] arguments) {
    SpringApplication.run(Application.class, arguments);
  }

  @GetMapping("/memories")
  String search(@RequestParam("query") String query) {
    return memlane.blocking().search(SearchRequest.builder(query).scope(ADA).limit(1).build()).getFirst().memory()
        .content();
  }

  @PostMapping("/memories")
  String add(@RequestParam("content") String content,
      @RequestParam(name = "late", defaultValue = "false") boolean late) throws InterruptedException {
    if (late) {
      System.out.println("shop: a request waits for the shutdown");
      closing.await();
    }
    memlane.blocking().addMemory(NewMemory.of(content, ADA));
    return "stored";
  }

  @EventListener
  void on(ContextClosedEvent event) {
    closing.countDown();
  }

  @org.springframework.context.annotation.Configuration
  static class Configuration {

    @Bean
    Memlane memlane(DataSource source, @Value("${memory}") Path directory) {
      return Memlane.builder(directory.resolve("shared")).postgres(source).embedder(new HashEmbedder())
          .shutdownHook(false).open();
    }

    @Bean
    ApplicationRunner report(Environment environment, JdbcTemplate database, @Value("${memory}") Path directory) {
      return arguments -> {
        say("Spring Boot " + SpringBootVersion.getVersion());
        say("HikariCP " + versionOf(HikariDataSource.class) + ", pgjdbc " + versionOf(org.postgresql.Driver.class)
            + ", Caffeine " + versionOf(Caffeine.class) + ", Jackson " + versionOf(com.fasterxml.jackson.core.JsonFactory.class)
            + ", Flyway " + versionOf(org.flywaydb.core.Flyway.class));
        say("own tables: " + database.queryForList(
            "select table_name from information_schema.tables where table_schema = 'public' order by 1", String.class));
        say("own migrations: "
            + database.queryForList("select script from flyway_schema_history order by installed_rank", String.class));
        try (Memlane embedded = Memlane.open(directory.resolve("embedded"))) {
          embedded.blocking().addMemory(NewMemory.of("Ada is allergic to peanuts", ADA));
          say("embedded: " + embedded.blocking()
              .search(SearchRequest.builder("what makes her throat swell?").scope(ADA).build()).getFirst().memory()
              .content());
        }
        say("listens on " + environment.getProperty("local.server.port"));
      };
    }

    private static void say(String what) {
      System.out.println("shop: " + what);
    }

    private static String versionOf(Class<?> type) {
      return type.getProtectionDomain().getCodeSource().getLocation().getPath().replaceFirst(".*-([0-9.]+)\\.jar.*",
          "$1");
    }
  }
}
