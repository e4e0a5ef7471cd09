package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random lists of calls by several threads: the results are those of running them one after the other. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RandomToolCallsTest extends ToolExecutorTestCase {

  /** A tree of names with the last value written to each. A path stands for all names below it. */
  private static final class Tree {

    private static final List<String> NAMES = List.of("a/x", "a/y", "ab", "b/x", "b/y/z");
    private static final List<String> PATHS = List.of("", "a", "a/x", "a/y", "ab", "b", "b/x", "b/y", "b/y/z");

    private final Map<String, String> written = new ConcurrentHashMap<>();

    private static List<String> below(String path) {
      return NAMES.stream().filter(name -> path.isEmpty() || name.equals(path) || name.startsWith(path + "/"))
          .toList();
    }

    String read(String path, int yields) {
      StringBuilder values = new StringBuilder();
      for (String name : below(path)) {
        values.append(written.getOrDefault(name, "-")).append(' ');
        linger(yields);
      }
      return values.toString();
    }

    void write(String path, String value, int yields) {
      for (String name : below(path)) {
        linger(yields);
        written.put(name, value);
      }
    }
  }

  /** The arguments of a tool in the random lists. */
  private record Work(Tree tree, String id, String from, String to, int yields) {

    Work in(Tree other) {
      return new Work(other, id, from, to, 0);
    }

    String read() {
      return tree.read(from, yields);
    }

    String write() {
      tree.write(to, id, yields);
      return id;
    }

    String copy() {
      String value = tree.read(from, yields);
      tree.write(to, id + "<" + Integer.toHexString(value.hashCode()), yields);
      return value;
    }

    String fail() {
      tree.write(to, id, yields);
      throw new IllegalStateException(id);
    }

    String perform(String tool) {
      try {
        return switch (tool) {
          case "read", "readMany" -> read();
          case "write" -> write();
          case "copy" -> copy();
          default -> fail();
        };
      } catch (IllegalStateException e) {
        return "failed: " + e;
      }
    }
  }

  private static ToolExecutor<Work, String> treeTools(LaneExecutor lanes) {
    Function<Work, Access> reads = work -> Access.reads(work.from());
    Function<Work, Access> writes = work -> Access.writes(work.to());
    return ToolExecutor.of(lanes, List.of(
        Tool.<Work, String>of("read", Work::read).lane("query").accessing(reads),
        Tool.<Work, String>batched("readMany", all -> {
          List<Callable<String>> answers = new ArrayList<>();
          all.forEach(work -> answers.add(work::read));
          return answers;
        }).lane("query").accessing(reads),
        Tool.<Work, String>of("write", Work::write).accessing(writes),
        Tool.<Work, String>of("copy", Work::copy).accessing(work -> reads.apply(work).and(writes.apply(work))),
        Tool.<Work, String>of("fail", Work::fail).accessing(writes)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void run_randomListsOfSeveralThreads_matchSequentialResults(long seed) throws Exception {
    Lane query = Lane.of("query").concurrency(3);
    try (LaneExecutor lanes = LaneExecutor.builder().concurrency(5).lane(query).lane(Lane.of("execute")).build();
        ExecutorService callers = Executors.newFixedThreadPool(3)) {
      ToolExecutor<Work, String> shared = treeTools(lanes);
      List<Future<?>> all = new ArrayList<>();
      for (int caller = 0; caller < 3; caller++) {
        Random random = new Random(31 * seed + caller);
        String name = "seed " + seed + ", caller " + caller;
        all.add(callers.submit(() -> {
          Tree tree = new Tree();
          Tree reference = new Tree();
          for (int round = 0; round < 20; round++) {
            // The tools of a new executor are unknown, so their calls run in parallel.
            ToolExecutor<Work, String> tools = random.nextBoolean() ? shared : treeTools(lanes);
            List<ToolCall<Work>> calls = randomCalls(tree, random, round);
            List<String> expected = calls.stream().map(call -> call.arguments().in(reference).perform(call.tool()))
                .toList();

            List<ToolResult<String>> results = tools.run(calls);

            assertThat(results.stream().map(ToolExecutorTestCase::value).toList())
                .as("%s, round %s: %s", name, round, calls).isEqualTo(expected);
            assertThat(tree.written).as("%s, round %s: %s", name, round, calls).isEqualTo(reference.written);
          }
          return null;
        }));
      }
      for (Future<?> one : all) {
        one.get(60, TimeUnit.SECONDS);
      }
    }
  }

  private static List<ToolCall<Work>> randomCalls(Tree tree, Random random, int round) {
    List<String> tools = List.of("read", "read", "readMany", "readMany", "write", "write", "copy", "fail");
    List<ToolCall<Work>> calls = new ArrayList<>();
    int count = 1 + random.nextInt(14);
    for (int i = 0; i < count; i++) {
      String id = round + "." + i;
      String from = Tree.PATHS.get(random.nextInt(Tree.PATHS.size()));
      String to = Tree.PATHS.get(random.nextInt(Tree.PATHS.size()));
      calls.add(new ToolCall<>(id, tools.get(random.nextInt(tools.size())),
          new Work(tree, id, from, to, random.nextInt(30))));
    }
    return calls;
  }
}
