package dev.memlane.testing;

import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A wrapper around a real store that makes chosen methods fail on request. Safe for use by several threads.
 *
 * @param <T> the store's contract
 */
public final class FaultInjector<T> implements InvocationHandler {

  private enum Fault {
    THROW, REFUSE, REFUSE_NEXT, LOSE_ANSWER, LOSE_NEXT_ANSWER, NEVER_DO, HOLD, HANG_NEXT, ANSWER_NEXT_LATE
  }

  private final T wrapped;
  private volatile T store;
  private volatile @Nullable StoreException breakdown;
  private volatile Predicate<Object[]> concerned = arguments -> true;
  private final Map<String, Fault> faults = new ConcurrentHashMap<>();
  private final Map<String, CompletableFuture<?>> held = new ConcurrentHashMap<>();
  private final Map<String, CompletableFuture<Object>> watched = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
  private final Map<String, CompletableFuture<?>> answers = new ConcurrentHashMap<>();

  private FaultInjector(Class<T> contract, T store) {
    this.store = store;
    this.wrapped = contract
        .cast(Proxy.newProxyInstance(contract.getClassLoader(), new Class<?>[]{contract}, this));
  }

  public static <T> FaultInjector<T> around(Class<T> contract, T store) {
    return new FaultInjector<>(contract, store);
  }

  /** The store with the faults. */
  public T store() {
    return wrapped;
  }

  /** Makes the method throw before it does anything. */
  public void throwing(String method) {
    faults.put(method, Fault.THROW);
  }

  /** Makes the method do nothing and return not applied. */
  public void refusing(String method) {
    faults.put(method, Fault.REFUSE);
  }

  /** The same, but the result completes only when this future has completed. */
  public void refusingAfter(String method, CompletableFuture<?> end) {
    held.put(method, end);
    faults.put(method, Fault.REFUSE);
  }

  /** The same, but for the next call only. */
  public void refusingNextAfter(String method, CompletableFuture<?> end) {
    held.put(method, end);
    faults.put(method, Fault.REFUSE_NEXT);
  }

  /**
   * Makes the next call hang: it is in doubt at its deadline, which is its last argument, and does its work when this
   * future has completed.
   */
  public void hangingNext(String method, CompletableFuture<?> end) {
    held.put(method, end);
    faults.put(method, Fault.HANG_NEXT);
  }

  /**
   * Makes the next call do its work at once without reporting it: it is in doubt at its deadline, its last argument.
   */
  public void answeringNextLate(String method) {
    faults.put(method, Fault.ANSWER_NEXT_LATE);
  }

  /** Restricts faults, and {@link #nextAnswer}, to calls with such arguments; other calls work. */
  public void concerning(Predicate<Object[]> arguments) {
    concerned = arguments;
  }

  /** Makes the method do its work only when this future has completed. */
  public void holding(String method, CompletableFuture<?> end) {
    held.put(method, end);
    faults.put(method, Fault.HOLD);
  }

  /** Returns a future that completes when the next call of the method has been answered. */
  public CompletableFuture<?> nextAnswer(String method) {
    CompletableFuture<Object> end = new CompletableFuture<>();
    watched.put(method, end);
    return end;
  }

  /** Makes the method do its work but lose the answer, so that it is in doubt. */
  public void losingAnswers(String method) {
    faults.put(method, Fault.LOSE_ANSWER);
  }

  /** The same, but for the next call only. */
  public void losingNextAnswer(String method) {
    faults.put(method, Fault.LOSE_NEXT_ANSWER);
  }

  /** Makes the method do nothing and return in doubt. */
  public void neverDoing(String method) {
    faults.put(method, Fault.NEVER_DO);
  }

  /** Makes the store fail permanently, as a vector index can: every method fails until the store is replaced. */
  public void breakDown() {
    breakdown = new StoreException("an injected breakdown", null);
  }

  /** Replaces the store, and ends its breakdown. */
  public void replaceBy(T another) {
    store = another;
    breakdown = null;
  }

  /** Makes all methods work again. */
  public void heal() {
    faults.clear();
  }

  /** The number of calls of the method, including faulty ones. */
  public int calls(String method) {
    AtomicInteger count = calls.get(method);
    return count == null ? 0 : count.get();
  }

  /** The future that the last call of the method returned; null if there was none. */
  public @Nullable CompletableFuture<?> lastAnswer(String method) {
    return answers.get(method);
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
    Object answer = answer(method, arguments);
    if (answer instanceof CompletableFuture<?> future) {
      answers.put(method.getName(), future);
    }
    return answer;
  }

  private @Nullable Object answer(Method method, Object @Nullable [] arguments) throws Throwable {
    calls.computeIfAbsent(method.getName(), name -> new AtomicInteger()).incrementAndGet();
    StoreException broken = breakdown;
    if (broken != null && !method.getName().equals("close")) {
      return broken(method, broken);
    }
    boolean concerns = arguments == null || concerned.test(arguments);
    Fault fault = concerns ? faults.get(method.getName()) : null;
    StoreException injected = new StoreException("an injected fault of " + method.getName(), null);
    if (fault == null) {
      Object answer = call(method, arguments);
      CompletableFuture<Object> watch = concerns ? watched.remove(method.getName()) : null;
      return watch != null && answer instanceof CompletableFuture<?> future
          ? future.whenComplete((done, failure) -> watch.complete(method.getName()))
          : answer;
    }
    if (fault.name().contains("NEXT")) {
      faults.remove(method.getName());
    }
    return switch (fault) {
      case THROW -> throw injected;
      case REFUSE, REFUSE_NEXT -> held.getOrDefault(method.getName(), CompletableFuture.completedFuture(null))
          .thenApply(ended -> new StoreResult.NotApplied(injected));
      case HOLD -> held.getOrDefault(method.getName(), CompletableFuture.completedFuture(null))
          .thenCompose(ended -> later(method, arguments));
      case HANG_NEXT -> held.getOrDefault(method.getName(), new CompletableFuture<>())
          .thenCompose(ended -> later(method, arguments))
          .completeOnTimeout(new StoreResult.InDoubt(injected), untilDeadline(arguments), TimeUnit.MILLISECONDS);
      case ANSWER_NEXT_LATE -> {
        call(method, arguments);
        yield new CompletableFuture<StoreResult>().completeOnTimeout(new StoreResult.InDoubt(injected),
            untilDeadline(arguments), TimeUnit.MILLISECONDS);
      }
      case NEVER_DO -> CompletableFuture.completedFuture(new StoreResult.InDoubt(injected));
      case LOSE_ANSWER, LOSE_NEXT_ANSWER -> call(method, arguments) instanceof CompletableFuture<?> future
          ? future.thenApply(answer -> new StoreResult.InDoubt(injected))
          : new StoreResult.InDoubt(injected);
    };
  }

  private static long untilDeadline(Object @Nullable [] arguments) {
    if (arguments == null || !(arguments[arguments.length - 1] instanceof Instant deadline)) {
      throw new IllegalStateException("the method has no deadline");
    }
    return Math.max(0, Duration.between(Instant.now(), deadline).toMillis());
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
