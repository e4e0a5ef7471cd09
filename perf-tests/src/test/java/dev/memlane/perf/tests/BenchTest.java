package dev.memlane.perf.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Contestants are measured in turns, so that a noisy machine disturbs all alike. */
class BenchTest {

  @TempDir
  Path directory;

  private Bench bench(boolean quick) {
    return new Bench(quick, directory, new PrintStream(OutputStream.nullOutputStream(), true));
  }

  @Test
  void race_threeContestants_warmsUpThenTakesTurnsThatBeginWithAnother() throws Exception {
    Bench bench = bench(false);
    List<String> order = new ArrayList<>();
    List<Contestant> contestants = Stream.of("a", "b", "c").map(name -> new Contestant(name, "", () -> {
      order.add(name);
      return Sample.of("turn", order.size());
    })).toList();
    bench.race(contestants, 4);
    assertThat(String.join("", order)).isEqualTo("abc" + "abc" + "bca" + "cab" + "abc");
    // The first three turns warm up, and are not counted.
    assertThat(bench.findings().rounds("a", "", "turn")).containsExactly(4.0, 9.0, 11.0, 13.0);
    assertThat(bench.findings().rounds("b", "", "turn")).containsExactly(5.0, 7.0, 12.0, 14.0);
    assertThat(bench.findings().rounds("c", "", "turn")).containsExactly(6.0, 8.0, 10.0, 15.0);
  }

  @Test
  void race_withoutANumber_hasFiveRoundsAndFewerWhenQuick() throws Exception {
    for (boolean quick : List.of(false, true)) {
      Bench bench = bench(quick);
      bench.race(List.of(new Contestant("a", "", () -> Sample.of("turn", 1))));
      assertThat(bench.findings().rounds("a", "", "turn")).hasSize(bench.rounds());
    }
    assertThat(bench(false).rounds()).isEqualTo(5);
    assertThat(bench(true).rounds()).isLessThan(5);
  }

  @Test
  void slice_quick_isShorter() {
    assertThat(bench(false).slice(2)).isEqualTo(Duration.ofSeconds(2));
    assertThat(bench(true).slice(2)).isPositive().isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void directory_heldSomethingBefore_isEmptied() throws Exception {
    Bench bench = bench(false);
    Files.createDirectories(bench.directory("data").resolve("deep"));
    Files.writeString(directory.resolve("data/deep/file"), "old");
    assertThat(bench.directory("data")).isEqualTo(directory.resolve("data")).doesNotExist();
  }
}
