package dev.memlane.perf.tests.kill;

import dev.memlane.model.MemlaneException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One writer of a victim. It sends one operation after the other, in its own scope most of the time and sometimes in
 * the scope that all writers share, and reports each before and after.
 *
 * <p>
 * It knows the state of its own scope, where it keeps about a dozen memories. An add under a key that did not end well
 * is sent again with the same key and content, as a job would do. Now and then it queries an unsettled operation.
 */
final class VictimWriter implements Runnable {

  private static final int MOST_MEMORIES = 12;
  private static final int MOST_TRIES = 3;
  private static final int SHARED_KEYS = 6;
  private static final Scope SHARED = Scope.user("shared");
  private static final String[] WORDS = {"oboe", "lute", "horn", "harbour", "winter", "garden", "letter", "bridge",
      "copper", "island", "morning", "engine"};

  private final BlockingMemory memory;
  private final Victim.Settings settings;
  private final int number;
  private final Scope scope;
  private final VictimReport report;
  private final CountDownLatch stop;
  private final Random random;
  private final List<Known> known = new ArrayList<>();
  private final int[] generations = new int[SHARED_KEYS];
  private final @Nullable OperationId[] seen = new OperationId[SHARED_KEYS];
  private int count;

  /** A memory of this writer's own, and its state where that is certain. */
  private static final class Known {
    final MemoryId id;
    final @Nullable String key;
    @Nullable
    OperationId op;
    @Nullable
    OperationId before;

    Known(MemoryId id, @Nullable String key, @Nullable OperationId op) {
      this.id = id;
      this.key = key;
      this.op = op;
    }
  }

  /** The answer, in the words of the report. */
  private record Reply(Attempt.Answer answer, @Nullable MemoryId memory, @Nullable OperationId op, int version) {
    boolean mayBeSentAgain() {
      return switch (answer) {
        case ROLLED_BACK, REFUSED, UNSETTLED, FOUND_LOST, UNKNOWN -> true;
        default -> false;
      };
    }
  }

  VictimWriter(BlockingMemory memory, Victim.Settings settings, int number, VictimReport report, CountDownLatch stop) {
    this.memory = memory;
    this.settings = settings;
    this.number = number;
    this.scope = Scope.user(settings.lane() + "-" + number);
    this.report = report;
    this.stop = stop;
    this.random = new Random(settings.seed() * 31 + number);
  }

