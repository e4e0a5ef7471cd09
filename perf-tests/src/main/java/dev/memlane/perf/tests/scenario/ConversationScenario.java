package dev.memlane.perf.tests.scenario;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingConversations;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Statistics;
import dev.memlane.perf.tests.Verdict.Bar;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A conversation that grows message by message: whether the last messages cost more than the first ones. The window is
 * changed by the calls that are made for it, or handed over as a whole after each message, as frameworks do.
 */
public final class ConversationScenario implements Scenario {

  private static final int MESSAGES = 2_000;
  private static final int SMALL = 400;
  private static final int EDGE = 100;
  private static final int WINDOW = 20;
  private static final int PAYLOAD = 1_000;
  private static final double NANOS_A_MILLI = 1e6;

  private static final String APPEND = "append";
  private static final String REPLACE = "replaceWindow";
  private static final String OF_20 = "window of 20";
  private static final String OF_ALL = "window of all";
  private static final String FIRST = "first 100: p50 ms";
  private static final String LAST = "last 100: p50 ms";
  private static final String LAST_OVER_FIRST = "last over first";

  private int conversations;

  @Override
  public String name() {
    return "conversation";
  }

  @Override
  public String title() {
    return "a conversation of 2,000 messages of 1 kB, appended one by one: the last ones against the first ones";
  }

  @Override
  public void run(Bench bench) throws Exception {
    int messages = bench.size(MESSAGES, SMALL);
    try (Server server = Server.start(bench.directory("data")); MemoryOrchestrator memory = server.memory("chat")) {
      BlockingConversations calls = memory.blocking().conversations();
      bench.race(List.of(
          new Contestant(APPEND, OF_ALL, () -> converse(messages, new Appending(calls, next(), messages))),
          new Contestant(APPEND, OF_20, () -> converse(messages, new Appending(calls, next(), WINDOW))),
          new Contestant(REPLACE, OF_ALL, () -> converse(messages, new Replacing(calls, next(), messages))),
          new Contestant(REPLACE, OF_20, () -> converse(messages, new Replacing(calls, next(), WINDOW)))));
    }
    FindingCollector findings = bench.findings();
    judge(bench, findings, APPEND, OF_ALL);
    judge(bench, findings, APPEND, OF_20);
    judge(bench, findings, REPLACE, OF_20);
    findings.note("A window of all messages that is handed over as a whole is hashed as a whole, which grows with it.");
  }

  private static void judge(Bench bench, FindingCollector findings, String contestant, String window) {
    findings.judge("p50 of the last 100 over p50 of the first 100, " + contestant + ", " + window,
        findings.median(contestant, window, LAST_OVER_FIRST), Bar.atMost(1.2), !bench.quick());
  }

  private Scope next() {
    return Scope.user("ada").withRun("run " + conversations++);
  }

  /** What is done for each message. */
  private interface Way {
    void add(NewMessage message);
  }

  private static Sample converse(int messages, Way way) {
    double[] millis = new double[messages];
    for (int i = 0; i < messages; i++) {
      NewMessage message = NewMessage.of(i % 2 == 0 ? MessageRole.USER : MessageRole.ASSISTANT, null, "json",
          "{\"number\":" + i + ",\"text\":\"" + "x".repeat(PAYLOAD) + "\"}");
      long began = System.nanoTime();
      way.add(message);
      millis[i] = (System.nanoTime() - began) / NANOS_A_MILLI;
    }
    double first = median(millis, 0);
    double last = median(millis, messages - EDGE);
    return new Sample(Map.of(FIRST, first, LAST, last, LAST_OVER_FIRST, last / first));
  }

  private static double median(double[] millis, int from) {
    return Statistics.median(Arrays.stream(millis, from, from + EDGE).boxed().toList());
  }

  /** Appends each message, and lets the oldest one leave. */
  private static final class Appending implements Way {

    private final BlockingConversations calls;
    private final Scope conversation;
    private final int window;
    private final List<Long> inside = new ArrayList<>();

    Appending(BlockingConversations calls, Scope conversation, int window) {
      this.calls = calls;
      this.conversation = conversation;
      this.window = window;
    }

    @Override
    public void add(NewMessage message) {
      for (ConversationMessage stored : calls.append(conversation, List.of(message))) {
        inside.add(stored.position());
      }
      if (inside.size() > window) {
        calls.leaveWindow(conversation, List.of(inside.removeFirst()));
      }
    }
  }

  /** Hands the window over as a whole. */
  private static final class Replacing implements Way {

    private final BlockingConversations calls;
    private final Scope conversation;
    private final int window;
    private final List<NewMessage> inside = new ArrayList<>();

    Replacing(BlockingConversations calls, Scope conversation, int window) {
      this.calls = calls;
      this.conversation = conversation;
      this.window = window;
    }

    @Override
    public void add(NewMessage message) {
      inside.add(message);
      if (inside.size() > window) {
        inside.removeFirst();
      }
      calls.replaceWindow(conversation, inside);
    }
  }
}
