package dev.memlane.cli.internal.data;

import static dev.memlane.cli.internal.data.ServerClient.JSON;
import static dev.memlane.cli.internal.data.ServerClient.path;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.archive.ArchiveFile;
import dev.memlane.archive.ArchiveSource;
import dev.memlane.archive.ExportReport;
import dev.memlane.archive.ImportReport;
import dev.memlane.archive.JsonLines;
import dev.memlane.archive.LineNotice;
import dev.memlane.cli.internal.data.ServerClient.NotFoundException;
import dev.memlane.cli.internal.data.ServerClient.UnreachableException;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.model.Change;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.HistoryPage;
import dev.memlane.orchestrator.ModelChange;
import dev.memlane.orchestrator.Page;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.SearchRequest.Include;
import dev.memlane.orchestrator.Statistics;
import dev.memlane.orchestrator.TimePage;
import dev.memlane.orchestrator.VerifyReport;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * The memory behind a server, over its REST API. Long lists come page by page, and many memories go in several requests, so
 * the server's limits are none of the command's.
 */
public final class ServerMemory implements OpenMemory {

  private static final String MODEL_CHANGE = "/api/v1/model-change";
  private static final int LONGEST_PAGE = 1_000;
  /** Below the server's limit of a body. */
  private static final int MOST_BYTES = 16 << 20;
  /** Work that takes as long as there are memories. */
  private static final Duration LONG = Duration.ofHours(24);

  private final ServerAddress server;
  private final ServerClient client;
  private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();

  private ServerMemory(ServerAddress server, ServerClient client) {
    this.server = server;
    this.client = client;
  }

  /**
   * Connects to a server.
   *
   * @throws dev.memlane.model.MemlaneException if it does not answer, is no Memlane server, or does not accept the key
   */
  public static ServerMemory connect(ServerAddress server) {
    ServerClient client = new ServerClient(server);
    boolean connected = false;
    try {
      JsonNode session = client.get("/api/v1/session").answer();
      if (!session.path("role").isTextual()) {
        throw new StoreException(server + " is no Memlane server; check its address", null);
      }
      connected = true;
      return new ServerMemory(server, client);
    } finally {
      if (!connected) {
        client.close();
      }
    }
  }

  /** Connects to a server if it still runs; empty if nothing answers there any more. */
  public static Optional<ServerMemory> connectIfRunning(ServerAddress server) {
    try {
      return Optional.of(connect(server));
    } catch (UnreachableException e) {
      return Optional.empty();
    }
  }

  /** Whether the API key goes over a network unencrypted. */
  public boolean exposesKey() {
    return server.exposesKey();
  }

  private static <T> T read(JsonNode node, Class<T> type) {
    try {
      return JSON.treeToValue(node, type);
    } catch (JsonProcessingException e) {
      throw notUnderstood(e);
    }
  }

  private static <T> List<T> list(JsonNode node, TypeReference<List<T>> type) {
    try {
      return JSON.treeToValue(node, type);
    } catch (JsonProcessingException e) {
      throw notUnderstood(e);
    }
  }

  private static StoreException notUnderstood(JsonProcessingException e) {
    return new StoreException("the server's answer is not what this version of memlane knows; use the same version on "
        + "both sides", e);
  }

  @Override
  public CompletableFuture<List<WriteOutcome>> addMemories(List<NewMemory> memories) {
    return CompletableFuture.supplyAsync(() -> add(memories), calls);
  }

  private List<WriteOutcome> add(List<NewMemory> memories) {
    List<WriteOutcome> outcomes = new ArrayList<>(memories.size());
    ByteArrayOutputStream batch = new ByteArrayOutputStream();
    for (NewMemory memory : memories) {
      byte[] written = written(json(memory));
      if (batch.size() > 0 && batch.size() + written.length > MOST_BYTES) {
        outcomes.addAll(send(batch));
        batch.reset();
      }
      batch.write(batch.size() == 0 ? '[' : ',');
      batch.writeBytes(written);
    }
    if (batch.size() > 0) {
      outcomes.addAll(send(batch));
    }
    if (outcomes.size() != memories.size()) {
      throw new StoreException("the server answered " + outcomes.size() + " of " + memories.size() + " writes", null);
    }
    return outcomes;
  }

