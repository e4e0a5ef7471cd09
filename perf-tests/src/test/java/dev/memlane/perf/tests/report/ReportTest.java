package dev.memlane.perf.tests.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.memlane.perf.tests.Finding;
import dev.memlane.perf.tests.Measure;
import dev.memlane.perf.tests.Plot;
import dev.memlane.perf.tests.Results;
import dev.memlane.perf.tests.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report holds every figure, needs no network, and whatever is in a name stays text. */
class ReportTest {

  private static final String EVIL = "</script><b>x & \u2028 <!--<script>";

  @TempDir
  Path directory;

  private static Results results(String contestant) {
    Finding finding = new Finding("adds", "adds against the limit", 12.5,
        List.of(new Measure(contestant, "64 callers", "per second", List.of(10.5, 30.0, 20.25)),
            new Measure("limit", "", "p50 ms", List.of(1.0, Double.NaN))),
        List.of(new Verdict("of the limit", 0.571, Verdict.Bar.atLeast(0.5), true),
            new Verdict("p50 ms", 3.5, Verdict.Bar.atMost(3), false),
            new Verdict("recall", Double.NaN, Verdict.Bar.atLeast(0.95), true)),
        List.of(new Plot("over callers", "callers", "per second", true, false,
            List.of(new Plot.Line(contestant, List.of(1.0, 64.0), List.of(9.5, Double.POSITIVE_INFINITY))))),
        List.of("on one server"), null);
    Finding failed = new Finding("open", "opening", 1, List.of(), List.of(), List.of(), List.of(),
        "IOException: " + EVIL);
    return new Results(Instant.parse("2026-11-21T08:05:13.500Z"), true,
        new Results.Machine(2, 1L << 30, "Linux 6.1 amd64", "OpenJDK 25", -1), List.of(finding, failed));
  }

  private String page(String contestant) throws IOException {
    Report.write(results(contestant), directory);
    return Files.readString(directory.resolve("index.html"));
  }

  @Test
  void write_json_holdsEveryFigure() throws IOException {
    Report.write(results("add"), directory);
    JsonNode root = JsonMapper.builder().build().readTree(directory.resolve("results.json").toFile());
    assertThat(Instant.parse(root.path("begun").textValue())).isEqualTo("2026-11-21T08:05:13.500Z");
    assertThat(root.path("quick").booleanValue()).isTrue();
    JsonNode expected = JsonMapper.builder().build().readTree("""
        {"processors": 2, "heapBytes": 1073741824, "system": "Linux 6.1 amd64", "java": "OpenJDK 25", "load": null}
        """);
    assertThat(root.path("machine")).isEqualTo(expected);
    JsonNode finding = JsonMapper.builder().build().readTree("""
        {"name": "adds", "title": "adds against the limit", "seconds": 12.5, "failure": null,
         "verdicts": [
           {"what": "of the limit", "value": 0.571, "bar": "at least 0.500", "limit": 0.5, "atLeast": true,
            "judged": true, "met": true},
           {"what": "p50 ms", "value": 3.5, "bar": "at most 3.00", "limit": 3.0, "atLeast": false,
            "judged": false, "met": false},
           {"what": "recall", "value": null, "bar": "at least 0.950", "limit": 0.95, "atLeast": true,
            "judged": true, "met": false}],
         "measures": [
           {"contestant": "add", "parameter": "64 callers", "metric": "per second", "median": 20.25, "least": 10.5,
            "most": 30.0, "rounds": [10.5, 30.0, 20.25]},
           {"contestant": "limit", "parameter": "", "metric": "p50 ms", "median": null, "least": null, "most": null,
            "rounds": [1.0, null]}],
         "plots": [
           {"title": "over callers", "x": "callers", "y": "per second", "xLogarithmic": true, "yLogarithmic": false,
            "lines": [{"name": "add", "x": [1.0, 64.0], "y": [9.5, null]}]}],
         "notes": ["on one server"]}
        """);
    assertThat(root.path("findings").get(0)).isEqualTo(finding);
    assertThat(root.path("findings").get(1).path("failure").textValue()).isEqualTo("IOException: " + EVIL);
    assertThat(root.path("findings")).hasSize(2);
  }

