package dev.memlane.testing.fuzz;

import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The class that Jazzer calls. It passes the inputs to the target that {@code -Dmemlane.fuzz.target=NAME} names. Jazzer
 * finds the methods by their names.
 */
public final class JazzerEntry {

  private static @Nullable FuzzTarget target;

  private JazzerEntry() {}

  /** Called once, before the first input. */
  public static void fuzzerInitialize() {
    String name = System.getProperty("memlane.fuzz.target");
    target = ServiceLoader.load(FuzzTarget.class).stream().map(ServiceLoader.Provider::get)
        .filter(each -> each.name().equals(name)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("there is no fuzz target " + name));
  }

  /** Called with each input. */
  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    FuzzTarget present = target;
    if (present == null) {
      throw new IllegalStateException("Jazzer did not initialize the target");
    }
    present.check(input);
  }
}