  private List<WriteOutcome> send(ByteArrayOutputStream batch) {
    ByteArrayOutputStream body = new ByteArrayOutputStream(batch.size() + 20);
    body.writeBytes("{\"memories\":".getBytes(StandardCharsets.US_ASCII));
    body.writeBytes(batch.toByteArray());
    body.writeBytes("]}".getBytes(StandardCharsets.US_ASCII));
    List<WriteOutcome> outcomes = new ArrayList<>();
    for (JsonNode item : client.post("/api/v1/memories/batch").json(body.toByteArray()).answer().path("outcomes")) {
      outcomes.add(item.has("problem") ? ServerClient.outcome(item.path("problem")) : read(item, WriteOutcome.class));
    }
    return outcomes;
  }

  private static byte[] written(Object value) {
    try {
      return JSON.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("what commands send can be written", e);
    }
  }

  private static Map<String, @Nullable Object> json(NewMemory memory) {
    return Json.object("content", memory.content(), "scope", memory.scope(), "key", memory.key(), "actor",
        memory.actor(), "metadata", memory.metadata(), "occurredAt", memory.occurredAt(), "expiresAt",
        memory.expiresAt(), "embedding", memory.embedding(), "revive", memory.revive());
  }

  @Override
  public Memory updateMemory(MemoryUpdate update) {
    ObjectNode body = JSON.createObjectNode();
    if (update.content() != null) {
      body.put("content", update.content());
    }
    if (update.metadata() != null) {
      body.set("metadata", JSON.valueToTree(update.metadata()));
    }
    put(body, "actor", update.actor());
    put(body, "occurredAt", update.occurredAt());
    put(body, "expiresAt", update.expiresAt());
    if (update.by() != null) {
      body.put("by", update.by());
    }
    return read(client.patch("/api/v1/memories/" + update.id()).expecting(update.expected()).json(written(body))
        .answer().path("memory"), Memory.class);
  }

  private static void put(ObjectNode body, String name, Change<?> change) {
    switch (change) {
      case Change.Keep<?> keep -> {
      }
      case Change.Set<?>(Object value) -> body.put(name, value.toString());
      case Change.Clear<?> clear -> body.putNull(name);
    }
  }

  @Override
  public WriteOutcome.Deleted deleteMemory(MemoryDeletion deletion) {
    return read(client.delete(path("/api/v1/memories/" + deletion.id(), "by", deletion.actor(), "purge",
        deletion.purgesHistory() ? true : null)).expecting(deletion.expected()).within(LONG).answer(),
        WriteOutcome.Deleted.class);
  }

  @Override
  public DeleteReport deleteAll(Scope scope, @Nullable Filter filter, boolean purgeHistory) {
    ServerClient.Call call = filter == null
        ? client.delete(path("/api/v1/scopes", "user", scope.user(), "agent", scope.agent(), "run", scope.run(),
            "keepHistory", purgeHistory ? null : true))
        : client.post("/api/v1/memories/delete")
            .json(Json.object("scope", scope, "filter", tree(filter), "purge", purgeHistory));
    return read(call.within(LONG).answer(), DeleteReport.class);
  }

  @Override
  public Optional<Memory> get(MemoryId id, Expired expired) {
    try {
      return Optional.of(read(client.get(path("/api/v1/memories/" + id, "expired", included(expired) ? true : null))
          .answer(), Memory.class));
    } catch (NotFoundException e) {
      return Optional.empty();
    }
  }

  /** Within a map, a filter would lose the property that names its kind. */
  private static @Nullable JsonNode tree(@Nullable Filter filter) {
    return filter == null ? null : JSON.valueToTree(filter);
  }

  private static boolean included(Expired expired) {
    return expired == Expired.INCLUDED;
  }

  @Override
  public Page list(@Nullable Scope scope, @Nullable Filter filter, @Nullable MemoryId after, int limit,
      Expired expired) {
    Listed listed = list(scope, filter, "id", after == null ? null : after.toString(), limit, expired);
    return new Page(listed.memories, listed.next == null ? null : MemoryId.parse(listed.next));
  }

