package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.conversation.ChatExport;
import dev.memlane.cli.internal.conversation.ChatFormat;
import dev.memlane.cli.internal.conversation.ExportSummary;
import dev.memlane.cli.internal.conversation.RememberCounts;
import dev.memlane.cli.internal.conversation.Rememberer;
import dev.memlane.cli.internal.conversation.Speakers;
import dev.memlane.cli.internal.data.LocalMemory;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.ProgressBar;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.extraction.BudgetPause;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.ConversationDeadLetter;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.RememberMode;
import dev.memlane.extraction.RememberReport;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.storage.postgres.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that remembers the conversations of chat exports. */
@Command(name = "remember", description = "Reads conversations of chat exports by a chat model, and keeps what matters as memories. A repeated run resumes where it stopped.", footer = {
    "", "An export is a file, a folder or a zip archive of ChatGPT, Claude, WhatsApp, Telegram or Slack, or",
    "a list of messages of OpenAI's API or of LangChain4j; files may be packed by gzip or zstd. The format",
    "is found out from what is in it. Each conversation is kept under --user and --agent, with a run that",
    "is made from the export. Reading it again, also with more messages in it, adds only what is new.",
    "In chats among people, --me says which of them is the user. The texts of the messages are sent to",
    "the model, and its provider may ask a price for that; --dry-run says how much there is, and sends",
    "nothing. A part that could not be remembered is a dead letter: it is listed, tried again or dropped.",
    "The exit status is 1 if there is one.", "", "Examples:", "  memlane remember conversations.json --dry-run",
    "  memlane remember conversations.json --user ada --chat-model gpt-5-mini",
    "  memlane remember chat.txt --user ada --me \"Ada Byron\" --chat-url http://localhost:11434/v1",
    "  memlane remember --dead-letters --user ada"})
final class RememberCommand implements Callable<Integer> {

  private static final int MOST_LISTED = 1_000;
  private static final int MOST_PER_CALL = 50;
  private static final int MOST_SPEAKERS = 20;
  private static final String ALL = "all";
  private static final String HOW = "the server reads no chat exports; stop it, or read them where the data is not in use";

  private final CommandContext context;

  @Parameters(arity = "0..*", paramLabel = "FILE", description = "The exports.")
  private List<Path> files = new ArrayList<>();

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--format", paramLabel = "FORMAT", order = 10, description = "What the exports are: chatgpt, claude, whatsapp, telegram, slack, openai or langchain4j (default: found out from what is in them).")
  private @Nullable ChatFormat format;

  @Option(names = "--me", paramLabel = "NAME", order = 11, description = "The user's name in chats among people: of WhatsApp, Telegram and Slack.")
  private @Nullable String me;

  @Option(names = "--time-zone", paramLabel = "ZONE", order = 12, description = "The zone of WhatsApp's times, such as Europe/Lisbon (default: that of this system).")
  private @Nullable String zone;

  @Option(names = "--dry-run", order = 13, description = "Say what is in the exports, and do nothing.")
  private boolean dryRun;

  @Option(names = "--messages-only", order = 14, description = "Keep the conversations, and have no model read them. A later run without this option goes on with that.")
  private boolean messagesOnly;

  @Option(names = "--mode", descriptionKey = SettingNames.CHAT_MODE, paramLabel = "MODE", order = 15, description = "What becomes memories: facts, messages as they are, or both (default: facts). For messages alone no model is asked.")
  private RememberMode mode = RememberMode.FACTS;

  @Mixin
  private final ChatOptions chat = new ChatOptions();

  @Option(names = "--conversations-per-call", descriptionKey = SettingNames.CHAT_CONVERSATIONS_PER_CALL, paramLabel = "NUMBER", order = 28, description = "How many short conversations the model reads in one call at most (default: 10). With 1, each is read alone.")
  private int conversationsPerCall = 10;

  @Option(names = "--dead-letters", order = 30, description = "List what could not be remembered, the newest first.")
  private boolean deadLetters;

  @Option(names = "--retry", paramLabel = "ID", order = 31, description = "Try a dead letter again, by its id in that list; 'all' tries each.")
  private @Nullable String retried;

  @Option(names = "--drop", paramLabel = "ID", order = 32, description = "Destroy a dead letter; 'all' destroys each. Its messages stay.")
  private @Nullable String dropped;

  RememberCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    int deeds = (files.isEmpty() ? 0 : 1) + (deadLetters ? 1 : 0) + (retried == null ? 0 : 1)
        + (dropped == null ? 0 : 1);
    if (deeds != 1) {
      throw new UsageException(deeds == 0
          ? "name the exports, or give --dead-letters, --retry or --drop"
          : "files, --dead-letters, --retry and --drop don't go together");
    }
    if (!files.isEmpty()) {
      return rememberFiles();
    }
    context.requireNoServer(HOW);
    try (LocalMemory memory = context.openHere(context.dataDirectory(), false); Database database = database(memory)) {
      if (retried != null) {
        return retry(memory, database, retried);
      }
      try (MemoryExtractor extractor = MemoryExtractor.builder(memory.memory(), database, new NoModel()).build()) {
        return dropped == null ? list(extractor) : drop(extractor, dropped);
      }
    }
  }

  // Files

  private int rememberFiles() {
    ZoneId timeZone = timeZone();
    int unused = conversationsPerCall();
    if (dryRun) {
      List<ExportSummary> summaries = survey(timeZone);
      context.answer(() -> summaries.stream().map(ExportSummary::json).toList(),
          () -> summaries.forEach(this::print));
      return 0;
    }
    Scope within = scope.scope();
    if (within == null || within.user() == null && within.agent() == null) {
      throw new UsageException("whose conversations are they: give --user, --agent or both");
    }
    context.requireNoServer(HOW);
    try (ChatModel model = messagesOnly || mode == RememberMode.MESSAGES
        ? new NoModel()
        : chat.open(context.environment())) {
      List<ExportSummary> summaries = survey(timeZone);
      requireUser(summaries);
      long conversations = summaries.stream().mapToLong(ExportSummary::conversations).sum();
      if (scope.run() != null && conversations > 1) {
        throw new UsageException("--run names one conversation, and these are "
            + TextLayout.number(conversations) + "; leave it out");
      }
      if (context.stop().requested()) {
        throw new CommandFailure("stopped; nothing was remembered");
      }
      var request = new Rememberer.Request(new Scope(within.user(), within.agent(), null), scope.run(), me, timeZone,
          format);
      return remember(summaries, request, model);
    }
  }

  private int conversationsPerCall() {
    if (conversationsPerCall < 1 || conversationsPerCall > MOST_PER_CALL) {
      throw new UsageException("--conversations-per-call is " + conversationsPerCall + "; it must be 1 to "
          + MOST_PER_CALL);
    }
    return conversationsPerCall;
  }

  private ZoneId timeZone() {
    try {
      return zone == null ? ZoneId.systemDefault() : ZoneId.of(zone);
    } catch (DateTimeException e) {
      throw new UsageException("--time-zone is " + zone + "; it must be a zone such as Europe/Lisbon or +01:00", e);
    }
  }

  /** Reads all exports to their end, so that a damaged one is refused before anything is done. */
  private List<ExportSummary> survey(ZoneId timeZone) {
    List<ExportSummary> summaries = new ArrayList<>();
    for (Path file : files) {
      if (!Files.exists(file)) {
        throw new CommandFailure(file + ": there is no such file");
      }
      try (ChatExport export = ChatExport.open(file, format)) {
        summaries.add(ExportSummary.of(file, export, new Speakers(me), timeZone, chat.estimate(),
            context.stop()::requested));
      } catch (IOException e) {
        throw new CommandFailure(TextLayout.line(file.toString()) + ": " + IoErrors.describe(e), e);
      }
    }
    return summaries;
  }

  private void requireUser(List<ExportSummary> summaries) {
    for (ExportSummary summary : summaries) {
      if (summary.needsUser()) {
        String speakers = summary.speakers().stream().limit(MOST_SPEAKERS).map(TextLayout::line)
            .collect(Collectors.joining(", "));
        throw new UsageException(TextLayout.line(summary.file().toString()) + ": " + (me == null
            ? "people talk in it; say with --me which of them is the user"
            : "nobody in it is called " + TextLayout.line(me) + "; --me names one of those who speak in it")
            + (speakers.isEmpty() ? "" : ": " + speakers));
      }
    }
  }

  private void print(ExportSummary summary) {
    context.print(summary.line());
    if (!summary.speakers().isEmpty()) {
      context.print("  speakers: " + summary.speakers().stream().limit(MOST_SPEAKERS).map(TextLayout::line)
          .collect(Collectors.joining(", ")));
    }
  }

  private int remember(List<ExportSummary> summaries, Rememberer.Request request, ChatModel model) {
    long start = System.nanoTime();
    RememberCounts counts = new RememberCounts();
    try (LocalMemory memory = context.openHere(context.dataDirectory(), false); Database database = database(memory)) {
      long total = summaries.stream().mapToLong(ExportSummary::messages).sum();
      Rememberer rememberer;
      try (ProgressBar bar = ProgressBar.start(context.console(), "Remembering", " messages", total)) {
        LongAccumulator done = new LongAccumulator(Math::max, 0);
        LongConsumer progress = messages -> {
          done.accumulate(messages);
          bar.at(done.get());
        };
        try (MemoryExtractor extractor = chat.extractor(memory.memory(), database, model).mode(mode)
            .conversationsPerCall(conversationsPerCall())
            .onSlice(slice -> progress.accept(counts.add(slice))).build()) {
          rememberer = new Rememberer(memory.memory().conversations(), messagesOnly ? null : extractor,
              chat.concurrency(), conversationsPerCall(), progress, context.console(), context.stop());
          rememberer.run(files, request);
        }
      }
      return answer(summaries, rememberer, counts, System.nanoTime() - start);
    }
  }

  private int answer(List<ExportSummary> summaries, Rememberer rememberer, RememberCounts counts, long nanoseconds) {
    long messages = summaries.stream().mapToLong(ExportSummary::messages).sum();
    context.answer(() -> {
      Map<String, @Nullable Object> json = Json.object("files", summaries.stream().map(ExportSummary::json).toList(),
          "conversations", rememberer.remembered(), "failed", rememberer.failed());
      json.putAll(counts.json());
      json.put("failures", rememberer.failures().stream().map(failure -> Json.object("file", failure.file(),
          "conversation", failure.conversation(), "error", failure.error())).toList());
      json.put("seconds", Json.seconds(nanoseconds));
      json.put("ended", rememberer.ended());
      return json;
    }, () -> {
      summaries.forEach(summary -> context.print(summary.line()));
      context
          .print(String.format(Locale.ROOT, "%,d conversation%s %s, %,d failed; %,d messages in the exports (%.1f s)",
              rememberer.remembered(), rememberer.remembered() == 1 ? "" : "s", messagesOnly ? "kept" : "remembered",
              rememberer.failed(), messages,
              nanoseconds / 1e9));
      if (!messagesOnly) {
        context.print(counts.summary());
      }
    });
    sayDeadLetters(counts);
    String ended = rememberer.ended();
    if (ended != null) {
      context.console().say("memlane: ended early: " + ended + ". Run it again to resume.");
    }
    return ended == null && rememberer.failed() == 0 && counts.deadLetters() == 0 ? 0 : 1;
  }

  private void sayDeadLetters(RememberCounts counts) {
    if (counts.deadLetters() > 0) {
      context.console().say("memlane: " + TextLayout.number(counts.deadLetters())
          + (counts.deadLetters() == 1 ? " part" : " parts")
          + " could not be remembered; 'memlane remember --dead-letters' says why");
    }
  }

  private static Database database(LocalMemory memory) {
    return memory.database().orElseThrow(() -> new CommandFailure("this data is not that of a directory")).open();
  }

  // Dead letters

  private List<ConversationDeadLetter> found(MemoryExtractor extractor) {
    return BlockingMemory.await(extractor.deadLetters(scope.scope(), MOST_LISTED));
  }

  private static String id(ConversationDeadLetter dead) {
    return dead.number() + "-" + dead.after();
  }

  private int list(MemoryExtractor extractor) {
    List<ConversationDeadLetter> dead = found(extractor);
    context.answer(() -> dead.stream().map(each -> Json.object("id", id(each), "user", each.conversation().user(),
        "agent", each.conversation().agent(), "run", each.conversation().run(), "after", each.after(), "last",
        each.last(), "step", each.step(), "reason", each.reason(), "failedAt", Json.text(each.failedAt()))).toList(),
        () -> {
          dead.forEach(each -> context.print(id(each) + "  " + TextLayout.minute(each.failedAt()) + "  "
              + TextLayout.line(each.conversation().toString()) + "  " + TextLayout.line(each.reason())));
          if (dead.isEmpty()) {
            context.print("There are no dead letters.");
          }
        });
    return 0;
  }

  private List<ConversationDeadLetter> named(MemoryExtractor extractor, String id) {
    List<ConversationDeadLetter> found = found(extractor);
    List<ConversationDeadLetter> named = id.equals(ALL)
        ? found
        : found.stream().filter(each -> id(each).equals(id)).toList();
    if (named.isEmpty() && !id.equals(ALL)) {
      throw new CommandFailure("there is no dead letter " + TextLayout.shortened(id, MOST_SPEAKERS)
          + "; --dead-letters lists them");
    }
    return named;
  }

  private int drop(MemoryExtractor extractor, String id) {
    long gone = named(extractor, id).stream().filter(dead -> BlockingMemory.await(extractor.drop(dead))).count();
    context.answer(() -> Json.object("dropped", gone), () -> context.print("Dropped: " + TextLayout.number(gone)));
    return 0;
  }

  private int retry(LocalMemory memory, Database database, String id) {
    RememberCounts counts = new RememberCounts();
    try (ChatModel model = chat.open(context.environment());
        MemoryExtractor extractor = chat.extractor(memory.memory(), database, model).mode(mode).onSlice(counts::add)
            .build()) {
      List<ConversationDeadLetter> dead = named(extractor, id);
      BudgetPause pause = null;
      for (ConversationDeadLetter each : dead) {
        if (context.stop().requested()) {
          break;
        }
        RememberReport report = BlockingMemory.await(extractor.retry(each));
        pause = report.pause();
        if (pause != null) {
          break;
        }
      }
      context.answer(() -> {
        Map<String, @Nullable Object> json = Json.object("retried", dead.size());
        json.putAll(counts.json());
        return json;
      }, () -> {
        context.print("Tried again: " + TextLayout.number(dead.size()));
        context.print(counts.summary());
      });
      sayDeadLetters(counts);
      if (pause != null) {
        context.console().say("memlane: ended early: " + Rememberer.describe(pause) + ".");
      }
      return pause == null && counts.deadLetters() == 0 ? 0 : 1;
    }
  }
}
