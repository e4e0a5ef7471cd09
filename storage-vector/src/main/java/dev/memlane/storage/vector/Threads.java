package dev.memlane.storage.vector;

import java.util.concurrent.ThreadFactory;

/** The factory of the index's threads, which are named and don't keep the JVM alive. */
final class Threads {

  private Threads() {}

  static ThreadFactory named(String name) {
    return Thread.ofPlatform().daemon().name(name).factory();
  }
}
