package dev.memlane.perf.tests.fuzz;

import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.JazzerEntry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One run of Jazzer in a process of its own. The corpus stays in the directory, so that the next run goes on from it;
 * an input that breaks a promise is kept in {@code findings}.
 */
final class JazzerRun {

  private static final Path JAZZER = Path.of("perf-tests", "target", "jazzer");
  /** An input that takes longer is reported as a hang. */
  private static final int LONGEST_SECONDS = 20;
  private static final int LONGEST_INPUT = 1 << 14;
  private static final String HEAP = "-Xmx768m";
  private static final Pattern PROGRESS = Pattern.compile("#(\\d+)\\s+(\\w+)\\s+cov: (\\d+) ft: \\d+ corp: (\\d+)/.*");
  private static final Pattern DONE = Pattern.compile("stat::number_of_executed_units: +(\\d+)");

  private final FuzzTarget target;
  private final Path directory;
  private final int seconds;
  private final int seed;

  private long executions;
  private double took;
  private int firstCoverage;
  private int coverage;
  private int corpus;
  private int status;

  JazzerRun(FuzzTarget target, Path directory, int seconds, int seed) {
    this.target = target;
    this.directory = directory;
    this.seconds = seconds;
    this.seed = seed;
  }

  void run() throws IOException, InterruptedException {
    Path inputs = Files.createDirectories(directory.resolve("corpus"));
    Path findings = Files.createDirectories(directory.resolve("findings"));
    List<byte[]> seeds = target.seeds();
    for (int i = 0; i < seeds.size(); i++) {
      Files.write(inputs.resolve("seed-" + i), seeds.get(i));
    }
    Path dictionary = Files.write(directory.resolve("words"), target.words().stream().map(JazzerRun::quoted).toList());
    long start = System.nanoTime();
    Process process = new ProcessBuilder(command(inputs, findings, dictionary)).redirectErrorStream(true).start();
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      boolean report = false;
      List<String> before = new ArrayList<>();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        report |= line.startsWith("==") || line.startsWith("ERROR");
        if (!read(line)) {
          if (report) {
            System.out.println(line);
          } else {
            before.add(line);
          }
        }
      }
      status = process.waitFor();
      if (status != 0 && !report) {
        before.forEach(System.out::println);
      }
    }
    took = (System.nanoTime() - start) / 1e9;
  }

  private List<String> command(Path inputs, Path findings, Path dictionary) {
    return List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), HEAP,
        "-XX:+EnableDynamicAgentLoading", "--enable-native-access=ALL-UNNAMED",
        "-Dmemlane.fuzz.target=" + target.name(),
        "-cp", JAZZER.toAbsolutePath() + "/*:" + System.getProperty("java.class.path"),
        "com.code_intelligence.jazzer.Jazzer", "--target_class=" + JazzerEntry.class.getName(),
        "--instrumentation_includes=dev.memlane.**:com.fasterxml.jackson.**", "--reproducer_path=" + findings,
        // The targets open files and connections of their own; that is not what is looked for.
        "--disabled_hooks=com.code_intelligence.jazzer.sanitizers.ServerSideRequestForgery:"
            + "com.code_intelligence.jazzer.sanitizers.FilePathTraversal",
        inputs.toString(), "-dict=" + dictionary, "-artifact_prefix=" + findings + "/", "-max_total_time=" + seconds,
        "-seed=" + seed, "-timeout=" + LONGEST_SECONDS, "-max_len=" + LONGEST_INPUT, "-rss_limit_mb=2500",
        "-print_final_stats=1");
  }

  /** A word as libFuzzer's dictionaries have it. */
  private static String quoted(String word) {
    StringBuilder quoted = new StringBuilder("\"");
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
      quoted.append(
          b >= ' ' && b < 127 && b != '"' && b != '\\'
              ? String.valueOf((char) b)
              : String.format(Locale.ROOT, "\\x%02x", b));
    }
    return quoted.append('"').toString();
  }

  /** Reads a line of libFuzzer's progress; false if it is another line. */
  private boolean read(String line) {
    Matcher progress = PROGRESS.matcher(line);
    Matcher done = DONE.matcher(line);
    if (progress.matches()) {
      executions = Long.parseLong(progress.group(1));
      coverage = Integer.parseInt(progress.group(3));
      corpus = Integer.parseInt(progress.group(4));
      if (progress.group(2).equals("INITED")) {
        firstCoverage = coverage;
      }
      return true;
    }
    if (done.matches()) {
      executions = Long.parseLong(done.group(1));
      return true;
    }
    return line.startsWith("stat::") || line.startsWith("INFO:") || line.isBlank();
  }

  String target() {
    return target.name();
  }

  boolean isClean() {
    return status == 0;
  }

  /** The inputs that broke a promise. */
  List<Path> findings() {
    if (isClean()) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory.resolve("findings"))) {
      return files.filter(file -> !file.toString().endsWith(".java")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The run as a row of the report. */
  String row() {
    return String.format(Locale.ROOT, "%-14s %,12d %,10.0f %22s %8d  %s", target.name(), executions, executions / took,
        firstCoverage + " to " + coverage, corpus, isClean() ? "ok" : "a promise is broken, see above");
  }
}
