package dev.memlane.perf.tests.scenario;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Stores that answer some calls by themselves, and leave the others to another store. */
final class Overridden {

  /** A method's own answer to its arguments; null leaves the call to the store. */
  @FunctionalInterface
  interface Answer extends Function<Object[], @Nullable Object> {}

  private Overridden() {}

  /**
   * Makes one.
   *
   * @param store is left every call that isn't answered; null for one that can nothing else, and answers null
   * @param answers by the names of the methods
   */
  static <T> T of(Class<T> contract, @Nullable T store, Map<String, Answer> answers) {
    for (String name : answers.keySet()) {
      if (Arrays.stream(contract.getMethods()).noneMatch(method -> method.getName().equals(name))) {
        throw new IllegalArgumentException(contract + " has no method " + name);
      }
    }
    InvocationHandler handler = (proxy, method, arguments) -> {
      if (method.isDefault()) {
        // It calls what is overridden, or answers with the proxy itself; the store's would go around both.
        return InvocationHandler.invokeDefault(proxy, method, arguments);
      }
      Answer own = answers.get(method.getName());
      Object answer = own == null ? null : own.apply(arguments == null ? new Object[0] : arguments);
      if (answer != null || store == null) {
        return answer;
      }
      try {
        return method.invoke(store, arguments);
      } catch (InvocationTargetException e) {
        throw e.getTargetException();
      }
    };
    return contract.cast(Proxy.newProxyInstance(contract.getClassLoader(), new Class<?>[]{contract}, handler));
  }
}
