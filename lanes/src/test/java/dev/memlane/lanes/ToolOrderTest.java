package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The order of the calls of a list: conflicting ones one after the other, others in parallel. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ToolOrderTest extends ToolExecutorTestCase {

  @Test
  void run_writeThenRead_readsTheNewValue() throws Exception {
    files.put("a", "old");

    assertThat(run(tools(read(), write()), "write a=new", "read a")).containsExactly("written", "new");
  }

  @Test
  void run_readThenWrite_readsTheOldValue() throws Exception {
    files.put("a", "old");

    assertThat(run(tools(read(), write()), "read a", "write a=new")).containsExactly("old", "written");
    assertThat(files).containsEntry("a", "new");
  }

  @Test
  void run_chainOfConflicts_keepsOrder() throws Exception {
    assertThat(run(tools(read(), write(), copy()), "write a=1", "copy a>b", "copy b>c", "copy c>d", "read d"))
        .last().isEqualTo("1");
  }

  @Test
  void run_manyWritesOfOnePath_runOneAfterTheOther() throws Exception {
    AtomicInteger local = new AtomicInteger();
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    ToolExecutor<String, String> tools = tools(Tool.<String, String>of("count", argument -> {
      assertThat(local.incrementAndGet()).isEqualTo(1);
      order.add(argument);
      linger(20);
      local.decrementAndGet();
      return argument;
    }));

    assertThat(run(tools, "count 1", "count 2", "count 3", "count 4", "count 5")).containsExactly("1", "2", "3", "4",
        "5");
    assertThat(order).containsExactly("1", "2", "3", "4", "5");
  }

  @ParameterizedTest
  @CsvSource({"a, a", "a/b, a", "a, a/b", "'', a", "a/b/c, ''"})
  void run_nestedPaths_readWaitsForWrite(String written, String seen) throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    Tool<String, String> write = Tool.<String, String>of("write", argument -> {
      linger(1_000);
      done.set(true);
      return "written";
    }).accessing(argument -> Access.writes(written));
    Tool<String, String> see = Tool.<String, String>of("see", argument -> done.get() ? "new" : "old")
        .accessing(argument -> Access.reads(seen));

    assertThat(run(tools(write, see), "write it", "see it")).containsExactly("written", "new");
  }

  @ParameterizedTest
  @CsvSource({"a, b", "a, ab", "a/b, a/c"})
  void run_separatePaths_readDoesNotWait(String written, String seen) throws Exception {
    CountDownLatch both = new CountDownLatch(2);
    Tool<String, String> write = Tool.<String, String>of("write", argument -> {
      Waits.together(both);
      return "written";
    }).accessing(argument -> Access.writes(written));
    Tool<String, String> see = Tool.<String, String>of("see", argument -> {
      Waits.together(both);
      return "seen";
    }).accessing(argument -> Access.reads(seen));

    assertThat(run(tools(write, see), "write it", "see it")).containsExactly("written", "seen");
  }

  @Test
  void run_noConflicts_runsInParallel() throws Exception {
    CountDownLatch all = new CountDownLatch(4);
    ToolExecutor<String, String> tools = tools(Tool.<String, String>of("meet", argument -> {
      Waits.together(all);
      return argument;
    }).accessing(argument -> Access.reads("the same").and(Access.writes(argument))));

    assertThat(run(tools, "meet 1", "meet 2", "meet 3", "meet 4")).containsExactly("1", "2", "3", "4");
  }

  @Test
  void run_differentPredecessors_waitsOnlyForOwn() throws Exception {
    CountDownLatch slow = new CountDownLatch(1);
    Tool<String, String> first = Tool.<String, String>of("first", argument -> {
      if (argument.equals("a")) {
        Waits.until(slow);
      }
      return argument;
    }).accessing(Access::writes);
    Tool<String, String> then = Tool.<String, String>of("then", argument -> {
      if (argument.equals("b")) {
        slow.countDown();
      }
      return "after " + argument;
    }).accessing(Access::reads);

    assertThat(run(tools(first, then), "first a", "first b", "then a", "then b")).containsExactly("a", "b", "after a",
        "after b");
  }

  @Test
  void run_undeclaredAccess_keepsOrderWithAll() throws Exception {
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    Tool.Handler<String, String> handler = argument -> {
      linger(100);
      order.add(argument);
      return argument;
    };

    run(tools(Tool.<String, String>of("reads", handler).accessing(Access::reads), Tool.of("anything", handler)),
        "reads 1", "anything 2", "reads 3");

    assertThat(order).containsExactly("1", "2", "3");
  }

  @Test
  void run_laneConcurrencyTwo_runsAtMostTwo() throws Exception {
    AtomicInteger local = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes(8, execute().concurrency(2)),
        List.of(independent("count", argument -> {
          most.accumulateAndGet(local.incrementAndGet(), Math::max);
          linger(50);
          local.decrementAndGet();
          return argument;
        })));

    assertThat(run(tools, "count 1", "count 2", "count 3", "count 4", "count 5", "count 6")).containsExactly("1", "2",
        "3", "4", "5", "6");
    assertThat(most).hasValueBetween(1, 2);
  }
}
