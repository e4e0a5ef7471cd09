package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.internal.mcp.ToolCalls.Answer;
import dev.memlane.server.internal.mcp.ToolCalls.Target;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several users of one directory; here, in one process. */
@Tag("slow")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedMemoryTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Target ADA = new Target(Scope.user("ada"), "agent");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir
  Path directory;

  private final String database = TestServer.freshDatabase(TABLES);
  private final AtomicBoolean open = new AtomicBoolean();
  private final AtomicInteger openings = new AtomicInteger();
  private final List<SharedMemory> all = new ArrayList<>();

  @AfterEach
  void close() {
    all.forEach(SharedMemory::close);
  }

  private SharedMemory share(Duration patience) {
    SharedMemory shared = SharedMemory.in(directory, this::openUnlessOpen, patience);
    all.add(shared);
    return shared;
  }

  /** As a directory's lock has it: only one has it open at a time. */
  private Optional<SharedMemory.Opened> openUnlessOpen() {
    if (!open.compareAndSet(false, true)) {
      return Optional.empty();
    }
    openings.incrementAndGet();
    MemoryOrchestrator memory = MemoryOrchestrator.builder().postgres(database, null, null)
        .indexDirectory(directory.resolve("index")).embedder(new HashEmbedder()).open();
    return Optional.of(new SharedMemory.Opened(memory, () -> {
      memory.close();
      open.set(false);
    }));
  }

  private static String add(SharedMemory memory, String content) throws InterruptedException {
    Answer answer = memory.calls().call(ADA, "memory_add", "{\"content\": \"" + content + "\"}");
    assertThat(answer.failed()).as(answer.text()).isFalse();
    return answer.text();
  }

  private static String list(SharedMemory memory) throws InterruptedException {
    Answer answer = memory.calls().call(ADA, "memory_list", "{\"order\": \"oldest\"}");
    assertThat(answer.failed()).as(answer.text()).isFalse();
    return answer.text();
  }

  @Test
  void several_useOneMemory_andWhenItsOwnerEnds_anotherOpensIt() throws Exception {
    SharedMemory first = share(PATIENCE);
    add(first, "by the first");
    SharedMemory second = share(PATIENCE);
    SharedMemory third = share(PATIENCE);
    add(second, "by the second");
    add(third, "by the third");

    assertThat(first.isOpenHere()).isTrue();
    assertThat(second.isOpenHere()).isFalse();
    assertThat(list(third)).contains("by the first", "by the second", "by the third");

    first.close();
    add(second, "after the first");
    add(third, "and later");

    assertThat(second.isOpenHere() ^ third.isOpenHere()).isTrue();
    assertThat(list(second)).contains("by the first", "after the first", "and later").isEqualTo(list(third));
    (second.isOpenHere() ? second : third).close();
    SharedMemory last = all.get(1).isOpenHere() || !all.get(2).isOpenHere() ? third : second;
    assertThat(openings.get()).isGreaterThanOrEqualTo(2);
    assertThat(list(second.isOpenHere() ? second : last)).isNotEmpty();
  }

  @Test
  void failedCall_isTheSameAnswerThroughAnotherProcess() throws Exception {
    SharedMemory first = share(PATIENCE);
    add(first, "x");
    SharedMemory second = share(PATIENCE);
    add(second, "y");

    Answer wrong = second.calls().call(ADA, "memory_search", "{\"limit\": 7}");

    assertThat(wrong).isEqualTo(first.calls().call(ADA, "memory_search", "{\"limit\": 7}"));
    assertThat(wrong.failed()).isTrue();
    assertThat(second.calls().call(new Target(Scope.user("bén/ %+"), null), "memory_list", "{}").text())
        .isEqualTo("{\"memories\":[]}");
  }

  /** Adds a memory, and notes why it failed if it did. */
  private static void tryToAdd(SharedMemory memory, String arguments, Collection<String> failed) {
    try {
      Answer answer = memory.calls().call(ADA, "memory_add", arguments);
      if (answer.failed()) {
        failed.add(answer.text());
      }
    } catch (InterruptedException e) {
      failed.add("interrupted");
    }
  }

  @Test
  void callsDuringTheChange_areAnswered() throws Exception {
    SharedMemory first = share(PATIENCE);
    add(first, "0");
    SharedMemory second = share(PATIENCE);
    add(second, "1");
    CountDownLatch some = new CountDownLatch(20);
    List<String> failed = new ArrayList<>();
    Thread busy = Thread.ofVirtual().start(() -> {
      for (int i = 0; i < 60; i++) {
        tryToAdd(second, "{\"content\": \"c\", \"key\": \"" + i + "\"}", failed);
        some.countDown();
      }
    });
    some.await();

    first.close();
    busy.join();

    assertThat(failed).isEmpty();
    assertThat(second.isOpenHere()).isTrue();
    assertThat(list(second)).contains("\"key\":\"0\"").contains("\"next\"");
  }

  @Test
  void handOver_letsAServerOpenTheDirectory_andNoCallFails() throws Exception {
    SharedMemory first = share(PATIENCE);
    add(first, "by the first");
    SharedMemory second = share(PATIENCE);
    add(second, "by the second");
    CountDownLatch some = new CountDownLatch(100);
    AtomicBoolean end = new AtomicBoolean();
    Set<String> failed = ConcurrentHashMap.newKeySet();
    AtomicInteger stored = new AtomicInteger();
    List<Thread> busy = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      busy.add(Thread.ofVirtual().start(() -> {
        while (!end.get()) {
          int number = stored.getAndIncrement();
          tryToAdd(first, "{\"content\": \"number " + number + "\"}", failed);
          some.countDown();
        }
      }));
    }
    some.await();

    assertThat(SharedMemory.askToHandOver(ServerFile.read(directory).orElseThrow())).isTrue();
    SharedMemory.Opened opened = openUnlessOpen().orElse(null);
    while (opened == null) {
      Thread.onSpinWait();
      opened = openUnlessOpen().orElse(null);
    }
    String key = ServerFile.newKey();
    try (MemlaneServer server = MemlaneServer.builder(opened.memory()).port(0).ownerKey(key).start()) {
      ServerFile file = ServerFile.of(server, key);
      file.write(directory);
      add(second, "after the change");
      add(first, "and by the first");
      end.set(true);
      for (Thread each : busy) {
        each.join();
      }

      assertThat(failed).isEmpty();
      assertThat(first.isOpenHere() || second.isOpenHere()).isFalse();
      assertThat(opened.memory().blocking().count(ADA.scope(), null)).isEqualTo(stored.get() + 4L);
      assertThat(SharedMemory.askToHandOver(file)).as("a server keeps its directory").isFalse();
      file.remove(directory);
    }
    opened.close().close();
  }

  @Test
  void directoryThatAnotherProcessKeepsForItself_isReported() {
    open.set(true);

    SharedMemory shared = share(Duration.ofMillis(1));

    assertThat(shared.failure().join()).isInstanceOf(StoreException.class)
        .hasMessageContaining("is in use by another process, which does not let others in");
  }

  @Test
  void directoryThatCannotBeOpened_isReported() throws Exception {
    SharedMemory shared = SharedMemory.in(directory, () -> {
      throw new InvalidInputException("no such model");
    });
    all.add(shared);

    assertThat(shared.failure().join()).hasMessage("no such model");
    assertThat(shared.calls().call(ADA, "memory_list", "{}").text()).contains("cannot be reached");
  }

  @Test
  void stdioWithoutAScope_isRefused() {
    SharedMemory shared = share(PATIENCE);

    assertThatThrownBy(() -> McpStdio.over(shared, McpOptions.DEFAULT)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("it is not said whose memory the tools are for");
  }
}
