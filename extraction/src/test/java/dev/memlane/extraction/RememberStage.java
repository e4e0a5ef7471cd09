package dev.memlane.extraction;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.model.Memory;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One process that remembers: a memory on a real database and a real index, and an extractor with a scripted model. */
final class RememberStage implements AutoCloseable {

  static final Scope ADA = Scope.user("ada");
  static final Scope CHAT = ADA.withRun("monday");

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  final MemoryOrchestrator memory;
  final Database database;
  final ChatModel model;
  final MemoryExtractor extractor;

  /** @param url a database, which other stages may share */
  RememberStage(String url, Path index, ChatProvider provider) {
    this(url, index, OpenAiChatModel.at(provider.url(), "test").apiKey(ApiKey.of("sk-test-key")).build(), 50);
  }

  RememberStage(String url, Path index, ChatModel model, int messagesPerCall) {
    this(url, index, model, messagesPerCall, false);
  }

  /** @param unique whether scopes hold each content once */
  RememberStage(String url, Path index, ChatModel model, int messagesPerCall, boolean unique) {
    this.memory = MemoryOrchestrator.builder().postgres(url, null, null).indexDirectory(index)
        .embedder(new HashEmbedder()).followEvery(Duration.ofMillis(20)).deduplicate(scope -> unique)
        .open();
    this.database = Database.builder(url).poolSize(5).open();
    this.model = model;
    this.extractor = MemoryExtractor.builder(memory, database, model).messagesPerCall(messagesPerCall).build();
  }

  static String freshDatabase() {
    return TestServer.freshDatabase(TABLES);
  }

  /** What the user says, a message each. */
  List<NewMessage> say(String... texts) {
    return say(CHAT, texts);
  }

  List<NewMessage> say(Scope conversation, String... texts) {
    List<NewMessage> messages = Stream.of(texts).map(text -> NewMessage.of(MessageRole.USER, text, "test", text))
        .toList();
    get(memory.conversations().append(conversation, messages));
    return messages;
  }

  RememberReport remember() {
    return get(extractor.remember(CHAT));
  }

  List<Memory> facts() {
    return memory.blocking().list(ADA, Fact.filter(), null, 1_000).memories();
  }

  Set<String> contents() {
    return facts().stream().map(Memory::content).collect(Collectors.toCollection(TreeSet::new));
  }

  /** How many rows a table has. */
  long rows(String table) {
    return database.readNow("counting", handle -> handle.createQuery("select count(*) from " + table)
        .mapTo(Long.class).one());
  }

  static <T extends @Nullable Object> T get(CompletableFuture<T> future) {
    try {
      return future.get(60, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError("it failed", e);
    }
  }

  @Override
  public void close() {
    extractor.close();
    model.close();
    memory.close();
    database.close();
  }
}
