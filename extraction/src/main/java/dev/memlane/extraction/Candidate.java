package dev.memlane.extraction;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.TextForm;
import dev.memlane.model.TimeParser;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A fact that a model has read in a slice, and that is not remembered yet.
 *
 * @param number its number in its slice, from 1 on
 * @param conversation where it was said
 * @param messages the messages that say it, the oldest first; at least one
 * @param about the day or time that it is about, or null
 * @param categories the names of its categories; empty also where there are none to choose from
 */
record Candidate(int number, Scope conversation, String text, FactKind kind, @Nullable String subject, int importance,
    List<ConversationMessage> messages, @Nullable String about, List<String> categories) {

  Candidate {
    messages = List.copyOf(messages);
    categories = List.copyOf(categories);
  }

  /** The key under which it is added: derived from conversation, first message and text, so it is added once. */
  String key() {
    return "fact:" + MemoryId.derive(conversation, messages.getFirst().id() + " " + TextForm.of(text));
  }

  List<FactSource> sources() {
    return messages.stream().map(message -> new FactSource(conversation, message.id())).toList();
  }

  Instant saidAt() {
    return RecordedMessage.saidAt(messages.getLast());
  }

  @Nullable
  Instant aboutTime() {
    return about == null ? null : TimeParser.standard().parse("about", about);
  }

  /** When it happens, or was said. */
  Instant occurredAt() {
    Instant time = aboutTime();
    return time == null ? saidAt() : time;
  }

  /** Since when it is true. A plan or an instruction is one from when it is said, whatever day it is about. */
  Instant validFrom() {
    return kind == FactKind.PLAN || kind == FactKind.INSTRUCTION ? saidAt() : occurredAt();
  }

  /** What is known of it as a fact that is new. */
  Fact fact() {
    return fact(FactChange.ADDED, categories);
  }

  /** What is known of it as a fact that supersedes another. */
  Fact superseding(List<String> newCategories) {
    return fact(FactChange.SUPERSEDED, newCategories);
  }

  private Fact fact(FactChange change, List<String> ofCategories) {
    return new Fact(kind, subject, importance, newest(sources()), about, validFrom(), change, ofCategories);
  }

  /** What is known of a fact that it is added to. */
  Fact addedTo(Fact known, List<String> newCategories) {
    List<FactSource> all = new ArrayList<>(known.sources());
    sources().stream().filter(source -> !all.contains(source)).forEach(all::add);
    return new Fact(known.kind(), known.subject() == null ? subject : known.subject(),
        Math.max(known.importance(), importance), newest(all), about == null ? known.about() : about,
        known.validFrom(), FactChange.UPDATED, newCategories);
  }

  private static List<FactSource> newest(List<FactSource> sources) {
    return sources.subList(Math.max(0, sources.size() - Fact.MOST_SOURCES), sources.size());
  }
}
