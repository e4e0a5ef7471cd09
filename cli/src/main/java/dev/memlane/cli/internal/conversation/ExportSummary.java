package dev.memlane.cli.internal.conversation;

import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.extraction.QuestionEstimate;
import dev.memlane.extraction.RecordedMessage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What an export holds.
 *
 * @param first when its first message was said; null if it has no times
 * @param tokens about how many tokens the questions about all of it have
 * @param needsUser whether people speak in it, and it is not known which of them is the user
 * @param speakers the other people who speak in it, if they have names
 */
public record ExportSummary(Path file, ChatFormat format, long conversations, long messages, @Nullable Instant first,
    @Nullable Instant last, long tokens, boolean needsUser, List<String> speakers) {

  public ExportSummary {
    speakers = List.copyOf(speakers);
  }

  /** Reads an export to its end, or until it is asked to stop. */
  public static ExportSummary of(Path file, ChatExport export, Speakers speakers, ZoneId zone,
      QuestionEstimate estimate, BooleanSupplier stopped)
      throws IOException {
    Counter counter = new Counter(estimate);
    export.read(speakers, zone, null, conversation -> {
      counter.add(conversation);
      return !stopped.getAsBoolean();
    });
    return new ExportSummary(file, export.format(), counter.conversations, counter.messages, counter.first,
        counter.last, counter.estimate.tokens(), export.format().isAmongPeople() && !speakers.heardUser(),
        List.copyOf(speakers.others()));
  }

  private static final class Counter {

    private final QuestionEstimate estimate;
    private long conversations;
    private long messages;
    private @Nullable Instant first;
    private @Nullable Instant last;

    private Counter(QuestionEstimate estimate) {
      this.estimate = estimate;
    }

    void add(ExportedConversation conversation) {
      conversations++;
      estimate.beginConversation();
      for (RecordedMessage message : conversation.messages()) {
        messages++;
        estimate.add(message.text());
        Instant time = message.saidAt();
        if (time != null) {
          first = first == null || time.isBefore(first) ? time : first;
          last = last == null || time.isAfter(last) ? time : last;
        }
      }
    }
  }

  /** The summary on one line, for people. */
  public String line() {
    String times = first == null || last == null
        ? "without times"
        : TextLayout.minute(first) + " to " + TextLayout.minute(last);
    return TextLayout.line(file.toString()) + ": " + format.word() + ", " + counted(conversations, "conversation")
        + ", "
        + counted(messages, "message") + ", " + times + ", about " + TextLayout.number(tokens) + " tokens";
  }

  private static String counted(long count, String what) {
    return TextLayout.number(count) + " " + what + (count == 1 ? "" : "s");
  }

  public Map<String, @Nullable Object> json() {
    return Json.object("file", file.toString(), "format", format.word(), "conversations", conversations, "messages",
        messages, "first", Json.text(first), "last", Json.text(last), "tokens", tokens, "speakers", speakers);
  }
}
