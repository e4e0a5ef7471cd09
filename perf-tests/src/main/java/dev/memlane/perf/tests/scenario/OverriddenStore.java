package dev.memlane.perf.tests.scenario;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Stores with some methods overridden. Calls without an answer go to another store. */
final class OverriddenStore {

  /** A method's own answer to its arguments; null passes the call to the store. */
  @FunctionalInterface
  interface Answer extends Function<Object[], @Nullable Object> {}

  private OverriddenStore() {}

  /**
   * Creates a store.
   *
   * @param store receives every call without an answer; if null, such a call returns null
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
        // These methods call others that may be overridden, or return the proxy itself. The store's own would bypass
        // the overrides.
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
