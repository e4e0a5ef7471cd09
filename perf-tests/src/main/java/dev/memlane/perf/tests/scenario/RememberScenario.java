package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.extraction.ChatModelPool;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.OpenAiChatModel;
import dev.memlane.extraction.RememberReport;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Verdict.Bar;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.NoteScript;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Remembering many conversations with a model that takes a second to answer, over three keys of eight calls at a time:
 * against what the model allows.
 *
 * <p>
 * A conversation has 20 messages with four facts. At first nothing is known of its user, so the model is asked once. Later the
 * conversation goes on, each fact changes, and the model is asked twice.
 */
public final class RememberScenario implements Scenario {

  private static final NoteScript NOTES = new NoteScript();

  private static final int KEYS = 3;
  private static final int CALLS_PER_KEY = 8;
  private static final int CONVERSATIONS = 240;
  private static final int FEW = 72;
  private static final int MESSAGES = 20;
  private static final int EACH_FIFTH = 5;
  private static final int AT_ONCE = 64;
  private static final int ROUNDS = 3;
  private static final long LATENCY_MILLIS = 1_000;
  private static final double NANOS_A_SECOND = 1e9;
  private static final double PER_CENT = 100;

  private static final String NEW = "new conversations";
  private static final String CONTINUED = "continued, each fact changes";
  private static final String SHARE = "share of what the model allows";
  private static final String PER_SECOND = "conversations a second";
  private static final String CALLS = "calls per 100 messages";
  private static final String TOKENS = "tokens per 100 messages";

  private int round;

  @Override
  public String name() {
    return "remember";
  }

  @Override
  public String title() {
    return "remembering conversations with a model of 1 s latency and 3 keys of 8 calls: against what the model allows";
  }

  @Override
  public void run(Bench bench) throws Exception {
    int count = bench.size(CONVERSATIONS, FEW);
    try (Server server = Server.start(bench.directory("data"));
        MemoryOrchestrator memory = server.builder("remember").embedder(new HashEmbedder()).open();
        Database database = Database.builder(server.jdbcUrl()).schema("remember").open();
        ChatProvider provider = ChatProvider.start(RememberScenario::reply);
        ChatModelPool model = pool(provider);
        MemoryExtractor extractor = MemoryExtractor.builder(memory, database, model).concurrency(AT_ONCE).build()) {
      bench.race(List.of(
          new Contestant("remember", NEW, () -> {
            round++;
            return remember(memory, extractor, count, 1);
          }),
          new Contestant("remember", CONTINUED, () -> remember(memory, extractor, count, 2))), ROUNDS);
    }
    FindingCollector findings = bench.findings();
    for (String which : List.of(NEW, CONTINUED)) {
      findings.judge(SHARE + ", " + which, findings.median("remember", which, SHARE), Bar.atLeast(0.9), !bench.quick());
    }
    findings.note("The model allows " + KEYS * CALLS_PER_KEY + " calls a second.");
  }

  private static ChatModelPool pool(ChatProvider provider) {
    ChatModelPool.Builder pool = ChatModelPool.builder();
    IntStream.range(0, KEYS).forEach(key -> pool.endpoint("key " + key,
        OpenAiChatModel.at(provider.url(), "test").apiKey(ApiKey.of("sk-" + key)).build(),
        ChatModelPool.limits().concurrency(CALLS_PER_KEY)));
    return pool.build();
  }

  /** @param callsEach how often the model is asked for each conversation */
  private Sample remember(MemoryOrchestrator memory, MemoryExtractor extractor, int count, int callsEach) {
    List<Scope> conversations = IntStream.range(0, count)
        .mapToObj(i -> Scope.user("user " + round + "/" + i).withRun("talk")).toList();
    for (Scope conversation : conversations) {
      memory.blocking().conversations().append(conversation, messages(callsEach));
    }
    long began = System.nanoTime();
    List<CompletableFuture<RememberReport>> all = conversations.stream().map(extractor::remember).toList();
    CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
    double seconds = (System.nanoTime() - began) / NANOS_A_SECOND;
    long calls = 0;
    long tokens = 0;
    for (CompletableFuture<RememberReport> each : all) {
      RememberReport report = each.join();
      if (report.facts().size() != MESSAGES / EACH_FIFTH || report.messages() != MESSAGES) {
        throw new IllegalStateException("a conversation was not remembered as it should be: " + report);
      }
      calls += report.usage().calls();
      tokens += report.usage().promptTokens() + report.usage().completionTokens();
    }
    if (calls != (long) count * callsEach) {
      throw new IllegalStateException("the model was asked " + calls + " times for " + count + " conversations");
    }
    double hundreds = (double) count * MESSAGES / PER_CENT;
    return new Sample(Map.of(PER_SECOND, count / seconds, SHARE,
        calls / seconds / (KEYS * CALLS_PER_KEY * (double) TimeUnit.SECONDS.toMillis(1) / LATENCY_MILLIS), CALLS,
        calls / hundreds, TOKENS, tokens / hundreds));
  }

  private static List<NewMessage> messages(int value) {
    List<NewMessage> messages = new ArrayList<>();
    for (int i = 0; i < MESSAGES; i++) {
      String text = i % EACH_FIFTH == 0
          ? "note: subject" + i / EACH_FIFTH + " is value" + value
          : "We talked for a while about the weather and the news of the day, number " + i + ".";
      messages.add(NewMessage.of(i % 2 == 0 ? MessageRole.USER : MessageRole.ASSISTANT, text, "text", ""));
    }
    return messages;
  }

  private static ChatReply reply(ChatQuestion question) {
    return NOTES.apply(question).after(CompletableFuture.runAsync(() -> {},
        CompletableFuture.delayedExecutor(LATENCY_MILLIS, TimeUnit.MILLISECONDS)));
  }
}
