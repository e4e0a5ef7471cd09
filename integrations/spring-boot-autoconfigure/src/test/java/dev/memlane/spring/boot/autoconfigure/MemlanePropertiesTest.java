package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.VectorType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class MemlanePropertiesTest {

  /** Binds variables of the environment, as Boot does. */
  private static MemlaneProperties bind(Map<String, Object> variables) {
    StandardEnvironment environment = new StandardEnvironment();
    environment.getPropertySources().forEach(source -> environment.getPropertySources().remove(source.getName()));
    environment.getPropertySources().addFirst(new SystemEnvironmentPropertySource("systemEnvironment", variables));
    ConfigurationPropertySources.attach(environment);
    return Binder.get(environment).bindOrCreate("memlane", MemlaneProperties.class);
  }

  @Test
  void defaults_areThoseOfTheCommand() {
    MemlaneProperties properties = bind(Map.of());

    assertThat(properties.enabled()).isTrue();
    assertThat(properties.data()).isEqualTo(Path.of("memlane-data"));
    assertThat(properties.db().url()).isNull();
    assertThat(properties.embedder()).isNull();
    assertThat(properties.embedding().endpoints()).isEmpty();
    assertThat(properties.embedding().cacheSize().toBytes()).isEqualTo(64 << 20);
    assertThat(properties.writeDeadline()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void variables_haveTheNamesOfTheCommand() {
    MemlaneProperties properties = bind(Map.of("MEMLANE_DATA", "/var/lib/shop/memory", "MEMLANE_DB_PASSWORD", "secret",
        "MEMLANE_EMBEDDER", "hash", "MEMLANE_LANGUAGE", "pt-BR", "MEMLANE_INDEX_VECTORS", "byte"));

    assertThat(properties.data()).isEqualTo(Path.of("/var/lib/shop/memory"));
    assertThat(properties.db().password()).isEqualTo("secret");
    assertThat(properties.embedder()).isEqualTo(MemlaneProperties.EmbedderName.HASH);
    assertThat(properties.language()).isEqualTo(Locale.forLanguageTag("pt-BR"));
    assertThat(properties.index().vectors()).isEqualTo(VectorType.BYTE);
  }

  @Test
  void endpoint_isBoundFromVariables_withSecondsAsUnit() {
    MemlaneProperties properties = bind(Map.of("MEMLANE_EMBEDDING_ENDPOINTS_0_URL", "https://example.com/v1",
        "MEMLANE_EMBEDDING_ENDPOINTS_0_KEYFROM", "KEY_EAST", "MEMLANE_EMBEDDING_ENDPOINTS_0_TIMEOUT", "10"));

    List<MemlaneProperties.Endpoint> endpoints = properties.embedding().endpoints();
    assertThat(endpoints).hasSize(1);
    assertThat(endpoints.getFirst().keyFrom()).isEqualTo("KEY_EAST");
    assertThat(endpoints.getFirst().timeout()).isEqualTo(Duration.ofSeconds(10));
    assertThat(endpoints.getFirst().concurrency()).isZero();
  }

  @Test
  void toString_hidesUrlAndPassword() {
    MemlaneProperties properties = bind(
        Map.of("MEMLANE_DB_URL", "postgresql://ada:hidden@localhost/a", "MEMLANE_DB_PASSWORD", "secret"));

    assertThat(properties.toString()).contains("by URL").doesNotContain("hidden", "secret");
  }
}
