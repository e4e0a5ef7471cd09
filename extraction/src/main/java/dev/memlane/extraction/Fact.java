package dev.memlane.extraction;

import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a fact besides its text: a typed view of the metadata of a memory that was made from a conversation.
 *
 * <p>
 * The metadata have these keys, which may be used in filters and stay as they are:
 *
 * <table>
 * <caption>Metadata of a fact</caption>
 * <tr><td>{@value #KIND}</td><td>{@link FactKind#word}</td></tr>
 * <tr><td>{@value #SUBJECT}</td><td>who or what it is about; missing if the model did not say</td></tr>
 * <tr><td>{@value #IMPORTANCE}</td><td>1 to 5</td></tr>
 * <tr><td>{@value #SOURCES}</td><td>a list: for each message the id, a blank, and the run of its conversation</td></tr>
 * <tr><td>{@value #ABOUT}</td><td>the day or time that it is about, ISO 8601; missing if there is none</td></tr>
 * <tr><td>{@value #VALID_FROM}</td><td>since when it is true, ISO 8601 in UTC</td></tr>
 * <tr><td>{@value #CHANGE}</td><td>{@link FactChange#word}</td></tr>
 * <tr><td>{@value #CATEGORIES}</td><td>a list of the {@linkplain FactCategory#name names of its categories}; missing if it has
 * none</td></tr>
 * </table>
 *
 * @param subject who or what it is about, or null
 * @param importance 1 (a detail) to 5 (must never be forgotten)
 * @param sources the messages that say it, the oldest first; at most {@value #MOST_SOURCES}, the newest ones
 * @param about the day or time that it is about, as {@link TimeParser#standard} reads it, or null
 * @param validFrom since when it is true
 * @param categories the names of its categories, each once; at most {@value #MOST_CATEGORIES}
 */
public record Fact(FactKind kind, @Nullable String subject, int importance, List<FactSource> sources,
    @Nullable String about, Instant validFrom, FactChange change, List<String> categories) {

  /** The key of the kind; every fact has it, so {@code Filter.exists(Fact.KIND)} finds facts alone. */
  public static final String KIND = "fact.kind";
  /** The key of the subject. */
  public static final String SUBJECT = "fact.subject";
  /** The key of the importance. */
  public static final String IMPORTANCE = "fact.importance";
  /** The key of the sources. */
  public static final String SOURCES = "fact.sources";
  /** The key of the time that it is about. */
  public static final String ABOUT = "fact.about";
  /** The key of the time since when it is true. */
  public static final String VALID_FROM = "fact.validFrom";
  /** The key of the change. */
  public static final String CHANGE = "fact.change";

  /** The key of the categories; {@code Filter.equal(Fact.CATEGORIES, "diet")} finds the facts of one. */
  public static final String CATEGORIES = "fact.categories";

  private static final Set<String> KEYS = Set.of(KIND, SUBJECT, IMPORTANCE, SOURCES, ABOUT, VALID_FROM, CHANGE,
      CATEGORIES);

  /** The most sources that are kept. */
  public static final int MOST_SOURCES = 100;
  /** The most categories that a fact may have. */
  public static final int MOST_CATEGORIES = FactCategory.MOST;
  /** The longest subject, in characters. */
  public static final int LONGEST_SUBJECT = 255;
  /** The greatest importance. */
  public static final int HIGHEST_IMPORTANCE = 5;

  /** @throws InvalidInputException if a value is out of its range */
  public Fact {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(validFrom, "validFrom");
    Objects.requireNonNull(change, "change");
    sources = List.copyOf(sources);
    categories = categories.stream().distinct().toList();
    if (categories.size() > MOST_CATEGORIES) {
      throw new InvalidInputException(
          "a fact has " + categories.size() + " categories; the limit is " + MOST_CATEGORIES);
    }
    if (importance < 1 || importance > HIGHEST_IMPORTANCE) {
      throw new InvalidInputException("the importance is " + importance + "; it must be 1 to " + HIGHEST_IMPORTANCE);
    }
    if (sources.size() > MOST_SOURCES) {
      throw new InvalidInputException("a fact has " + sources.size() + " sources; the limit is " + MOST_SOURCES);
    }
    if (subject != null && subject.length() > LONGEST_SUBJECT) {
      throw new InvalidInputException("the subject has " + subject.length() + " characters; the limit is "
          + LONGEST_SUBJECT);
    }
    if (about != null) {
      Instant unused = TimeParser.standard().parse("about", about);
    }
  }

  /** A filter that facts pass, and no other memory. */
  public static Filter filter() {
    return Filter.exists(KIND);
  }

  /** What is known of a memory as a fact; empty if it is none, or if somebody else has damaged its metadata. */
  public static Optional<Fact> of(Memory memory) {
    return of(memory.metadata(), memory.scope());
  }

  /**
   * As {@link #of(Memory)}, of an older state such as an entry of a history.
   *
   * @param scope the memory's scope
   */
  public static Optional<Fact> of(Metadata metadata, Scope scope) {
    Optional<FactKind> kind = FactKind.of(text(metadata, KIND));
    Optional<FactChange> change = FactChange.of(text(metadata, CHANGE));
    if (kind.isEmpty() || change.isEmpty() || !(metadata.get(IMPORTANCE) instanceof Long importance)
        || importance < 1 || importance > HIGHEST_IMPORTANCE) {
      return Optional.empty();
    }
    List<?> written = metadata.get(SOURCES) instanceof List<?> list ? list : List.of();
    List<FactSource> sources = written.stream().flatMap(source -> FactSource.read(source, scope).stream()).toList();
    try {
      return Optional.of(new Fact(kind.get(), textOrNull(metadata, SUBJECT), importance.intValue(), sources,
          textOrNull(metadata, ABOUT), TimeParser.standard().parse(VALID_FROM, text(metadata, VALID_FROM)),
          change.get(), categories(metadata)));
    } catch (InvalidInputException e) {
      // Somebody else has changed it.
      return Optional.empty();
    }
  }

  private static List<String> categories(Metadata metadata) {
    List<?> written = metadata.get(CATEGORIES) instanceof List<?> list ? list : List.of();
    return written.stream().filter(String.class::isInstance).map(String.class::cast).distinct()
        .limit(MOST_CATEGORIES).toList();
  }

  private static String text(Metadata metadata, String key) {
    return metadata.get(key) instanceof String text ? text : "";
  }

  private static @Nullable String textOrNull(Metadata metadata, String key) {
    return metadata.get(key) instanceof String text && !text.isEmpty() ? text : null;
  }

  /** The time that it is about as a point in time, or null. */
  public @Nullable Instant aboutTime() {
    return about == null ? null : TimeParser.standard().parse("about", about);
  }

  /** Returns a memory's metadata with those of this fact in place of the ones before; all others stay. */
  Metadata onto(Metadata others) {
    Map<String, Object> values = others.toMap();
    values.keySet().removeAll(KEYS);
    values.put(KIND, kind.word());
    values.put(IMPORTANCE, importance);
    values.put(SOURCES, sources.stream().map(FactSource::text).toList());
    values.put(VALID_FROM, validFrom.toString());
    values.put(CHANGE, change.word());
    if (subject != null) {
      values.put(SUBJECT, subject);
    }
    if (about != null) {
      values.put(ABOUT, about);
    }
    if (!categories.isEmpty()) {
      values.put(CATEGORIES, categories);
    }
    return Metadata.of(values);
  }
}
