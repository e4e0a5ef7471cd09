package dev.memlane.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * The check of what a test needs that a machine may lack, such as PgBouncer, Node or a browser. Where it is missing, the
 * test is skipped; with the environment variable {@value #ALL}, as {@code .ci/run} sets it, the test fails.
 */
public final class TestNeeds {

  /** If this variable is set, no test is skipped because something is missing. */
  public static final String ALL = "MEMLANE_TEST_ALL";

  /** The system property that says that this is the fast loop, {@code mvn test -Dfast}. */
  private static final String FAST = "memlane.tests.fast";

  private TestNeeds() {}

  /**
   * Called before a program is started for a test. Fails in the fast loop, which leaves such tests out by their tag.
   *
   * @param program what it is
   */
  static void program(String program) {
    if (Boolean.getBoolean(FAST)) {
      throw new IllegalStateException("this test starts " + program + ", for which mvn test -Dfast has no time: "
          + "give it the tag \"programs\"");
    }
  }

  /**
   * Skips the test if something is missing.
   *
   * @param otherwise says what is missing, and how to get it
   */
  public static void require(boolean there, String otherwise) {
    if (System.getenv(ALL) == null) {
      assumeTrue(there, otherwise);
    } else {
      assertThat(there).as(otherwise).isTrue();
    }
  }
}
