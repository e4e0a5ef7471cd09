package dev.memlane.perf.tests.scenario;

import static dev.memlane.perf.tests.Verdict.Bar.atMost;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ChatMessageDeserializer;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.langchain4j.MemlaneChatMemory;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MessagePage;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Plot;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A long conversation with tool calls through LangChain4j's interface of chat memories, message by message: whether the
 * last messages take as long as the first, whether all are exact in a process that opens the memory again, and whether a
 * search ever returns JSON.
 */
public final class ChatMemoryScenario implements Scenario {

  private static final int LENGTH = 2_000;
  private static final int SHORT_LENGTH = 400;
  private static final int EDGE = 100;
  private static final int WINDOW = 20;
  private static final double NANOS_A_MILLI = 1e6;
  private static final String KEPT = "chat memory";
  private static final String REMEMBERED = "chat memory that remembers what leaves";
  private static final String FIRST = "p50 ms, first " + EDGE;
  private static final String LAST = "p50 ms, last " + EDGE;

  @Override
  public String name() {
    return "chat-memory";
  }

  @Override
  public String title() {
    return "a conversation of 2,000 messages with tool calls through LangChain4j, window of " + WINDOW
        + ": the last " + EDGE + " appends against the first";
  }

  @Override
  public void run(Bench bench) throws Exception {
    int length = bench.size(LENGTH, SHORT_LENGTH);
    List<ChatMessage> messages = messages(length);
    try (Server server = Server.start(bench.directory("data"))) {
      for (String contestant : List.of(KEPT, REMEMBERED)) {
        // The first conversation warms up; each has a memory of its own.
        for (int round = 0; round <= bench.rounds(); round++) {
          bench.say(contestant + ", conversation " + round + " of " + bench.rounds());
          double[] millis = converse(server, contestant, round, messages);
          if (round > 0) {
            add(bench.findings(), contestant, millis);
          }
          if (round == bench.rounds()) {
            bench.findings().plot(new Plot("Time of each append, " + contestant, "message", "milliseconds", false, true,
                List.of(line(millis))));
          }
        }
        FindingCollector findings = bench.findings();
        findings.judge("p50 of the last " + EDGE + " appends over p50 of the first, " + contestant,
            FindingCollector.ratio(findings.rounds(contestant, "", LAST), findings.rounds(contestant, "", FIRST)),
            atMost(1.3), !bench.quick());
      }
    }
    bench.findings()
        .note(length + " messages, exact after opening the memory again, and no search found JSON; otherwise "
            + "the scenario would have failed.");
  }

  private static double[] converse(Server server, String contestant, int round, List<ChatMessage> messages) {
    String schema = "c" + (contestant.equals(KEPT) ? "k" : "r") + round;
    Scope ada = Scope.user("ada");
    double[] millis = new double[messages.size()];
    try (MemoryOrchestrator memory = open(server, schema)) {
      MemlaneChatMemory chat = MemlaneChatMemory.builder(memory).owner(ada).maxMessages(WINDOW)
          .rememberEvicted(contestant.equals(REMEMBERED)).build("7");
      for (int i = 0; i < millis.length; i++) {
        long began = System.nanoTime();
        chat.add(messages.get(i));
        millis[i] = (System.nanoTime() - began) / NANOS_A_MILLI;
      }
    }
    try (MemoryOrchestrator memory = open(server, schema)) {
      MemlaneChatMemory chat = MemlaneChatMemory.builder(memory).owner(ada).maxMessages(messages.size()).build("7");
      check(memory, chat, messages, contestant.equals(REMEMBERED));
    }
    return millis;
  }

  private static MemoryOrchestrator open(Server server, String schema) {
    return server.builder(schema).embedder(new HashEmbedder()).open();
  }

  private static void check(MemoryOrchestrator memory, MemlaneChatMemory chat, List<ChatMessage> messages,
      boolean remembering) {
    List<ConversationMessage> log = new ArrayList<>();
    Long next = 0L;
    while (next != null) {
      MessagePage page = memory.conversations().messages(chat.scope(), next, 1_000).join();
      log.addAll(page.messages());
      next = page.next();
    }
    List<ChatMessage> kept = log.stream()
        .map(message -> ChatMessageDeserializer.messageFromJson(message.payload())).toList();
    require(kept.equals(messages), "the log is not what was said");
    List<ChatMessage> window = chat.messages();
    require(messages.subList(messages.size() - window.size(), messages.size()).equals(window),
        "the window is not the end of what was said");
    for (String query : List.of("secret argument", "secret result", "hits", "look for answer 7")) {
      List<SearchHit> hits = memory.blocking().search(SearchRequest.of(query, chat.scope()));
      require(remembering != hits.isEmpty(), "remembered: " + !hits.isEmpty());
      require(hits.stream().noneMatch(hit -> hit.memory().content().contains("{")), "a search found JSON");
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalStateException(otherwise);
    }
  }

  private static void add(FindingCollector findings, String contestant, double[] millis) {
    findings.add(contestant, "", FIRST, median(Arrays.copyOf(millis, EDGE)));
    findings.add(contestant, "", LAST, median(Arrays.copyOfRange(millis, millis.length - EDGE, millis.length)));
    findings.add(contestant, "", Sample.PER_SECOND, millis.length / Arrays.stream(millis).sum() * 1_000);
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }

  private static Plot.Line line(double[] millis) {
    List<Double> numbers = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    for (int i = 0; i + WINDOW <= millis.length; i += WINDOW) {
      numbers.add((double) i);
      values.add(median(Arrays.copyOfRange(millis, i, i + WINDOW)));
    }
    return new Plot.Line("median of " + WINDOW, numbers, values);
  }

  /** Of five messages, two are a call of a tool and its result. */
  private static List<ChatMessage> messages(int length) {
    List<ChatMessage> messages = new ArrayList<>();
    while (messages.size() < length) {
      int number = messages.size();
      ToolExecutionRequest call = ToolExecutionRequest.builder().id("call-" + number).name("memory_search")
          .arguments("{\"query\": \"secret argument " + number + "\"}").build();
      messages.add(UserMessage.from("Please look for answer " + number));
      messages.add(AiMessage.from("I look for it", List.of(call)));
      messages.add(ToolExecutionResultMessage.builder().id(call.id()).toolName(call.name())
          .text("{\"hits\": [\"secret result " + number + "\"]}").isError(false).build());
      messages.add(AiMessage.from("The answer is " + number));
      messages.add(UserMessage.from("Thanks, that was number " + number));
    }
    return List.copyOf(messages.subList(0, length));
  }
}
