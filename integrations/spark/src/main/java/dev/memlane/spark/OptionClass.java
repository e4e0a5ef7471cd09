package dev.memlane.spark;

import dev.memlane.model.InvalidInputException;
import java.io.Serializable;
import java.lang.reflect.Constructor;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A class that an option names, of which a task needs an object. Immutable.
 *
 * @param option the name of the option
 * @param name the full name of the class
 * @param kinds the types of which it must have one
 */
record OptionClass(String option, String name, List<Class<?>> kinds) implements Serializable {

  OptionClass {
    kinds = List.copyOf(kinds);
  }

  /**
   * Checks, without creating an object, that there is such a class.
   *
   * @throws InvalidInputException if there is none, or it is of none of the types
   */
  void check() {
    type();
  }

  Object create() {
    Class<?> type = type();
    try {
      return type.getConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new InvalidInputException("the class " + name + " of the option " + option + " could not be created", e);
    }
  }

  private Class<?> type() {
    try {
      // Spark's loader, which knows the jars of the job.
      Class<?> type = Class.forName(name, true, Thread.currentThread().getContextClassLoader());
      Constructor<?> unused = type.getConstructor();
      if (kinds.stream().anyMatch(kind -> kind.isAssignableFrom(type))) {
        return type;
      }
    } catch (ClassNotFoundException e) {
      throw new InvalidInputException("the class " + name + " of the option " + option
          + " is not on the class path; add its jar to the job", e);
    } catch (NoSuchMethodException e) {
      throw unfit(e);
    }
    throw unfit(null);
  }

  private InvalidInputException unfit(@Nullable Exception cause) {
    String wanted = kinds.stream().map(OptionClass::nameOf).collect(Collectors.joining(" or "));
    return new InvalidInputException("the class " + name + " of the option " + option + " must be of the type " + wanted
        + ", and have a public constructor without parameters", cause);
  }

  /** The name as the documentation writes it: with the enclosing class, without the package. */
  private static String nameOf(Class<?> type) {
    Class<?> enclosing = type.getEnclosingClass();
    return enclosing == null ? type.getSimpleName() : enclosing.getSimpleName() + "." + type.getSimpleName();
  }
}