  @Override
  public void run() {
    try {
      for (Victim.Settings.Retry retry : settings.retries()) {
        if (retry.writer() == number) {
          add(scope, retry.key(), retry.token());
        }
      }
      for (Memory there : memory.list(scope, null, null, 1_000).memories()) {
        known.removeIf(one -> one.id.equals(there.id()));
        known.add(new Known(there.id(), there.key(), there.op()));
      }
      while (stop.getCount() > 0) {
        if (random.nextInt(100) < 15) {
          workOnShared(random.nextInt(SHARED_KEYS));
        } else {
          workOnOwn();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void workOnOwn() throws InterruptedException {
    if (known.size() < MOST_MEMORIES) {
      String name = nextName();
      add(scope, random.nextInt(100) < 70 ? "k-" + name : null, name);
      return;
    }
    Known one = known.get(random.nextInt(known.size()));
    OperationId right = random.nextInt(3) == 0 ? one.op : null;
    int dice = random.nextInt(100);
    if (dice < 55) {
      remember(one, update(one.id, false, right, random.nextInt(10) < 7));
    } else if (dice < 65) {
      remember(one, update(one.id, false, one.before, true));
    } else if (dice < 70 && one.key != null) {
      add(scope, one.key, nextName());
    } else if (dice < 80 && one.key != null) {
      remember(one, put(scope, one.key, false));
    } else {
      remember(one, delete(one.id, false, right));
    }
  }

  private void remember(Known one, Reply reply) {
    switch (reply.answer) {
      case STORED, FOUND_LANDED -> {
        one.before = one.op;
        one.op = reply.op;
      }
      case DELETED, WAS_DELETED, NOT_FOUND -> known.remove(one);
      case UNSETTLED, UNKNOWN -> one.op = null;
      default -> {
        // The memory is unchanged.
      }
    }
  }

  /** Sends an add until its fate is known, as far as its key allows. */
  private void add(Scope where, @Nullable String key, String token) throws InterruptedException {
    MemoryId id = key == null ? null : MemoryId.derive(where, key);
    for (int i = 0; i < MOST_TRIES; i++) {
      String name = i == 0 && token.startsWith(settings.name()) ? token : nextName();
      Reply reply = ask(name, false, Attempt.Form.ADD, id, key, token, null, true,
          () -> key == null
              ? stored(memory.addMemory(newMemory(where, null, token)))
              : addUnderKey(newMemory(where, key, token)));
      if ((reply.answer == Attempt.Answer.STORED || reply.answer == Attempt.Answer.FOUND_LANDED)
          && reply.memory != null) {
        known.removeIf(one -> one.id.equals(reply.memory));
        known.add(new Known(reply.memory, key, reply.op));
      }
      if (key == null || !reply.mayBeSentAgain() || stop.getCount() == 0) {
        return;
      }
    }
  }

  private void workOnShared(int slot) throws InterruptedException {
    String key = "s" + slot + "-r" + settings.round() + "-g" + generations[slot];
    MemoryId id = MemoryId.derive(SHARED, key);
    int dice = random.nextInt(100);
    Reply reply;
    if (dice < 40) {
      String name = nextName();
      reply = ask(name, true, Attempt.Form.ADD, id, key, name, null, true,
          () -> addUnderKey(newMemory(SHARED, key, name)));
    } else if (dice < 55) {
      reply = put(SHARED, key, true);
    } else if (dice < 92) {
      reply = update(id, true, random.nextInt(3) == 0 ? seen[slot] : null, random.nextBoolean());
    } else {
      reply = delete(id, true, null);
    }
    switch (reply.answer) {
      case DELETED, WAS_DELETED -> {
        generations[slot]++;
        seen[slot] = null;
      }
      case STORED, DUPLICATE -> seen[slot] = reply.op;
      default -> {
        // Another writer may have changed it, or not.
      }
    }
  }

  private Reply put(Scope where, String key, boolean shared) throws InterruptedException {
    String name = nextName();
    return ask(name, shared, Attempt.Form.PUT, MemoryId.derive(where, key), key, name, null, true,
        () -> switch (memory.put(newMemory(where, key, name))) {
          case WriteOutcome.Stored it -> stored(it.memory());
          case WriteOutcome.Replaced it -> stored(it.memory());
          case WriteOutcome.DuplicateOf it -> throw new IllegalStateException("no other put has this content: " + it);
          case WriteOutcome failed -> throw new MemoryWriteException(failed, null);
        });
  }

  private Reply update(MemoryId id, boolean shared, @Nullable OperationId expected, boolean setsContent)
      throws InterruptedException {
    String name = nextName();
    MemoryUpdate update = MemoryUpdate.builder(id).content(setsContent ? content(name) : null).metadata(metadata(name))
        .expecting(expected).build();
    return ask(name, shared, Attempt.Form.UPDATE, id, null, name, expected, setsContent,
        () -> stored(memory.updateMemory(update)));
  }

  private Reply delete(MemoryId id, boolean shared, @Nullable OperationId expected) throws InterruptedException {
    String name = nextName();
    return ask(name, shared, Attempt.Form.DELETE, id, null, name, expected, false, () -> {
      WriteOutcome.Deleted deleted = memory.deleteMemory(new MemoryDeletion(id, name, expected));
      return new Reply(Attempt.Answer.DELETED, id, deleted.op(), deleted.version());
    });
  }

  private Reply ask(String name, boolean shared, Attempt.Form form, @Nullable MemoryId id, @Nullable String key,
      String token, @Nullable OperationId expected, boolean setsContent, Supplier<Reply> call)
      throws InterruptedException {
    report.asked(name, number, shared, form, id, key, token, expected, setsContent);
    Reply reply = answer(id, call);
    report.answered(name, reply.answer, reply.memory, reply.op, reply.version);
    if (reply.answer == Attempt.Answer.UNSETTLED && reply.op != null && random.nextBoolean()) {
      reply = queryLater(reply);
      report.answered(name, reply.answer, reply.memory, reply.op, reply.version);
    }
    if (reply.answer == Attempt.Answer.REFUSED) {
      // The server is away. Requests at full speed would only fill the log.
      boolean stopped = stop.await(20, TimeUnit.MILLISECONDS);
      return stopped ? new Reply(Attempt.Answer.REFUSED, reply.memory, null, 0) : reply;
    }
    return reply;
  }

  private static Reply answer(@Nullable MemoryId id, Supplier<Reply> call) {
    try {
      return call.get();
    } catch (MemoryWriteException e) {
      return switch (e.outcome()) {
        case WriteOutcome.RolledBack it -> new Reply(Attempt.Answer.ROLLED_BACK, it.id(), it.op(), 0);
        case WriteOutcome.Unsettled it -> new Reply(Attempt.Answer.UNSETTLED, it.id(), it.op(), 0);
        case WriteOutcome.Conflict it -> new Reply(Attempt.Answer.CONFLICT, it.id(), it.found(), 0);
        case WriteOutcome.NotFound it -> new Reply(Attempt.Answer.NOT_FOUND, it.id(), null, 0);
        case WriteOutcome.WasDeleted it -> new Reply(Attempt.Answer.WAS_DELETED, it.id(), it.op(), 0);
        case WriteOutcome.Refused it -> new Reply(Attempt.Answer.REFUSED, id, null, 0);
        case WriteOutcome.Unpurged it -> throw new IllegalStateException("no writer erases", e);
        case WriteOutcome.Stored it -> throw new IllegalStateException("failed as stored", e);
        case WriteOutcome.Replaced it -> throw new IllegalStateException("failed as replaced", e);
        case WriteOutcome.Deleted it -> throw new IllegalStateException("failed as deleted", e);
        case WriteOutcome.DuplicateOf it -> throw new IllegalStateException("failed as a duplicate", e);
      };
    } catch (MemlaneException e) {
      return new Reply(Attempt.Answer.UNKNOWN, id, null, 0);
    }
  }

  private Reply queryLater(Reply reply) {
    try {
      boolean landed = memory.hasLanded(Objects.requireNonNull(reply.memory), Objects.requireNonNull(reply.op));
      return new Reply(landed ? Attempt.Answer.FOUND_LANDED : Attempt.Answer.FOUND_LOST, reply.memory, reply.op, 0);
    } catch (MemlaneException e) {
      // Its fate is still not known: it stays unsettled.
      return reply;
    }
  }

  private Reply addUnderKey(NewMemory newMemory) {
    // Sent as a batch, because only the outcomes of a batch say whether the memory existed before.
    return switch (memory.addMemories(List.of(newMemory)).getFirst()) {
      case WriteOutcome.Stored it -> stored(it.memory());
      case WriteOutcome.DuplicateOf it ->
        new Reply(Attempt.Answer.DUPLICATE, it.memory().id(), it.memory().op(), it.memory().version());
      case WriteOutcome failed -> throw new MemoryWriteException(failed, null);
    };
  }

  private static Reply stored(Memory memory) {
    return new Reply(Attempt.Answer.STORED, memory.id(), memory.op(), memory.version());
  }

  private NewMemory newMemory(Scope where, @Nullable String key, String token) {
    return NewMemory.builder(content(token), where).key(key).metadata(metadata(token)).build();
  }

  private static Metadata metadata(String token) {
    return Metadata.of("token", token);
  }

  /** Returns the same content for the same token, so that a retry repeats it. */
  static String content(String token) {
    Random words = new Random(token.hashCode());
    return "the " + WORDS[words.nextInt(WORDS.length)] + " and the " + WORDS[words.nextInt(WORDS.length)] + " of the "
        + WORDS[words.nextInt(WORDS.length)] + " " + token;
  }

  private String nextName() {
    return settings.name() + "w" + number + "n" + count++;
  }
}
