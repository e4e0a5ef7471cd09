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
 * The report as one HTML file that needs nothing else, not even a network: page.html with page.css, page.js, the script of
 * Chart.js and the results put in.
 *
 * <p>
 * What was measured goes in as data only. The page's script shows it as text, and a policy in the page forbids it to load
 * anything.
 */
final class Page {

  private static final String CHARTS = "META-INF/maven/org.webjars.npm/chart.js/pom.properties";
  private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");

  private Page() {}

  /** Shows results that were written by {@link Json}. */
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

  /** JSON such that nothing in it can end the element that it is in: there, only a text can hold these characters. */
  private static String inData(String json) {
    return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026");
  }

  /** The same for a script, where only a text, an expression or a comment can hold them. */
  private static String inScript(String script) {
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--");
  }

  private static String charts() throws IOException {
    Properties library = new Properties();
    library.load(new StringReader(resource(CHARTS)));
    String script = resource(
        "META-INF/resources/webjars/chart.js/" + library.getProperty("version") + "/dist/chart.umd.min.js");
    // Names a file that isn't there.
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
