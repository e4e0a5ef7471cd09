package dev.memlane.model;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
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
 * difference. Scopes are ordered by user, then agent, then run; a missing name comes first, and names are compared by
 * their code points.
 *
 * @param user at most {@value #LONGEST} characters, or null
 * @param agent at most {@value #LONGEST} characters, or null
 * @param run at most {@value #LONGEST} characters, or null
 */
public record Scope(@Nullable String user, @Nullable String agent, @Nullable String run)
    implements
      Comparable<Scope> {

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

  @Override
  public int compareTo(Scope other) {
    int byUser = compare(user, other.user);
    int byAgent = byUser != 0 ? byUser : compare(agent, other.agent);
    return byAgent != 0 ? byAgent : compare(run, other.run);
  }

  private static int compare(@Nullable String one, @Nullable String other) {
    return Arrays.compareUnsigned(bytes(one), bytes(other));
  }

  /** UTF-8 is ordered as its code points are, unlike the UTF-16 of strings. No name is empty, so a missing one may be. */
  private static byte[] bytes(@Nullable String name) {
    return name == null ? new byte[0] : name.getBytes(StandardCharsets.UTF_8);
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
