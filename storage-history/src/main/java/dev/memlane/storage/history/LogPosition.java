package dev.memlane.storage.history;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.OperationId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A position in the log that outlives the server's run; {@link LogReader} says why it does.
 *
 * <p>
 * The text form is base64 of: the version, what identifies the log and the run, {@code end}, {@code within}, the anchors and
 * the pending transactions. Operations are in it as hashes only, so that a reader who may see a part of the memories learns
 * nothing about the others.
 *
 * @param log a hash of what identifies the log: the cluster, the database and the table
 * @param run a hash of what identifies the run of the server
 * @param end the transaction from which on nothing has been reported, except as {@code within} says
 * @param within the hash of the last entry of transaction {@code end} that has been reported; null if there is none
 * @param anchors entries that had been committed when the position was taken, of the latest transactions first
 * @param pending the transactions before {@code end} that were in progress when the position was taken; ascending
 */
record LogPosition(long log, long run, long end, @Nullable Long within, List<Anchor> anchors, List<Long> pending) {

  /** More anchors make it likelier that one is still there; each costs a dozen bytes. */
  static final int MOST_ANCHORS = 4;
  /** Bounds the text form; each takes 1 to 9 bytes. */
  static final int MOST_PENDING = 500;

  /** Before everything. It holds in each run of each log. */
  static final LogPosition BEGINNING = new LogPosition(0, 0, 0, null, List.of(), List.of());

  private static final byte VERSION = 1;
  private static final int BYTES_OF_NUMBER = 9;
  private static final int MOST_BYTES = 32 + (MOST_PENDING + 2) * BYTES_OF_NUMBER
      + MOST_ANCHORS * (8 + BYTES_OF_NUMBER);

  /**
   * An entry and the transaction that wrote, voided or erased it.
   *
   * @param entry the hash of its operation
   */
  record Anchor(long transaction, long entry) {}

  LogPosition {
    anchors = List.copyOf(anchors);
    pending = List.copyOf(pending);
  }

  /**
   * Makes a position with a bounded number of pending transactions: of too many, the oldest are kept, and the rest is reported
   * again.
   */
  static LogPosition of(long log, long run, long end, @Nullable Long within, List<Anchor> anchors,
      LongStream inProgress) {
    List<Long> pending = inProgress.filter(transaction -> transaction < end).sorted().boxed().toList();
    return pending.size() <= MOST_PENDING
        ? new LogPosition(log, run, end, within, anchors, pending)
        : new LogPosition(log, run, pending.get(MOST_PENDING), null, anchors, pending.subList(0, MOST_PENDING));
  }

  /** An earlier position, from which everything since the anchor's transaction is reported again. */
  LogPosition from(Anchor anchor) {
    return of(log, run, Math.min(end, anchor.transaction), null,
        anchors.subList(anchors.indexOf(anchor), anchors.size()),
        pending.stream().mapToLong(Long::longValue));
  }

  static long hash(OperationId op) {
    return hash(ByteBuffer.allocate(16).putLong(op.value().getMostSignificantBits())
        .putLong(op.value().getLeastSignificantBits()).array());
  }

  static long hash(byte[] bytes) {
    try {
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(bytes)).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The text form; empty for the beginning. */
  String write() {
    if (end == 0) {
      return "";
    }
    ByteBuffer bytes = ByteBuffer.allocate(MOST_BYTES).put(VERSION).putLong(log).putLong(run);
    putNumber(bytes, end);
    bytes.put((byte) (within == null ? 0 : 1));
    if (within != null) {
      bytes.putLong(within);
    }
    bytes.put((byte) anchors.size());
    for (Anchor anchor : anchors) {
      putNumber(bytes, anchor.transaction);
      bytes.putLong(anchor.entry);
    }
    putNumber(bytes, pending.size());
    long before = 0;
    for (long transaction : pending) {
      putNumber(bytes, transaction - before);
      before = transaction;
    }
    return Base64.getUrlEncoder().withoutPadding()
        .encodeToString(java.util.Arrays.copyOf(bytes.array(), bytes.position()));
  }

  /**
   * Reads the text form, and nothing but what {@link #write} could have written.
   *
   * @throws InvalidInputException if the text is no position
   */
  static LogPosition read(String text) {
    if (text.isEmpty()) {
      return BEGINNING;
    }
    try {
      if (text.length() <= (MOST_BYTES + 2) / 3 * 4) {
        LogPosition position = read(ByteBuffer.wrap(Base64.getUrlDecoder().decode(text)));
        if (position.end > 0 && position.write().equals(text)) {
          return position;
        }
      }
    } catch (IllegalArgumentException | BufferUnderflowException e) {
      throw unreadable(e);
    }
    throw unreadable(null);
  }

  private static LogPosition read(ByteBuffer bytes) {
    if (bytes.get() != VERSION) {
      throw unreadable(null);
    }
    long log = bytes.getLong();
    long run = bytes.getLong();
    long end = number(bytes);
    Long within = bytes.get() == 1 ? Long.valueOf(bytes.getLong()) : null;
    int anchorCount = bytes.get();
    List<Anchor> anchors = new ArrayList<>();
    for (int i = 0; i < bounded(anchorCount, 1, MOST_ANCHORS); i++) {
      anchors.add(new Anchor(number(bytes), bytes.getLong()));
    }
    long pendingCount = bounded(number(bytes), 0, MOST_PENDING);
    List<Long> pending = new ArrayList<>();
    long before = 0;
    for (int i = 0; i < pendingCount; i++) {
      // A transaction id has at most 63 bits, and pending ones are before the end.
      before = bounded(before + bounded(number(bytes), 1, end), 1, end - 1);
      pending.add(before);
    }
    return new LogPosition(log, run, end, within, anchors, pending);
  }

  private static long bounded(long number, long least, long most) {
    if (number < least || number > most) {
      throw unreadable(null);
    }
    return number;
  }

  private static void putNumber(ByteBuffer bytes, long number) {
    long left = number;
    while (left >= 0x80) {
      bytes.put((byte) (left | 0x80));
      left >>>= 7;
    }
    bytes.put((byte) left);
  }

  private static long number(ByteBuffer bytes) {
    long number = 0;
    for (int shift = 0; shift < 7 * BYTES_OF_NUMBER; shift += 7) {
      byte next = bytes.get();
      number |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return number;
      }
    }
    throw unreadable(null);
  }

  private static InvalidInputException unreadable(@Nullable Throwable cause) {
    return new InvalidInputException(
        "that is no cursor of changes of this database; take it from the page before, or leave it out to begin now",
        cause);
  }
}
