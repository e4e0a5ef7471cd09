package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tools that get several calls at once. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BatchedToolTest extends ToolExecutorTestCase {

  @Test
  void run_batchedTool_receivesAllReadyCalls() throws Exception {
    BlockingQueue<List<String>> asked = new LinkedBlockingQueue<>();
    ToolExecutor<String, String> tools = tools(batched(asked, argument -> Access.nothing()), read());

    assertThat(run(tools, "many a", "read x", "many b", "many c")).containsExactly("A", "nothing", "B", "C");

    assertThat(asked).containsExactly(List.of("a", "b", "c"));
    assertThat(run(tools, "many d", "many e")).containsExactly("D", "E");
    assertThat(asked).containsExactly(List.of("a", "b", "c"), List.of("d", "e"));
  }

  @Test
  void run_batchedToolWithConflicts_receivesOnlyReadyCalls() throws Exception {
    BlockingQueue<List<String>> asked = new LinkedBlockingQueue<>();
    ToolExecutor<String, String> tools = tools(batched(asked, Access::writes));

    assertThat(run(tools, "many a", "many b", "many a/x", "many b/x", "many a")).containsExactly("A", "B", "A/X",
        "B/X", "A");

    assertThat(asked).containsExactly(List.of("a", "b"), List.of("a/x", "b/x"), List.of("a"));
  }

  @Test
  void run_batchedToolSomeAnswersFail_failsOnlyThoseCalls() throws Exception {
    ToolExecutor<String, String> tools = tools(batched(new LinkedBlockingQueue<>(), argument -> Access.nothing()));

    List<ToolResult<String>> results = tools.run(calls("many a", "many ?", "many 0", "many b"));

    assertThat(results.getFirst()).isEqualTo(new ToolResult.Success<>("many a", "many", "A"));
    assertThat(failure(results.get(1))).hasMessage("which?");
    assertThat(failure(results.get(2))).isInstanceOf(NullPointerException.class);
    assertThat(results.getLast()).isEqualTo(new ToolResult.Success<>("many b", "many", "B"));
  }

  @Test
  void run_batchedToolAllAnswersFail_isADeadLetterWithEachFailure() throws Exception {
    LaneExecutor lanes = lanes();
    AtomicInteger runs = new AtomicInteger();
    Map<String, RuntimeException> thrown = Map.of("a", new IllegalStateException("no a"), "b",
        new IllegalStateException("no b"), "wrong", new ToolException("there is no such file"));
    Tool<String, String> many = Tool.<String, String>batched("many", arguments -> {
      runs.incrementAndGet();
      return arguments.stream().<Callable<String>>map(argument -> () -> {
        throw Objects.requireNonNull(thrown.get(argument));
      }).toList();
    }).lane("execute").accessing(argument -> Access.nothing());
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(many));

    assertThat(tools.run(calls("many a", "many b"))).extracting(ToolExecutorTest::failure)
        .containsExactly(thrown.get("a"), thrown.get("b"));
    assertThat(lanes.deadLetters()).singleElement()
        .satisfies(letter -> assertThat(letter.failures()).containsExactly(thrown.get("a")));

    assertThat(tools.run(calls("many a", "many wrong"))).extracting(ToolExecutorTest::failure)
        .containsExactly(thrown.get("a"), thrown.get("wrong"));
    assertThat(lanes.deadLetters()).hasSize(1);
    assertThat(runs).hasValue(2);
  }

  @Test
  void run_batchedToolTooFewAnswersOrThrows_failsAll() throws Exception {
    Tool<String, String> few = Tool.<String, String>batched("few", arguments -> List.of(() -> "only"))
        .accessing(argument -> Access.nothing());
    Tool<String, String> bad = Tool.<String, String>batched("bad", arguments -> {
      throw new IllegalStateException("no");
    }).accessing(argument -> Access.nothing());

    List<ToolResult<String>> results = tools(few, bad).run(calls("few 1", "few 2", "bad 3", "bad 4"));

    assertThat(results.subList(0, 2)).allSatisfy(result -> assertThat(failure(result))
        .isInstanceOf(IllegalStateException.class).hasMessageContaining("was given 2 calls and returned 1 answers"));
    assertThat(results.subList(2, 4)).allSatisfy(result -> assertThat(failure(result)).hasMessage("no"));
  }
}