  @Test
  void write_json_hasItsFieldsInOrderAndOneALine() throws IOException {
    Report.write(results("add"), directory);
    List<String> lines = Files.readAllLines(directory.resolve("results.json"));
    assertThat(lines.subList(0, 4)).containsExactly("{", "  \"begun\" : \"2026-11-21T08:05:13.500Z\",",
        "  \"quick\" : true,", "  \"machine\" : {");
    assertThat(lines).anyMatch(line -> line.endsWith("\"rounds\" : [ 10.5, 30.0, 20.25 ]"));
  }

  @Test
  void write_page_holdsTheSameResultsAsData() throws IOException {
    String page = page(EVIL);
    assertThat(page).contains("adds against the limit").doesNotContain("{{");
    JsonMapper mapper = JsonMapper.builder().build();
    assertThat(mapper.readTree(data(page))).isEqualTo(mapper.readTree(directory.resolve("results.json").toFile()));
    assertThat(mapper.readTree(data(page)).at("/findings/0/measures/0/contestant").textValue()).isEqualTo(EVIL);
  }

  /** What a browser takes for the data: all until the first end tag. */
  private static String data(String page) {
    String begin = "<script type=\"application/json\" id=\"results\">";
    int from = page.indexOf(begin) + begin.length();
    return page.substring(from, page.indexOf("</script", from));
  }

  @Test
  void write_nameThatLooksLikeMarkup_isEscaped() throws IOException {
    String usual = page("add");
    String page = page(EVIL);
    assertThat(page).doesNotContain("<b>x").doesNotContain("<!--<script");
    // The same elements as with a usual name, so nothing was opened or closed by it.
    assertThat(tags(page)).isEqualTo(tags(usual));
    assertThat(data(page)).doesNotContain("<");
    // And the page's script never reads a text as markup.
    assertThat(Files.readString(Path.of("src/main/resources/dev/memlane/perf/tests/report/page.js")))
        .doesNotContainPattern("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|eval\\(|new Function");
  }

  private static List<String> tags(String page) {
    return Pattern.compile("</?[a-zA-Z!][^>]{0,20}").matcher(page).results().map(MatchResult::group).toList();
  }

  @Test
  void write_page_needsNoNetwork() throws IOException {
    String page = page("add");
    List<String> parts = new ArrayList<>(List.of(page.split("</?script[^>]*>", -1)));
    // Before, data, between, the charts, between, the page's own script, after.
    assertThat(parts).hasSize(7);
    String charts = parts.remove(3);
    assertThat(charts).contains("Chart.js v").doesNotContain("sourceMappingURL");
    assertThat(parts)
        .noneMatch(part -> part.contains("http://") || part.contains("https://") || part.contains("//www"));
    assertThat(page).doesNotContainPattern("<script[^>]*\\ssrc\\s*=").doesNotContainPattern("@import|url\\(");
    assertThat(Pattern.compile("(?:href|src)\\s*=\\s*\"([^\"]*)\"").matcher(String.join("", parts)).results()
        .map(found -> found.group(1))).containsExactly("data:,");
    // In any case, the policy forbids the browser to load anything.
    assertThat(page).contains("Content-Security-Policy", "default-src 'none'");
  }

  @Test
  void write_overAnOlderReport_replacesIt() throws IOException {
    Path deep = directory.resolve("not/yet/there");
    Report.write(results("older"), deep);
    Path open = Files.createLink(directory.resolve("opened before"), deep.resolve("index.html"));
    String older = Files.readString(open);
    Report.write(results("newer"), deep);
    assertThat(deep.resolve("index.html")).content().contains("\"newer\"").doesNotContain("\"older\"");
    assertThat(deep.resolve("results.json")).content().contains("\"newer\"").doesNotContain("\"older\"");
    // A reader that had the older file open still has all of it: it was replaced, not overwritten.
    assertThat(open).content().isEqualTo(older);
    try (var files = Files.list(deep)) {
      assertThat(files).extracting(file -> file.getFileName().toString())
          .containsExactlyInAnyOrder("index.html", "results.json");
    }
  }
}
