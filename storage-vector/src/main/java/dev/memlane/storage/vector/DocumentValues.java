package dev.memlane.storage.vector;

import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What documents have of a memory and of its vector, wherever the index is kept. */
public final class DocumentValues {

  private static final String QUESTION_MARKS = "?\uFF1F\u061F\u037E\u2047\u2048\u203D";
  /** What a run's identity is derived from, besides its scope. */
  private static final String RUN_KEY = "sequence";
  /** The tolerance for squared lengths, because of rounding to floats. */
  private static final double UNIT_TOLERANCE = 1e-6;
  /** How many lengths of a vector are tried; every number up to 8 divides one of them. */
  private static final int SCALES = 8;

  private DocumentValues() {}

  /** Whether the last visible character is a question mark, in any script. */
  public static boolean isQuestion(String content) {
    String stripped = content.strip();
    return !stripped.isEmpty() && QUESTION_MARKS.indexOf(stripped.charAt(stripped.length() - 1)) >= 0;
  }

  /** The identity of a run: a hash of its memories' scope; null if the scope names no run. */
  public static @Nullable UUID run(Scope scope) {
    return scope.run() == null ? null : MemoryId.derive(scope, RUN_KEY).value();
  }

  /** A time in microseconds since 1970. */
  public static long micros(Instant time) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, time);
  }

  /**
   * Scales a vector to length 1; returns the given one if it has that length already. Computed in doubles, because
   * squares of floats may exceed the range of floats.
   */
  public static float[] unit(float[] vector) {
    double squares = 0;
    for (float x : vector) {
      squares += (double) x * x;
    }
    if (Math.abs(squares - 1) < UNIT_TOLERANCE) {
      return vector;
    }
    double length = Math.sqrt(squares);
    float[] unit = new float[vector.length];
    for (int i = 0; i < vector.length; i++) {
      unit[i] = (float) (vector[i] / length);
    }
    return unit;
  }

  /**
   * A vector as whole numbers, the largest of which is 120 to 127 from 0: of these, the one whose direction is the nearest.
   * So a vector of small whole numbers, scaled to length 1, keeps its direction exactly. The cosine doesn't depend on the
   * length.
   *
   * @param unit of length 1
   */
  public static byte[] bytes(float[] unit) {
    float largest = 0;
    for (float x : unit) {
      largest = Math.max(largest, Math.abs(x));
    }
    byte[] nearest = new byte[unit.length];
    byte[] bytes = new byte[unit.length];
    double highest = -1;
    for (int scale = Byte.MAX_VALUE; scale > Byte.MAX_VALUE - SCALES; scale--) {
      double product = 0;
      int squares = 0;
      for (int i = 0; i < unit.length; i++) {
        int whole = Math.round(unit[i] / largest * scale);
        bytes[i] = (byte) whole;
        product += (double) whole * unit[i];
        squares += whole * whole;
      }
      double cosine = product / Math.sqrt(squares);
      if (cosine > highest) {
        highest = cosine;
        byte[] other = nearest;
        nearest = bytes;
        bytes = other;
      }
    }
    return nearest;
  }
}
