package dev.memlane.orchestrator.internal;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.UUID;

/** Ids that are UUIDs of version 7 (RFC 9562, section 5.7): milliseconds first, then 74 random bits. */
public final class TimeOrderedIds implements Ids {

  private static final int BYTES = 10;

  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();
  /** Random bytes in stock: one request for many bytes costs a fraction of a request for each id. */
  @GuardedBy("this")
  private final ByteBuffer entropy = ByteBuffer.allocate(256 * BYTES).limit(0);

  public TimeOrderedIds(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public MemoryId newMemory() {
    return new MemoryId(newStamp());
  }

  @Override
  public OperationId newOperation() {
    return new OperationId(newStamp());
  }

  @Override
  public UUID newStamp() {
    long high;
    long low;
    synchronized (this) {
      if (!entropy.hasRemaining()) {
        random.nextBytes(entropy.array());
        entropy.clear();
      }
      high = entropy.getShort();
      low = entropy.getLong();
    }
    return new UUID((clock.millis() << 16) | 0x7000 | (high & 0xfff),
        (low & 0x3fffffffffffffffL) | 0x8000000000000000L);
  }
}
