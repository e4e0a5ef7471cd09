package dev.memlane.perf.tests.lanes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What was asked and acknowledged, kept in the process that is never killed. Safe for use by several threads. */
final class TaskLedger {

  /** A submission, which is repeated under its key until it is acknowledged. */
  record Submission(String key, String lane, boolean idempotent) {}

  @GuardedBy("this")
  private final Map<String, Submission> acknowledged = new HashMap<>();

  @GuardedBy("this")
  private final Map<String, String> idsByKey = new HashMap<>();

  @GuardedBy("this")
  private final List<Submission> unanswered = new ArrayList<>();

  /** The attempts by task that workers got. */
  @GuardedBy("this")
  private final Map<String, Set<Integer>> handedOut = new HashMap<>();

  /** The results by task whose report was acknowledged. */
  @GuardedBy("this")
  private final Map<String, String> results = new HashMap<>();

  @GuardedBy("this")
  private int claimsThatWentOn;

  @GuardedBy("this")
  private final List<String> problems = new ArrayList<>();

  synchronized void acknowledge(Submission submission, String id) {
    String before = idsByKey.putIfAbsent(submission.key, id);
    if (before != null && !before.equals(id)) {
      problems.add("two tasks under one key: " + before + " and " + id);
    }
    acknowledged.put(id, submission);
  }

  synchronized void unanswered(Submission submission) {
    unanswered.add(submission);
  }

  synchronized List<Submission> takeUnanswered() {
    List<Submission> taken = List.copyOf(unanswered);
    unanswered.clear();
    return taken;
  }

  synchronized void handOut(String task, int attempt) {
    if (!handedOut.computeIfAbsent(task, id -> new HashSet<>()).add(attempt)) {
      problems.add("one attempt of " + task + " was handed out twice");
    }
  }

  synchronized void report(String task, String result) {
    results.put(task, result);
  }

  /** Counts a claim whose worker was acknowledged something by another server than the one that it claimed the task at. */
  synchronized void wentOn() {
    claimsThatWentOn++;
  }

  synchronized int claimsThatWentOn() {
    return claimsThatWentOn;
  }

  synchronized void overWithinItsLease(String task, String report) {
    problems.add("a claim of " + task + " was over within its lease, at " + report);
  }

  synchronized int reports() {
    return results.size();
  }

  synchronized Map<String, Submission> acknowledged() {
    return Map.copyOf(acknowledged);
  }

  /**
   * Checks a task whose fate is final.
   *
   * @param state its state; empty if it is unknown
   * @param begun the attempts that its handler began
   */
  synchronized void check(String task, String state, String result, Set<Integer> begun) {
    Submission submission = acknowledged.get(task);
    Set<Integer> attempts = new HashSet<>(handedOut.getOrDefault(task, Set.of()));
    attempts.addAll(begun);
    if (!state.equals("done") && !state.equals("failed")) {
      problems.add("lost: " + task + " is " + (state.isEmpty() ? "unknown" : state));
    }
    if (submission != null && !submission.idempotent && attempts.size() > 1) {
      problems.add("not idempotent, and handed out " + attempts.size() + " times: " + task);
    }
    if (state.equals("done") && attempts.isEmpty()) {
      problems.add("done by nobody: " + task);
    }
    String reported = results.get(task);
    if (reported != null && !(state.equals("done") && reported.equals(result))) {
      problems.add("an acknowledged result was lost: " + task + " is " + state + " with " + result);
    }
  }

  synchronized List<String> problems() {
    return List.copyOf(problems);
  }
}
