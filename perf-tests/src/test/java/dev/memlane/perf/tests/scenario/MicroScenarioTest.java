package dev.memlane.perf.tests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The build has made what JMH runs. */
class MicroScenarioTest {

  @Test
  void build_annotatedMethods_areAllListedForJmh() {
    List<String> annotated = Arrays.stream(MicroBenchmarks.class.getMethods())
        .filter(method -> method.isAnnotationPresent(Benchmark.class)).map(Method::getName).toList();
    assertThat(annotated).isNotEmpty();
    assertThat(BenchmarkList.defaultList()
        .find(OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
            List.of(Pattern.quote(MicroBenchmarks.class.getName() + ".")), List.of()))
        .extracting(BenchmarkListEntry::getUsername)
        .containsExactlyInAnyOrderElementsOf(
            annotated.stream().map(name -> MicroBenchmarks.class.getName() + "." + name).toList());
  }
}
