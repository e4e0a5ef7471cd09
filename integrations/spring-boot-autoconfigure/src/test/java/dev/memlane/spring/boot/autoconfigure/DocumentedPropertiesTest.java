package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The page's table of properties, against the metadata that editors complete from. */
class DocumentedPropertiesTest {

  private static final Path PAGE = Path.of("..", "..", "docs", "integrations", "spring-boot.md");

  @Test
  void table_isTheMetadata() throws IOException {
    List<String> rows = metadata();

    assertThat(rows).hasSizeGreaterThan(25);
    assertThat(Files.readAllLines(PAGE).stream().filter(line -> line.startsWith("| `memlane.")))
        .containsExactlyElementsOf(rows);
  }

  private static List<String> metadata() throws IOException {
    List<String> rows = new ArrayList<>();
    for (URL file : Collections.list(DocumentedPropertiesTest.class.getClassLoader()
        .getResources("META-INF/spring-configuration-metadata.json"))) {
      try (InputStream stream = file.openStream()) {
        for (JsonNode property : new ObjectMapper().readTree(stream).path("properties")) {
          if (property.path("name").asText().startsWith("memlane.")) {
            rows.add(row(property));
          }
        }
      }
    }
    return rows;
  }

  private static String row(JsonNode property) {
    String description = property.path("description").asText();
    assertThat(description).as(property.toString()).isNotBlank().endsWith(".");
    JsonNode value = property.path("defaultValue");
    String shown = value.isMissingNode() || value.isEmpty() && value.isContainerNode()
        ? ""
        : "`" + value.asText() + "`";
    return "| `" + property.path("name").asText() + "` | " + shown + (shown.isEmpty() ? "" : " ") + "| " + description
        + " |";
  }
}
