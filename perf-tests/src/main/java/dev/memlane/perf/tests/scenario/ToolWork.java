package dev.memlane.perf.tests.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** The work of the tools of {@link LanesScenario}. */
sealed interface ToolWork {

  /** Does the work once. */
  String call() throws Exception;

  /** Uses a processor for this time. */
  record Computing(long nanos) implements ToolWork {
    @Override
    public String call() {
      long end = System.nanoTime() + nanos;
      int value = 1;
      while (System.nanoTime() < end) {
        value = value * 31 + 7;
      }
      return value == 0 ? "zero" : "done";
    }

    @Override
    public String toString() {
      return "computing " + TimeUnit.NANOSECONDS.toMicros(nanos) + " us";
    }
  }

  /** Mixes numbers this many times. The work takes longer if it has to share a processor. */
  record Mixing(int rounds) implements ToolWork {
    @Override
    public String call() {
      long value = rounds;
      for (int i = 0; i < rounds; i++) {
        value = Long.rotateLeft(value * 0x9E3779B97F4A7C15L, 23) ^ i;
      }
      return value == 0 ? "zero" : "done";
    }

    @Override
    public String toString() {
      return "computing";
    }
  }

  /** Waits for this time. */
  record Waiting(int millis) implements ToolWork {
    @Override
    public String call() {
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
      for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      return "done";
    }

    @Override
    public String toString() {
      return "waiting " + millis + " ms";
    }
  }

  /**
   * Reads the files below one directory after the other, and counts their lines. No two calls read the same directory
   * at the same time.
   */
  record Reading(List<Path> directories, AtomicInteger calls) implements ToolWork {
    @Override
    public String call() throws IOException {
      Path directory = directories.get(Math.floorMod(calls.getAndIncrement(), directories.size()));
      long lines = 0;
      try (Stream<Path> below = Files.walk(directory)) {
        List<Path> files = below.filter(Files::isRegularFile).toList();
        for (Path file : files) {
          for (byte one : Files.readAllBytes(file)) {
            lines += one == '\n' ? 1 : 0;
          }
        }
      }
      return Long.toString(lines);
    }

    @Override
    public String toString() {
      return "reading files";
    }
  }
}
