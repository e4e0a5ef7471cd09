package dev.memlane.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A check of the documents against the checkout: names in them exist in the sources, and links lead to a file and a
 * heading.
 */
class DocumentsTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  /** Directories that hold nothing written by hand. */
  private static final Set<String> SKIPPED = Set.of("target", ".git", "memlane-data", "node_modules");
  /** Documents about the code, in which every name in backticks is one of the code's. */
  private static final List<String> ABOUT_CODE = List.of("ARCHITECTURE.md", "CONTRIBUTING.md", "AGENTS.md",
      "docs/write-protocol.md", "docs/consistency.md", "docs/how-to-add.md", "docs/decisions");

  private static final Pattern FENCED = Pattern.compile("(?ms)^ *```.*?^ *```");
  private static final Pattern CODE = Pattern.compile("`([^`\n]+)`");
  private static final Pattern TYPE = Pattern.compile("[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*(\\.\\w+)*(\\(.*\\))?");
  private static final Pattern MEMBER = Pattern.compile("[a-z]+[A-Z]\\w*(\\(.*\\))?");
  private static final Pattern CONSTANT = Pattern.compile("[A-Z]{3,}(_[A-Z]+)*");
  private static final Pattern DECLARATION = Pattern.compile("\\b(?:class|interface|enum|record)\\s+(\\w+)");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?) *$");

  private static final Set<String> types = new HashSet<>();
  private static final Set<String> identifiers = new HashSet<>();
  private static final Map<Path, String> documents = new HashMap<>();

  @BeforeAll
  static void readCheckout() throws IOException {
    assumeTrue(Files.exists(ROOT.resolve("ARCHITECTURE.md")), "the tests run outside of a checkout");
    Pattern word = Pattern.compile("\\w+");
    Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
        return SKIPPED.contains(String.valueOf(directory.getFileName()))
            ? FileVisitResult.SKIP_SUBTREE
            : FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
        String name = String.valueOf(file.getFileName());
        if (name.endsWith(".md")) {
          documents.put(file, FENCED.matcher(Files.readString(file)).replaceAll(""));
        } else if (name.endsWith(".java")) {
          String source = Files.readString(file);
          DECLARATION.matcher(source).results().forEach(found -> types.add(found.group(1)));
          word.matcher(source).results().forEach(found -> identifiers.add(found.group()));
        }
        return FileVisitResult.CONTINUE;
      }
    });
  }

  private static Stream<Path> aboutCode() {
    return documents.keySet().stream()
        .filter(file -> ABOUT_CODE.stream().anyMatch(each -> ROOT.relativize(file).startsWith(Path.of(each))));
  }

  private static boolean isKnown(String code) {
    String name = code.replaceAll("\\(.*", "");
    if (TYPE.matcher(code).matches()) {
      String[] parts = name.split("\\.");
      return types.contains(parts[0]) && Stream.of(parts).allMatch(identifiers::contains);
    }
    return !MEMBER.matcher(code).matches() && !CONSTANT.matcher(code).matches() || identifiers.contains(name);
  }

  @Test
  void namesInBackticks_areThoseOfTheSources() {
    List<String> unknown = aboutCode().flatMap(file -> CODE.matcher(text(file)).results()
        .map(found -> found.group(1)).filter(code -> !isKnown(code))
        .map(code -> ROOT.relativize(file) + ": `" + code + "`")).sorted().toList();

    assertThat(aboutCode()).hasSizeGreaterThan(10);
    assertThat(unknown).as("names that no source has; correct them, or write names of other projects without backticks")
        .isEmpty();
  }

  @Test
  void pages_areInTheSiteAndItsMenu() throws IOException {
    String sources = Files.readString(ROOT.resolve("site/src/SiteSources.java"));
    String menu = Files.readString(ROOT.resolve("site/src/site.xml"));
    List<String> pages = documents.keySet().stream().map(file -> ROOT.relativize(file).toString().replace('\\', '/'))
        .filter(page -> page.startsWith("docs/")).sorted().toList();

    assertThat(pages).hasSizeGreaterThan(20).allSatisfy(page -> assertThat(sources)
        .containsAnyOf('"' + page + '"', '"' + page.substring(0, page.lastIndexOf('/')) + '"'));
    // The page of the decisions lists the others of its directory.
    assertThat(pages).filteredOn(page -> !page.startsWith("docs/decisions/") || page.endsWith("README.md"))
        .allSatisfy(page -> assertThat(menu).contains('"' + page.replace("README.md", "index.md")
            .replace(".md", ".html") + '"'));
  }

  @Test
  void links_leadToAFileAndAHeading() {
    List<String> broken = new ArrayList<>();
    for (Path file : documents.keySet()) {
      LINK.matcher(text(file)).results().map(found -> found.group(1)).filter(link -> !link.contains(":"))
          .filter(link -> !leadsSomewhere(file, link))
          .forEach(link -> broken.add(ROOT.relativize(file) + ": " + link));
    }

    assertThat(documents).hasSizeGreaterThan(15);
    assertThat(broken).as("links without a file or heading").isEmpty();
  }

  private static boolean leadsSomewhere(Path file, String link) {
    String[] parts = link.split("#", 2);
    Path target = parts[0].isEmpty() ? file : file.resolveSibling(parts[0]).normalize();
    if (parts.length == 1) {
      return Files.exists(target);
    }
    return documents.containsKey(target) && anchors(text(target)).contains(parts[1]);
  }

  /** The anchors that forges make of headings; of equal ones, the later ones get a number. */
  private static Set<String> anchors(String text) {
    Set<String> anchors = new HashSet<>();
    HEADING.matcher(text).results().map(DocumentsTest::anchor).forEach(anchor -> {
      String free = anchor;
      for (int number = 1; !anchors.add(free); number++) {
        free = anchor + "-" + number;
      }
    });
    return anchors;
  }

  private static String anchor(MatchResult heading) {
    return heading.group(1).replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1").toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
  }

  private static String text(Path file) {
    String text = documents.get(file);
    if (text == null) {
      throw new UncheckedIOException(new IOException(file + " is no document of the checkout"));
    }
    return text;
  }
}
