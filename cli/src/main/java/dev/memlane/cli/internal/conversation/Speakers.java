package dev.memlane.cli.internal.conversation;

import dev.memlane.extraction.Party;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Who speaks in chats among people, and which of them is the user. Used by one thread. */
public final class Speakers {

  private static final int MOST_LISTED = 1_000;

  private @Nullable String user;
  private final Set<String> others = new LinkedHashSet<>();
  private boolean heard;

  /** @param user the user's name or id in the export; null if that is not known */
  public Speakers(@Nullable String user) {
    this.user = user;
  }

  /** Says who the user is, where the export itself knows it and nobody has said it before. */
  void userIs(String id) {
    if (user == null) {
      user = id;
    }
  }

  /** Who this is; each speaker may have several names and ids, the best one first. */
  Party party(@Nullable String... names) {
    if (Stream.of(names).anyMatch(this::isUser)) {
      heard = true;
      return Party.USER;
    }
    for (String name : names) {
      if (name != null && !name.isBlank()) {
        if (others.size() < MOST_LISTED) {
          others.add(name);
        }
        break;
      }
    }
    return Party.OTHER;
  }

  private boolean isUser(@Nullable String name) {
    return user != null && name != null
        && name.strip().toLowerCase(Locale.ROOT).equals(user.strip().toLowerCase(Locale.ROOT));
  }

  /** Whether the user has said anything. */
  public boolean heardUser() {
    return heard;
  }

  /** Whether it is known who the user is. */
  public boolean knowUser() {
    return user != null;
  }

  /** The first names of the others, in the order in which they begin to speak. */
  public Set<String> others() {
    return Collections.unmodifiableSet(others);
  }
}
