package dev.memlane.model;

import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Whose a memory is: some of a user, an agent and a run (a session), at least one of them.
 *
 * <p>
 * A memory is stored in exactly one scope. A search or list in a scope matches every memory that has the values which
 * the scope names, whatever the others are: {@code Scope.user("ada")} finds what {@code user=ada, run=7} stored.
 *
 * <p>
 * Names are taken as they are, and compared character by character: blanks around them, case and Unicode forms make a difference.
 *
 * @param user at most {@value #LONGEST} characters, or null
 * @param agent at most {@value #LONGEST} characters, or null
 * @param run at most {@value #LONGEST} characters, or null
 */
public record Scope(@Nullable String user, @Nullable String agent, @Nullable String run) {

  /** The longest value, in characters. */
  public static final int LONGEST = 255;

  /**
   * @throws InvalidInputException if nothing is named, or a value is empty or too long
   */
  public Scope {
    if (user == null && agent == null && run == null) {
      throw new InvalidInputException("a scope must name at least one of user, agent and run");
    }
    check("user", user);
    check("agent", agent);
    check("run", run);
  }

  public static Scope user(String user) {
    return new Scope(user, null, null);
  }

  public static Scope agent(String agent) {
    return new Scope(null, agent, null);
  }

  public static Scope run(String run) {
    return new Scope(null, null, run);
  }

  public Scope withUser(String user) {
    return new Scope(user, agent, run);
  }

  public Scope withAgent(String agent) {
    return new Scope(user, agent, run);
  }

  public Scope withRun(String run) {
    return new Scope(user, agent, run);
  }

  /** Whether a memory stored in {@code other} is found in this scope. */
  public boolean matches(Scope other) {
    return (user == null || user.equals(other.user)) && (agent == null || agent.equals(other.agent))
        && (run == null || run.equals(other.run));
  }

  private static void check(String name, @Nullable String value) {
    if (value != null) {
      Texts.requireName("the scope's " + name, value, LONGEST);
    }
  }

  @Override
  public String toString() {
    StringJoiner joiner = new StringJoiner(", ");
    if (user != null) {
      joiner.add("user=" + user);
    }
    if (agent != null) {
      joiner.add("agent=" + agent);
    }
    if (run != null) {
      joiner.add("run=" + run);
    }
    return joiner.toString();
  }
}
