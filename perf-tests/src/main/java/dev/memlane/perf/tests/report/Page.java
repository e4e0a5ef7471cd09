package dev.memlane.perf.tests.report;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The report as one HTML file that needs no other file and no network: page.html with page.css, page.js, the script of
 * Chart.js, and the results.
 *
 * <p>
 * Measured values are included as data only. The page's script shows them as text, and a policy in the page forbids it
 * to load anything.
 */
final class Page {

  private static final String CHARTS = "META-INF/maven/org.webjars.npm/chart.js/pom.properties";
  private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");

  private Page() {}

  /** Returns the page for results that {@link Json} has written. */
  static String of(String json) throws IOException {
    Map<String, String> parts = Map.of("style", own("page.css"), "charts", inScript(charts()), "script",
        inScript(own("page.js")), "results", inData(json));
    return PLACE.matcher(own("page.html")).replaceAll(place -> {
      String part = parts.get(place.group(1));
      if (part == null) {
        throw new IllegalStateException("page.html asks for " + place.group());
      }
      return Matcher.quoteReplacement(part);
    });
  }

  /**
   * Escapes JSON so that nothing in it can end the element around it. In JSON, only a text can hold these characters.
   */
  private static String inData(String json) {
    return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026");
  }

  /** Escapes a script in the same way. There, only a text, an expression or a comment can hold these characters. */
  private static String inScript(String script) {
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--");
  }

  private static String charts() throws IOException {
    Properties library = new Properties();
    library.load(new StringReader(resource(CHARTS)));
    String script = resource(
        "META-INF/resources/webjars/chart.js/" + library.getProperty("version") + "/dist/chart.umd.min.js");
    // Removed, because it names a file that is not there.
    return script.replaceFirst("//# sourceMappingURL=\\S*", "");
  }

  private static String own(String name) throws IOException {
    return resource(Page.class.getPackageName().replace('.', '/') + "/" + name);
  }

  private static String resource(String path) throws IOException {
    try (InputStream stream = Page.class.getClassLoader().getResourceAsStream(path)) {
      if (stream == null) {
        throw new FileNotFoundException(path + " is not on the class path");
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