  @Override
  public TimePage listByTime(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order,
      @Nullable TimePosition after, int limit, Expired expired) {
    Listed listed = list(scope, filter, order == TimeOrder.NEWEST_FIRST ? "newest" : "oldest",
        after == null ? null : after.toString(), limit, expired);
    return new TimePage(listed.memories, listed.next == null ? null : TimePosition.parse(listed.next));
  }

  private record Listed(List<Memory> memories, @Nullable String next) {}

  private Listed list(@Nullable Scope scope, @Nullable Filter filter, String order, @Nullable String after, int limit,
      Expired expired) {
    List<Memory> memories = new ArrayList<>();
    String next = after;
    do {
      JsonNode page = client.post("/api/v1/memories/list")
          .json(Json.object("scope", scope, "filter", tree(filter), "order",
              order, "limit", Math.min(LONGEST_PAGE, limit - memories.size()), "cursor", next, "expired",
              included(expired)))
          .answer();
      memories.addAll(list(page.path("memories"), new TypeReference<List<Memory>>() {
      }));
      next = page.path("next").textValue();
    } while (next != null && memories.size() < limit);
    return new Listed(memories, next);
  }

  @Override
  public long count(@Nullable Scope scope, @Nullable Filter filter, Expired expired) {
    return client.post("/api/v1/memories/count")
        .json(Json.object("scope", scope, "filter", tree(filter), "expired", included(expired))).answer().path("count")
        .longValue();
  }

  @Override
  public List<SearchHit> search(SearchRequest request) {
    var ranking = request.ranking();
    var recency = ranking.recency();
    return list(client.post("/api/v1/memories/search").json(Json.object("query", request.query(), "scopes",
        request.scopes().isEmpty() ? null : request.scopes(), "everywhere", request.scopes().isEmpty() ? true : null,
        "limit", request.limit(), "filter", tree(request.filter()), "mode", request.mode(), "threshold",
        request.threshold(),
        "minSimilarity", request.minSimilarity(), "minWords", request.minWords(), "context", ranking.context(),
        "fusion", ranking.fusion(), "semanticWeight", ranking.semanticWeight(), "recency",
        recency == null ? null : Json.object("halfLife", recency.halfLife(), "weight", recency.weight()), "diversity",
        ranking.diversity(), "include", request.include().stream().map(ServerMemory::name).toList(), "at",
        request.asOf())).answer()
        .path("hits"), new TypeReference<List<SearchHit>>() {
        });
  }

