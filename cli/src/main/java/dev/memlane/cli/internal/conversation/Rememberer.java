package dev.memlane.cli.internal.conversation;

import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.extraction.BudgetPause;
import dev.memlane.extraction.ExtractionException;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.RecordedMessage;
import dev.memlane.extraction.RememberReport;
import dev.memlane.extraction.RememberRequest;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.Conversations;
import java.io.IOException;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Appends the conversations of exports or data sets to those of the memory, and has them remembered, several at once. Used once,
 * by one thread.
 *
 * <p>
 * Messages have the same ids whenever they are read, and conversations the same names, so a repeated run appends only what is
 * new; and the extractor goes on where it stopped. The messages do not stay in the window, because they are no part of a
 * conversation with a model that goes on.
 *
 * <p>
 * A conversation whose messages contradict those that are there fails alone. Any other failure ends the run, because it is not
 * the conversation's.
 */
public final class Rememberer {

  private static final String CONTRADICTION = "it was read before with another --me, --time-zone or --format, and messages never "
      + "change; read it as before, or under another name with --run";
  private static final int MOST_CHARACTERS = Conversations.MOST_CHARACTERS / 2;
  private static final int MOST_FAILURES = 1_000;
  private static final long POLL_MILLIS = 100;
  /** A batch is in memory with its messages as little as possible, and a stopped command should have appended little in vain. */
  private static final int MOST_IN_BATCH = 500;

  private final Conversations conversations;
  private final @Nullable MemoryExtractor extractor;
  private final int inFlight;
  private final int batchSize;
  private final LongConsumer progress;
  private final Console console;
  private final StopSignal stop;

  private final List<Appended> batch = new ArrayList<>();
  private final Deque<Pending> pending = new ArrayDeque<>();
  private final List<Failure> failures = new ArrayList<>();
  private long remembered;
  private long done;
  private long failed;
  private @Nullable String ended;

  /**
   * What to read.
   *
   * @param scope whose conversations they are
   * @param run the name of the only conversation; null for the names that the exports give
   * @param user the user's name in chats among people
   */
  public record Request(Scope scope, @Nullable String run, @Nullable String user, ZoneId zone,
      @Nullable ChatFormat format) {}

  /** A conversation that failed alone. */
  public record Failure(String file, String conversation, String error) {}

  /** A conversation that is to be remembered together with others. */
  private record Appended(String file, String run, long messages, Scope chat) {}

  private record Pending(String file, String run, long messages, CompletableFuture<Optional<BudgetPause>> report) {}

  /**
   * @param extractor null to append the messages and no more
   * @param inFlight how many conversations are remembered at once
   * @param perCall how many conversations the extractor reads in one call at most
   * @param progress is notified of how many messages the conversations have that are done
   */
  public Rememberer(Conversations conversations, @Nullable MemoryExtractor extractor, int inFlight,
      int perCall, LongConsumer progress, Console console, StopSignal stop) {
    this.conversations = conversations;
    this.extractor = extractor;
    this.inFlight = inFlight;
    this.batchSize = perCall == 1 ? 1 : Math.min(MOST_IN_BATCH, inFlight * perCall);
    this.progress = progress;
    this.console = console;
    this.stop = stop;
  }

  /** Appends and remembers everything, one export after the other. */
  public void run(List<Path> files, Request request) {
    for (Path file : files) {
      if (ended == null) {
        run(file, request);
      }
    }
    settleAll();
  }

  /**
   * Appends and remembers conversations, by their scopes.
   *
   * @param source what they are from, for messages
   * @param contradiction what it means that messages contradict those that are there, and what to do then
   */
  public void run(String source, Map<Scope, List<RecordedMessage>> conversationsByScope, String contradiction) {
    for (Map.Entry<Scope, List<RecordedMessage>> conversation : conversationsByScope.entrySet()) {
      if (stop.requested()) {
        ended = "stopped";
      }
      if (ended == null) {
        boolean unused = begin(source, conversation.getKey(), conversation.getValue(), contradiction);
      }
    }
    settleAll();
  }

  private void settleAll() {
    if (ended == null) {
      rememberBatch();
    }
    while (!pending.isEmpty()) {
      settle();
    }
  }

  private void run(Path file, Request request) {
    try (ChatExport export = ChatExport.open(file, request.format)) {
      export.read(new Speakers(request.user), request.zone, request.run, conversation -> {
        if (stop.requested()) {
          ended = "stopped";
        }
        return ended == null && begin(file.toString(), request.scope.withRun(conversation.run()),
            conversation.messages(), CONTRADICTION);
      });
    } catch (IOException e) {
      ended = file + " could not be read to its end: " + IoErrors.describe(e);
    }
  }

