package dev.memlane.model;

import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The owner of a memory: a user, an agent, a run (a session), or several of them.
 *
 * <p>
 * A memory is stored in exactly one scope. A search or list in a scope matches every memory that has the values that
 * the scope names, whatever its other values: {@code Scope.user("ada")} finds memories stored in
 * {@code user=ada, run=7}.
 *
 * <p>
 * Names are kept unchanged and compared character by character: surrounding blanks, case and Unicode forms make a
 * difference.
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
