package dev.memlane.extraction;

import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A short text about a scope: who the user is, and what is going on. It is a memory of the scope under a key of its own, kept
 * by {@link ProfileKeeper}.
 *
 * <p>
 * The memory's metadata have these keys:
 *
 * <table>
 * <caption>Metadata of a profile</caption>
 * <tr><td>{@value #FACTS}</td><td>the ids of facts that the text relies on, the newest last</td></tr>
 * <tr><td>{@value #UP_TO}</td><td>the newest change of a fact that it knows, ISO 8601 in UTC</td></tr>
 * <tr><td>{@value #NEWEST}</td><td>when the newest of its facts was stored first, ISO 8601 in UTC</td></tr>
 * <tr><td>{@value #OF}</td><td>a digest of the ids of all facts that it was made of</td></tr>
 * </table>
 *
 * @param text what it says
 * @param facts the facts that it relies on, as the model says; at most {@value #MOST_FACTS}, the newest ones
 * @param upTo the newest change of a fact that it knows
 * @param newest when the newest of the facts it was made of was stored first
 * @param of a digest of the ids of all facts that it was made of
 */
public record Profile(String text, List<MemoryId> facts, Instant upTo, Instant newest, String of) {

  /** The key of the memory, in the scope that it is about. */
  public static final String KEY = "memlane.profile";
  /** The metadata key of the facts that it relies on. */
  public static final String FACTS = "profile.facts";
  /** The metadata key of the newest change that it knows. */
  public static final String UP_TO = "profile.upTo";
  /** The metadata key of the time of its newest fact. */
  public static final String NEWEST = "profile.newest";
  /** The metadata key of the digest of its facts. */
  public static final String OF = "profile.of";
  /** The most facts that are named. */
  public static final int MOST_FACTS = 100;

  public Profile {
    Objects.requireNonNull(text, "text");
    facts = List.copyOf(facts);
    Objects.requireNonNull(upTo, "upTo");
    Objects.requireNonNull(newest, "newest");
    Objects.requireNonNull(of, "of");
  }

  /** The id of a scope's profile, whether there is one or not. */
  public static MemoryId idOf(Scope scope) {
    return MemoryId.derive(scope, KEY);
  }

  /** A filter that profiles pass, and no other memory. */
  public static Filter filter() {
    return Filter.exists(OF);
  }

  /** What a memory says as a profile; empty if it is none, or if somebody else has damaged its metadata. */
  public static Optional<Profile> of(Memory memory) {
    Metadata metadata = memory.metadata();
    if (!(metadata.get(UP_TO) instanceof String upTo && metadata.get(NEWEST) instanceof String newest
        && metadata.get(OF) instanceof String of && metadata.get(FACTS) instanceof List<?> list)) {
      return Optional.empty();
    }
    try {
      List<MemoryId> facts = new ArrayList<>();
      for (Object id : list) {
        facts.add(MemoryId.parse(String.valueOf(id)));
      }
      return Optional.of(new Profile(memory.content(), facts, Instant.parse(upTo), Instant.parse(newest), of));
    } catch (DateTimeParseException | IllegalArgumentException e) {
      // Somebody else has changed it.
      return Optional.empty();
    }
  }

  Metadata metadata() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put(FACTS, facts.stream().map(MemoryId::toString).toList());
    values.put(UP_TO, upTo.toString());
    values.put(NEWEST, newest.toString());
    values.put(OF, of);
    return Metadata.of(values);
  }

  /** Without the text, which belongs in no log. */
  @Override
  public String toString() {
    return "Profile[" + text.length() + " characters, " + facts.size() + " facts, up to " + upTo + "]";
  }
}