  private boolean begin(String file, Scope chat, List<RecordedMessage> messages, String contradiction) {
    String name = String.valueOf(chat.run());
    try {
      append(chat, messages);
    } catch (InvalidInputException e) {
      // An export's ids are made of what is said, so the same id with another message has another speaker or time.
      fail(file, name, contradiction);
      return true;
    } catch (MemlaneException e) {
      ended = e.getMessage();
      return false;
    }
    batch.add(new Appended(file, name, messages.size(), chat));
    if (batch.size() >= batchSize) {
      rememberBatch();
    }
    while (pending.size() >= 2 * Math.max(inFlight, batchSize)) {
      settle();
    }
    return ended == null;
  }

  /** Has those that were appended remembered together, so that short ones are read in one call of the model. */
  private void rememberBatch() {
    while (inFlight == 1 && !pending.isEmpty()) {
      // One at a time is one after the other.
      settle();
    }
    if (ended != null) {
      return;
    }
    List<CompletableFuture<RememberReport>> reports = extractor == null
        ? List.of()
        : extractor.rememberAll(batch.stream().map(each -> RememberRequest.of(each.chat)).toList());
    for (int i = 0; i < batch.size(); i++) {
      Appended each = batch.get(i);
      pending.add(new Pending(each.file, each.run, each.messages,
          extractor == null
              ? CompletableFuture.completedFuture(Optional.empty())
              : reports.get(i).thenApply(report -> Optional.ofNullable(report.pause()))));
    }
    batch.clear();
  }

  private void append(Scope chat, List<RecordedMessage> messages) {
    List<NewMessage> chunk = new ArrayList<>();
    long characters = 0;
    for (RecordedMessage message : messages) {
      NewMessage next = message.message();
      if (chunk.size() == Conversations.MOST_MESSAGES
          || !chunk.isEmpty() && characters + next.length() > MOST_CHARACTERS) {
        append(chat, chunk, conversations);
        chunk = new ArrayList<>();
        characters = 0;
      }
      chunk.add(next);
      characters += next.length();
    }
    append(chat, chunk, conversations);
  }

  private static void append(Scope chat, List<NewMessage> chunk, Conversations conversations) {
    List<ConversationMessage> appended = BlockingMemory.await(conversations.append(chat, chunk));
    Void unused = BlockingMemory
        .await(conversations.leaveWindow(chat, appended.stream().map(ConversationMessage::position).toList()));
  }

  private void settle() {
    Pending next = pending.remove();
    try {
      Optional<BudgetPause> pause = await(next.report);
      if (pause.isPresent()) {
        // The others may have been remembered in full meanwhile, and say so when it is their turn.
        ended = ended == null ? describe(pause.get()) : ended;
        return;
      }
      remembered++;
      done += next.messages;
      progress.accept(done);
    } catch (InvalidInputException e) {
      fail(next.file, next.run, String.valueOf(e.getMessage()));
    } catch (MemlaneException e) {
      ended = ended == null ? e.getMessage() : ended;
    }
  }

  /** Waits, and ends what is under way if the program is asked to stop. */
  private Optional<BudgetPause> await(CompletableFuture<Optional<BudgetPause>> report) {
    while (true) {
      try {
        return report.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (stop.requested() && extractor != null) {
          ended = "stopped";
          extractor.close();
        }
      } catch (ExecutionException e) {
        // It fails with the cause.
        return BlockingMemory.await(report);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ExtractionException("interrupted while conversations were remembered", e);
      }
    }
  }

  /** Says for people that the budget is used up, and when it begins anew. */
  public static String describe(BudgetPause pause) {
    return "the budget of " + TextLayout.number(pause.limit()) + " tokens a day is used up; it begins anew at "
        + pause.until();
  }

  private void fail(String file, String conversation, String error) {
    failed++;
    if (failures.size() < MOST_FAILURES) {
      failures.add(new Failure(file, conversation, error));
      console.say(TextLayout.line(file) + ": " + TextLayout.line(conversation) + ": " + error);
    }
  }

  /** How many conversations were done. */
  public long remembered() {
    return remembered;
  }

  public long failed() {
    return failed;
  }

  /** The first {@value #MOST_FAILURES} conversations that failed alone. */
  public List<Failure> failures() {
    return List.copyOf(failures);
  }

  /** Why it ended before the last conversation; null if it did not. */
  public @Nullable String ended() {
    return ended;
  }
}