  private static String name(Include part) {
    return part.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public HistoryPage history(MemoryId id, @Nullable Integer before, int limit) {
    List<HistoryEntry> entries = new ArrayList<>();
    Integer next = before;
    try {
      do {
        JsonNode page = client.get(path("/api/v1/memories/" + id + "/history", "cursor", next, "limit",
            limit < 1 ? limit : Math.min(LONGEST_PAGE, limit - entries.size()))).answer();
        entries.addAll(list(page.path("entries"), new TypeReference<List<HistoryEntry>>() {
        }));
        next = page.hasNonNull("next") ? Integer.valueOf(page.path("next").asInt()) : null;
      } while (next != null && entries.size() < limit);
    } catch (NotFoundException e) {
      return new HistoryPage(List.of(), null);
    }
    return new HistoryPage(entries, next);
  }

  @Override
  public boolean hasLanded(MemoryId id, OperationId op, @Nullable Scope scope, @Nullable String key) {
    return client.get(path("/api/v1/operations/" + id + "/" + op, "user", scope == null ? null : scope.user(), "agent",
        scope == null ? null : scope.agent(), "run", scope == null ? null : scope.run(), "key", key)).answer()
        .path("landed").booleanValue();
  }

  @Override
  public VerifyReport verify(boolean repair) {
    return read(client.post(path("/api/v1/verify", "repair", repair ? true : null)).within(LONG).answer(),
        VerifyReport.class);
  }

  @Override
  public long deleteOldVectors() {
    return client.delete("/api/v1/old-vectors").within(LONG).answer().path("deleted").longValue();
  }

  /**
   * The change of the server's model that is under way, or the last one since the server began; empty if there was none.
   */
  public Optional<ModelChange.Status> modelChange() {
    try {
      return Optional.of(read(client.get(MODEL_CHANGE).answer(), ModelChange.Status.class));
    } catch (NotFoundException e) {
      return Optional.empty();
    }
  }

  /**
   * Has the server change its model while it serves. What is not given is as the server's settings say now.
   *
   * @param textsPerSecond null for no bound
   * @param mostTokens null for no bound
   */
  public ModelChange.Status changeModel(@Nullable String embedder, @Nullable String model, @Nullable String index,
      @Nullable Integer textsPerSecond, @Nullable Long mostTokens, boolean together) {
    return read(client.post(MODEL_CHANGE).json(Json.object("embedder", embedder, "model", model, "index", index,
        "textsPerSecond", textsPerSecond, "mostTokens", mostTokens, "together", together)).within(LONG).answer(),
        ModelChange.Status.class);
  }

  /** Cancels the change of the server's model. */
  public ModelChange.Status cancelModelChange() {
    return read(client.delete(MODEL_CHANGE).answer(), ModelChange.Status.class);
  }

  /** Has all servers of the database that change to the same model together let calls go over. */
  public ModelChange.Status announceSwitch() {
    return read(client.post(MODEL_CHANGE + "/switch").answer(), ModelChange.Status.class);
  }

  @Override
  public StoreState state() {
    ObjectNode answer = (ObjectNode) client.get("/api/v1/statistics").answer();
    List<String> unsettled = new ArrayList<>();
    answer.path("unsettled").forEach(each -> unsettled.add(each.path("kind").asText() + " " + each.path("op").asText()
        + " of memory " + each.path("id").asText()));
    answer.putArray("unsettled");
    return new StoreState(read(answer, Statistics.class), unsettled);
  }

  @Override
  public @Nullable EmbeddingStats embedding() {
    return null;
  }

  @Override
  public ExportReport exportTo(ArchiveFile file, ExportRequest request) {
    return file.write(output -> exportTo(output, request));
  }

  @Override
  public ExportReport exportTo(OutputStream output, ExportRequest request) {
    Scope scope = request.scope();
    long start = System.nanoTime();
    InputStream archive = client.get(path("/api/v1/export", "vectors", request.vectors(), "user",
        scope == null ? null : scope.user(), "agent", scope == null ? null : scope.agent(), "run",
        scope == null ? null : scope.run())).stream();
    ReceivedArchive received = new ReceivedArchive(archive, request);
    // A copy is exact even if the server is newer and writes more.
    return request.format() == ExportFormat.JSONL
        ? received.copyTo(output, start)
        : received.writeTo(request.format().format().sink(output), start);
  }

  @Override
  public ImportReport importFrom(InputStream archive, ImportRequest request) {
    SentArchive sent = new SentArchive(archive, request.stopped());
    ImportReport report = sent.report(read(client.post(path("/api/v1/import", "edits",
        request.acceptEdits() ? true : null)).lines(sent).within(LONG).answer(), ImportReport.class));
    report.failures().forEach(request.notices());
    return report;
  }

  /** Sends the archive as the JSON Lines that a server reads. Its numbers are those of the archive again in the report. */
  @Override
  public ImportReport importFrom(ArchiveSource archive, ImportRequest request) {
    List<LineNotice> notices = new ArrayList<>();
    ImportReport sent = importFrom(JsonLines.stream(archive),
        new ImportRequest(request.acceptEdits(), request.progress(), request.stopped(), notices::add));
    ImportReport report = new ImportReport(sent.read(), sent.restored(), sent.alreadyThere(), sent.different(),
        sent.failed(), sent.edited(),
        notices.stream().map(notice -> new LineNotice(notice.line() - 1, notice.kind(), notice.message())).toList(),
        sent.whole(), sent.elapsed(), sent.ended());
    report.failures().forEach(request.notices());
    return report;
  }

  @Override
  public void close() {
    calls.shutdownNow();
    client.close();
  }
}
