package dev.memlane.cli.internal.conversation;

import dev.memlane.archive.LineReader;
import dev.memlane.cli.internal.terminal.InputException;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A reader of the text that WhatsApp exports of one chat. Lines of WhatsApp's own, such as who has joined, and messages that
 * are nothing but media are left out.
 *
 * <p>
 * <b>Dates.</b> 3/4/24 is a day of March or of April. All dates together decide: a number above 12 is a day; otherwise the
 * order in which the times ascend is the right one; and otherwise it is month first if there is "AM" or "PM" with slashes, or
 * else day first. The times are those of the phone's zone, which the file does not say.
 */
final class WhatsAppReader implements ConversationReader {

  private static final int FIRST_YEAR = 2000;
  private static final int MOST_HEADS = 1_000_000;
  private static final int LONGEST_PLACEHOLDER = 60;
  /** A text of WhatsApp's own that stands for media, in any language: {@code <Media omitted>}. */
  private static final Pattern PLACEHOLDER = Pattern.compile("\u200E?<[^<>\n]{3,58}>");
  private static final Pattern EDITED = Pattern.compile(" ?\u200E?<This message was edited>$");
  private static final Set<String> DELETED = Set.of("this message was deleted", "this message was deleted.",
      "you deleted this message", "you deleted this message.", "null");

  private final LineReader lines;
  private final Speakers speakers;
  private final ZoneId zone;

  private record Said(WhatsAppLine head, String text) {}

  /** The order of the numbers in a date. */
  private enum Order {
    DAY_FIRST, MONTH_FIRST, YEAR_FIRST
  }

  WhatsAppReader(LineReader lines, Speakers speakers, ZoneId zone) {
    this.lines = lines;
    this.speakers = speakers;
    this.zone = zone;
  }

  /** Whether one of the first lines of a text begins a message. */
  static boolean isLikely(String begin) {
    return begin.lines().limit(20)
        .anyMatch(line -> WhatsAppLine.read(line.startsWith("\uFEFF") ? line.substring(1) : line).isPresent());
  }

  @Override
  public void read(Sink sink) throws IOException {
    List<Said> said = said();
    Order order = order(said.stream().map(Said::head).toList());
    ConversationCollector messages = new ConversationCollector();
    for (Said each : said) {
      WhatsAppLine head = each.head;
      String text = EDITED.matcher(each.text).replaceFirst("");
      if (head.name() != null && isSaid(text)) {
        messages.add(head.source(), speakers.party(head.name()), head.name(), time(head, order), text);
      }
    }
    if (!messages.isEmpty()) {
      boolean unused = sink.accept(
          messages.named(ConversationCollector.run(ChatFormat.WHATSAPP,
              ConversationCollector.shortHash(messages.firstId().toString()))));
    }
  }

  private List<Said> said() throws IOException {
    List<Said> said = new ArrayList<>();
    WhatsAppLine head = null;
    StringBuilder text = new StringBuilder();
    for (LineReader.Line line = lines.next(); line != null; line = lines.next()) {
      if (line.problem() != null) {
        throw new InputException("line " + line.number() + ": " + line.problem());
      }
      Optional<WhatsAppLine> begins = WhatsAppLine.read(line.text());
      if (begins.isEmpty()) {
        if (head == null && !line.text().isBlank()) {
          throw new InputException(
              "line " + line.number() + " does not begin as WhatsApp's messages do, with a date and a time");
        }
        text.append('\n').append(line.text());
        continue;
      }
      if (head != null) {
        said.add(new Said(head, text.toString().strip()));
      }
      if (said.size() == MOST_HEADS) {
        throw new InputException("it has more than " + MOST_HEADS + " messages; split it");
      }
      head = begins.get();
      text = new StringBuilder(head.text());
    }
    if (head == null) {
      throw new InputException("there is no message in it");
    }
    said.add(new Said(head, text.toString().strip()));
    return said;
  }

  /** Whether it is said by a person: no media, nothing deleted, and nothing that is marked as WhatsApp's own. */
  private static boolean isSaid(String text) {
    boolean own = text.indexOf(WhatsAppLine.MARK) == 0;
    return !own && !(text.length() <= LONGEST_PLACEHOLDER && PLACEHOLDER.matcher(text).matches())
        && !DELETED.contains(text.toLowerCase(Locale.ROOT));
  }

  private Order order(List<WhatsAppLine> heads) throws InputException {
    if (heads.stream().anyMatch(head -> head.numbers()[0] > 31)) {
      return Order.YEAR_FIRST;
    }
    boolean dayFirst = heads.stream().anyMatch(head -> head.numbers()[0] > 12);
    boolean monthFirst = heads.stream().anyMatch(head -> head.numbers()[1] > 12);
    if (dayFirst && monthFirst) {
      throw new InputException("its dates have neither the day first everywhere, nor the month");
    }
    if (dayFirst || monthFirst) {
      return dayFirst ? Order.DAY_FIRST : Order.MONTH_FIRST;
    }
    long backwardsByDay = backwards(heads, Order.DAY_FIRST);
    long backwardsByMonth = backwards(heads, Order.MONTH_FIRST);
    return backwardsByDay == backwardsByMonth && heads.getFirst().isAmerican() || backwardsByMonth < backwardsByDay
        ? Order.MONTH_FIRST
        : Order.DAY_FIRST;
  }

  /** How often a message would be earlier than the one before it. */
  private long backwards(List<WhatsAppLine> heads, Order order) {
    long count = 0;
    Instant before = Instant.MIN;
    for (WhatsAppLine head : heads) {
      Instant time = time(head, order);
      if (time != null) {
        count += time.isBefore(before) ? 1 : 0;
        before = time;
      }
    }
    return count;
  }

  private @Nullable Instant time(WhatsAppLine head, Order order) {
    int[] numbers = head.numbers();
    int year = order == Order.YEAR_FIRST ? numbers[0] : numbers[2];
    int month = order == Order.MONTH_FIRST ? numbers[0] : numbers[1];
    int day = order == Order.YEAR_FIRST ? numbers[2] : order == Order.MONTH_FIRST ? numbers[1] : numbers[0];
    try {
      return ExportJson.known(LocalDateTime
          .of(year < 100 ? FIRST_YEAR + year : year, month, day, head.hour(), head.minute(), head.second())
          .atZone(zone).toInstant());
    } catch (DateTimeException e) {
      // No such day: the message has no time that can be read, which is no reason to leave it out.
      return null;
    }
  }
}
