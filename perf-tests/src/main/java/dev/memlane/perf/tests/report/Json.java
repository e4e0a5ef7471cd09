package dev.memlane.perf.tests.report;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.perf.tests.Finding;
import dev.memlane.perf.tests.Measure;
import dev.memlane.perf.tests.Plot;
import dev.memlane.perf.tests.Results;
import dev.memlane.perf.tests.Verdict;
import java.io.IOException;
import java.util.List;

/**
 * Results as JSON: fields in a fixed order, and one value on each line, or the numbers of a list on one line. A missing
 * or infinite figure is null.
 */
final class Json {

  private static final JsonMapper MAPPER = new JsonMapper();

  private Json() {}

  static String of(Results results) throws IOException {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("begun", results.begun().toString());
    root.put("quick", results.quick());
    Results.Machine machine = results.machine();
    ObjectNode machineNode = root.putObject("machine");
    machineNode.put("processors", machine.processors());
    machineNode.put("heapBytes", machine.heapBytes());
    machineNode.put("system", machine.system());
    machineNode.put("java", machine.java());
    if (machine.load() < 0) {
      machineNode.putNull("load");
    } else {
      put(machineNode, "load", machine.load());
    }
    ArrayNode findings = root.putArray("findings");
    results.findings().forEach(finding -> put(findings.addObject(), finding));
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter()
        .withObjectIndenter(new DefaultIndenter("  ", "\n"));
    return MAPPER.writer(printer).writeValueAsString(root) + "\n";
  }

  private static void put(ObjectNode node, Finding finding) {
    node.put("name", finding.name());
    node.put("title", finding.title());
    put(node, "seconds", finding.seconds());
    node.put("failure", finding.failure());
    ArrayNode verdicts = node.putArray("verdicts");
    finding.verdicts().forEach(verdict -> put(verdicts.addObject(), verdict));
    ArrayNode measures = node.putArray("measures");
    finding.measures().forEach(measure -> put(measures.addObject(), measure));
    ArrayNode plots = node.putArray("plots");
    finding.plots().forEach(plot -> put(plots.addObject(), plot));
    ArrayNode notes = node.putArray("notes");
    finding.notes().forEach(notes::add);
  }

  private static void put(ObjectNode node, Verdict verdict) {
    node.put("what", verdict.what());
    put(node, "value", verdict.value());
    node.put("bar", verdict.bar().toString());
    put(node, "limit", verdict.bar().limit());
    node.put("atLeast", verdict.bar().atLeast());
    node.put("judged", verdict.judged());
    node.put("met", verdict.isMet());
  }

  private static void put(ObjectNode node, Measure measure) {
    node.put("contestant", measure.contestant());
    node.put("parameter", measure.parameter());
    node.put("metric", measure.metric());
    put(node, "median", measure.median());
    put(node, "least", measure.least());
    put(node, "most", measure.most());
    put(node, "rounds", measure.rounds());
  }

  private static void put(ObjectNode node, Plot plot) {
    node.put("title", plot.title());
    node.put("x", plot.x());
    node.put("y", plot.y());
    node.put("xLogarithmic", plot.xLogarithmic());
    node.put("yLogarithmic", plot.yLogarithmic());
    ArrayNode lines = node.putArray("lines");
    for (Plot.Line line : plot.lines()) {
      ObjectNode lineNode = lines.addObject();
      lineNode.put("name", line.name());
      put(lineNode, "x", line.x());
      put(lineNode, "y", line.y());
    }
  }

  private static void put(ObjectNode node, String field, List<Double> values) {
    ArrayNode array = node.putArray(field);
    for (double value : values) {
      array.add(Double.isFinite(value) ? value : null);
    }
  }

  private static void put(ObjectNode node, String field, double value) {
    node.put(field, Double.isFinite(value) ? value : null);
  }
}
