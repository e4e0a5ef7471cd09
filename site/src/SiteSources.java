import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The program that turns the documents of the checkout into the sources of the site.
 *
 * <p>
 * Documents are written for a forge: links name Markdown files, and headings have a forge's anchors. Here each becomes a
 * page at the same path, so that relative links stay right; links get the pages' names, and headings their anchors. A
 * README is its directory's index. Next to the pages stand the documents as they are, and {@code llms.txt}, which lists
 * them.
 */
public final class SiteSources {

  /** The documents, in the order of {@code llms.txt}. */
  private static final List<String> DOCUMENTS = List.of("README.md", "docs/installing.md", "docs/postgres.md",
      "docs/search.md", "docs/conversations.md", "docs/remember.md", "docs/embedding.md", "docs/tools.md", "docs/json.md", "docs/server.md", "docs/configuration.md",
      "docs/mcp.md", "docs/integrations", "docs/operations", "docs/consistency.md", "docs/performance.md", "ARCHITECTURE.md", "docs/write-protocol.md", "docs/decisions", "CONTRIBUTING.md",
      "docs/how-to-add.md", "docs/releasing.md", "AGENTS.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md",
      "perf-tests/README.md");

  private static final Pattern LINK = Pattern.compile("(]\\()([^):\\s]+\\.md)(#[^)\\s]+)?\\)");
  private static final Pattern HEADING = Pattern.compile("^#{1,6} +(.+?) *$");

  private final Path root;
  private final Path target;

  private SiteSources(Path root, Path target) {
    this.root = root;
    this.target = target;
  }

  /** @param arguments the checkout, and the directory to write to */
  public static void main(String[] arguments) throws IOException {
    new SiteSources(Path.of(arguments[0]).toRealPath(), Path.of(arguments[1]).toAbsolutePath()).write();
  }

  private void write() throws IOException {
    Path resources = target.resolve("resources");
    copy(root.resolve("site/src/site.xml"), target.resolve("site.xml"));
    copy(root.resolve("site/src/site.css"), resources.resolve("css/site.css"));
    copy(root.resolve("LICENSE"), resources.resolve("LICENSE"));
    for (String file : List.of("docs/write-protocol.svg", "docs/operations/alerts.yaml", "docs/operations/dashboard.json")) {
      copy(root.resolve(file), resources.resolve(file));
    }

    StringBuilder list = new StringBuilder();
    StringBuilder full = new StringBuilder();
    for (String file : documents()) {
      String text = Files.readString(root.resolve(file));
      Path page = target.resolve("markdown").resolve(file.replaceAll("README\\.md$", "index.md"));
      Files.createDirectories(page.getParent());
      Files.writeString(page, "---\ntitle: \"" + title(text).replace("\"", "'") + "\"\n---\n\n" + page(text));
      copy(root.resolve(file), resources.resolve(file));
      list.append("- [").append(title(text)).append("](").append(file).append("): ").append(summary(text)).append('\n');
      full.append("<!-- ").append(file).append(" -->\n\n").append(text).append('\n');
    }
    String readme = Files.readString(root.resolve("README.md"));
    Files.writeString(resources.resolve("llms.txt"), "# Memlane\n\n> " + summary(readme) + "\n\nAll of it in one file: "
        + "[llms-full.txt](llms-full.txt). The Javadoc is in [apidocs](apidocs/index.html).\n\n## Documents\n\n" + list);
    Files.writeString(resources.resolve("llms-full.txt"), full);
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to.getParent());
    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Fails if a document of {@code docs} is in no list, so that none is left out by mistake. */
  private List<String> documents() throws IOException {
    List<String> all = new ArrayList<>();
    for (String each : DOCUMENTS) {
      if (each.endsWith(".md")) {
        all.add(each);
      } else {
        all.addAll(markdown(root.resolve(each)));
      }
    }
    List<String> missing = new ArrayList<>(markdown(root.resolve("docs")));
    missing.removeAll(all);
    if (!missing.isEmpty()) {
      throw new IOException("SiteSources.DOCUMENTS and site.xml lack " + missing);
    }
    return all;
  }

  /** The README first, the others by name. */
  private List<String> markdown(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(file -> file.toString().endsWith(".md"))
          .map(file -> root.relativize(file).toString().replace('\\', '/')).sorted().toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** The document with an anchor before each heading, and links to pages; code blocks stay as they are. */
  private static String page(String text) {
    StringBuilder page = new StringBuilder();
    Set<String> anchors = new HashSet<>();
    boolean code = false;
    for (String line : text.split("\n", -1)) {
      if (line.strip().startsWith("```")) {
        code = !code;
      }
      var heading = HEADING.matcher(line);
      if (!code && heading.matches()) {
        page.append("<a id=\"").append(anchor(heading.group(1), anchors)).append("\"></a>\n\n");
      }
      page.append(code ? line : LINK.matcher(line).replaceAll(SiteSources::link)).append('\n');
    }
    return page.toString();
  }

  private static String link(MatchResult link) {
    String page = link.group(2).replaceAll("README\\.md$", "index.md").replaceAll("\\.md$", ".html");
    return link.group(1) + page + (link.group(3) == null ? "" : link.group(3)) + ")";
  }

  /** The anchor that a forge makes of a heading; of equal ones, the later ones get a number. */
  private static String anchor(String heading, Set<String> anchors) {
    String anchor = heading.replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1").toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
    String free = anchor;
    for (int number = 1; !anchors.add(free); number++) {
      free = anchor + "-" + number;
    }
    return free;
  }

  private static String title(String text) {
    return text.lines().filter(line -> line.startsWith("# ")).findFirst().orElse("# Memlane").substring(2).strip()
        .replace("`", "");
  }

  /** The first sentence of the first paragraph. */
  private static String summary(String text) {
    String paragraph = Stream.of(text.split("\n\\s*\n"))
        .filter(block -> !block.isEmpty() && (Character.isLetter(block.charAt(0)) || block.charAt(0) == '`'))
        .findFirst().orElse("")
        .replace('\n', ' ').replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1");
    return paragraph.replaceAll("(?<=[a-z0-9)`]\\.) .*", "");
  }
}
