package dev.memlane.storage.vector;

import java.util.concurrent.ThreadFactory;

/** The index's threads: named, and none that keeps the JVM alive. */
final class Threads {

  private Threads() {}

  static ThreadFactory named(String name) {
    return Thread.ofPlatform().daemon().name(name).factory();
  }
}
