package dev.memlane.testing;

import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A wrapper around a real store that makes chosen methods fail on request. Safe for use by several threads.
 *
 * @param <T> the store's contract
 */
public final class FaultInjector<T> implements InvocationHandler {

  private enum Fault {
    THROW, REFUSE, LOSE_ANSWER, LOSE_NEXT_ANSWER, NEVER_DO, HOLD
  }

  private final T wrapped;
  private volatile T store;
  private volatile @Nullable StoreException breakdown;
  private final Map<String, Fault> faults = new ConcurrentHashMap<>();
  private final Map<String, CompletableFuture<?>> held = new ConcurrentHashMap<>();
  private final Map<String, CompletableFuture<Object>> watched = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();

  private FaultInjector(Class<T> contract, T store) {
    this.store = store;
    this.wrapped = contract
        .cast(Proxy.newProxyInstance(contract.getClassLoader(), new Class<?>[]{contract}, this));
  }

  public static <T> FaultInjector<T> around(Class<T> contract, T store) {
    return new FaultInjector<>(contract, store);
  }

  /** The store as seen through the faults. */
  public T store() {
    return wrapped;
  }

  /** The method throws before it does anything. */
  public void throwing(String method) {
    faults.put(method, Fault.THROW);
  }

  /** The method answers that it did not apply, without having done anything. */
  public void refusing(String method) {
    faults.put(method, Fault.REFUSE);
  }

  /** The same, but the answer comes only when this future has ended. */
  public void refusingAfter(String method, CompletableFuture<?> end) {
    held.put(method, end);
    faults.put(method, Fault.REFUSE);
  }

  /** The method does its work only when this future has ended. */
  public void holding(String method, CompletableFuture<?> end) {
    held.put(method, end);
    faults.put(method, Fault.HOLD);
  }

  /** Ends when the next call of the method has been answered. */
  public CompletableFuture<?> nextAnswer(String method) {
    CompletableFuture<Object> end = new CompletableFuture<>();
    watched.put(method, end);
    return end;
  }

  /** The method does its work, and its answer is lost. */
  public void losingAnswers(String method) {
    faults.put(method, Fault.LOSE_ANSWER);
  }

  /** The same, but for the next call only. */
  public void losingNextAnswer(String method) {
    faults.put(method, Fault.LOSE_NEXT_ANSWER);
  }

  /** The method does nothing, and nobody can tell. */
  public void neverDoing(String method) {
    faults.put(method, Fault.NEVER_DO);
  }

  /** The store has failed for good, as a vector index can: every method fails until there is another store. */
  public void breakDown() {
    breakdown = new StoreException("an injected breakdown", null);
  }

  /** Another store takes the place of the one before. */
  public void replaceBy(T another) {
    store = another;
    breakdown = null;
  }

  /** All methods work again. */
  public void heal() {
    faults.clear();
  }

  /** How often the method was called, faults included. */
  public int calls(String method) {
    AtomicInteger count = calls.get(method);
    return count == null ? 0 : count.get();
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
    calls.computeIfAbsent(method.getName(), name -> new AtomicInteger()).incrementAndGet();
    StoreException broken = breakdown;
    if (broken != null && !method.getName().equals("close")) {
      return broken(method, broken);
    }
    Fault fault = faults.get(method.getName());
    StoreException injected = new StoreException("an injected fault of " + method.getName(), null);
    if (fault == null) {
      Object answer = call(method, arguments);
      CompletableFuture<Object> watch = watched.remove(method.getName());
      return watch != null && answer instanceof CompletableFuture<?> future
          ? future.whenComplete((done, failure) -> watch.complete(method.getName()))
          : answer;
    }
    if (fault == Fault.LOSE_NEXT_ANSWER) {
      faults.remove(method.getName());
    }
    return switch (fault) {
      case THROW -> throw injected;
      case REFUSE -> held.getOrDefault(method.getName(), CompletableFuture.completedFuture(null))
          .thenApply(ended -> new StoreResult.NotApplied(injected));
      case HOLD -> held.getOrDefault(method.getName(), CompletableFuture.completedFuture(null))
          .thenCompose(ended -> later(method, arguments));
      case NEVER_DO -> CompletableFuture.completedFuture(new StoreResult.InDoubt(injected));
      case LOSE_ANSWER, LOSE_NEXT_ANSWER -> call(method, arguments) instanceof CompletableFuture<?> future
          ? future.thenApply(answer -> new StoreResult.InDoubt(injected))
          : new StoreResult.InDoubt(injected);
    };
  }

  private CompletableFuture<Object> later(Method method, Object @Nullable [] arguments) {
    try {
      return call(method, arguments) instanceof CompletableFuture<?> future
          ? future.thenApply(answer -> answer)
          : CompletableFuture.failedFuture(new IllegalStateException(method + " gives no future to hold"));
    } catch (Throwable e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static Object broken(Method method, StoreException failure) {
    if (method.getReturnType() == StoreException.class) {
      return failure;
    }
    if (method.getGenericReturnType().getTypeName().contains(StoreResult.class.getName())) {
      return CompletableFuture.completedFuture(new StoreResult.NotApplied(failure));
    }
    if (method.getReturnType() == CompletableFuture.class) {
      return CompletableFuture.failedFuture(failure);
    }
    throw failure;
  }

  private @Nullable Object call(Method method, Object @Nullable [] arguments) throws Throwable {
    try {
      return method.invoke(store, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }
}
