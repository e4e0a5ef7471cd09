package dev.memlane.perf.tests.fuzz;

import dev.memlane.perf.tests.Directories;
import dev.memlane.testing.fuzz.FuzzTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Fuzzing of the parsers as a command: it runs Jazzer on one target or on all, one after the other, and prints what was
 * executed and found. It can also run one input again, without Jazzer.
 */
public final class FuzzLoad {

  private static final String USAGE = """
      usage: perf-tests/run fuzz [TARGET] [SECONDS] [--seed S]
             perf-tests/run fuzz TARGET --input FILE
        TARGET        NAMES; all of them unless given
        SECONDS       for how long each is fuzzed (60)
        --seed S      the seed of the mutations; a new one unless given
        --input FILE  runs this input again, and nothing else""";
  private static final int DEFAULT_SECONDS = 60;

  private final List<FuzzTarget> targets;
  private @Nullable String target;
  private int seconds = DEFAULT_SECONDS;
  private int seed = ThreadLocalRandom.current().nextInt(1, 1_000_000_000);
  private @Nullable Path input;

  private FuzzLoad(List<FuzzTarget> targets) {
    this.targets = targets;
  }

  /** See {@code --help}. Exit status 1 if a promise is broken. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    List<FuzzTarget> targets = ServiceLoader.load(FuzzTarget.class).stream().map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparing(FuzzTarget::name)).toList();
    FuzzLoad load = new FuzzLoad(targets);
    int status;
    if (List.of(arguments).contains("--help")) {
      System.out.println(load.usage());
      status = 0;
    } else if (!load.read(arguments)) {
      System.err.println(load.usage());
      status = 2;
    } else {
      status = load.run() ? 0 : 1;
    }
    targets.forEach(FuzzTarget::close);
    System.exit(status);
  }

  private String usage() {
    return USAGE.replace("NAMES", targets.stream().map(FuzzTarget::name).collect(Collectors.joining(", ")));
  }

  /** Returns whether the arguments are valid. */
  private boolean read(String[] arguments) {
    for (int i = 0; i < arguments.length; i++) {
      String argument = arguments[i];
      String value = i + 1 < arguments.length ? arguments[i + 1] : "";
      if (argument.equals("--seed") && value.matches("[1-9][0-9]{0,8}")) {
        seed = Integer.parseInt(value);
        i++;
      } else if (argument.equals("--input") && Files.isRegularFile(Path.of(value))) {
        input = Path.of(value);
        i++;
      } else if (argument.matches("[1-9][0-9]{0,6}")) {
        seconds = Integer.parseInt(argument);
      } else if (target == null && targets.stream().anyMatch(each -> each.name().equals(argument))) {
        target = argument;
      } else {
        return false;
      }
    }
    return input == null || target != null;
  }

  private boolean run() throws IOException, InterruptedException {
    List<FuzzTarget> selected = targets.stream().filter(each -> target == null || each.name().equals(target)).toList();
    return input == null ? fuzz(selected) : runAgain(selected.getFirst(), input);
  }

  private boolean fuzz(List<FuzzTarget> selected) throws IOException, InterruptedException {
    Path directory = Path.of("perf-tests", "target", "fuzz").toAbsolutePath();
    List<JazzerRun> runs = new ArrayList<>();
    for (FuzzTarget each : selected) {
      System.out.printf(Locale.ROOT, "%s: fuzzing for %d s with seed %d%n", each.name(), seconds, seed);
      Path own = directory.resolve(each.name());
      Directories.delete(own.resolve("findings"));
      JazzerRun run = new JazzerRun(each, own, seconds, seed);
      run.run();
      runs.add(run);
    }
    System.out.printf(Locale.ROOT, "%n%-14s %12s %10s %22s %8s  %s%n", "target", "executions", "per second",
        "branches, begin to end", "corpus", "result");
    runs.forEach(run -> System.out.println(run.row()));
    runs.forEach(run -> run.findings().forEach(finding -> System.out.println("\nagain: perf-tests/run fuzz "
        + run.target() + " --input " + finding)));
    return runs.stream().allMatch(JazzerRun::isClean);
  }

  private static boolean runAgain(FuzzTarget target, Path input) throws IOException {
    byte[] bytes = Files.readAllBytes(input);
    try {
      target.check(bytes);
      System.out.println("the parser keeps its promises for this input of " + bytes.length + " bytes");
      return true;
    } catch (Exception | Error e) {
      e.printStackTrace();
      return false;
    }
  }
}
