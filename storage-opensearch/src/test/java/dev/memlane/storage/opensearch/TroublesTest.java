package dev.memlane.storage.opensearch;

import static dev.memlane.testing.TestMemories.document;
import static dev.memlane.testing.TestMemories.embedding;
import static dev.memlane.testing.TestMemories.id;
import static dev.memlane.testing.TestMemories.op;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.InDoubt;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.VectorType;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexContents;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.storage.opensearch.cluster.HttpFront;
import dev.memlane.storage.opensearch.cluster.HttpFront.Fault;
import dev.memlane.storage.opensearch.cluster.TestCluster;
import dev.memlane.storage.vector.IncompatibleIndexException;
import dev.memlane.testing.TestMemories;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What becomes of writes and searches when the cluster, or the way to it, is in trouble. */
@Tag("programs")
class TroublesTest {

  private static final String INDEX = "troubles";
  private static final Scope ADA = Scope.user("ada");
  private static final String BUSY_REQUEST = "{\"error\": {\"type\": \"es_rejected_execution_exception\", "
      + "\"reason\": \"rejected execution of coordinating operation\"}, \"status\": 429}";
  private static final String BUSY_ITEM = "{\"errors\": true, \"items\": [{\"index\": {\"status\": 429, "
      + "\"error\": {\"type\": \"es_rejected_execution_exception\", "
      + "\"reason\": \"rejected execution of primary operation\"}}}]}";
  private static final Instant LATER = Instant.parse("9999-01-01T00:00:00Z");

  private HttpFront front;
  private OpenSearchIndex index;

  @BeforeEach
  void open() throws IOException {
    RawCluster.delete(INDEX);
    front = new HttpFront(RawCluster.shared());
    index = builder(front.address()).open();
  }

  @AfterEach
  void close() throws IOException {
    front.set(Fault.NONE);
    index.close();
    front.close();
  }

  private static OpenSearchIndexBuilder builder(String... hosts) {
    return OpenSearchIndex.builder(hosts).index(INDEX).model(TestMemories.MODEL).dimension(TestMemories.DIMENSION)
        .replicas(0).writeTimeout(Duration.ofSeconds(5));
  }

  private StoreResult put(int number) {
    return index.put(document(number, ADA, "memory " + number), LATER).join();
  }

  private static DocumentName name(int number) {
    return new DocumentName(id(number), op(number));
  }

  private List<DocumentName> names() {
    return index.names(null, 100).join();
  }

  /** How many writes were sent. */
  private long writes() {
    return front.requests().stream().filter(line -> line.contains("_bulk")).count();
  }

  private static IndexQuery query() {
    return new IndexQuery(embedding("x"), "memory", List.of(ADA), null, 10, false);
  }

  private static void assertNotApplied(StoreResult result, String... said) {
    assertThat(result).isInstanceOfSatisfying(NotApplied.class, notApplied -> assertThat(notApplied.cause())
        .isInstanceOf(StoreException.class).message().contains(said).contains("\"" + INDEX + "\""));
  }

  @ParameterizedTest
  @CsvSource({"read_only_allow_delete, watermark", "read_only, blocked", "write, blocked"})
  void aBlockedIndex_refusesWrites_andSaysWhy(String block, String said) {
    assertThat(put(1)).isInstanceOf(Applied.class);
    RawCluster.send("PUT", "/" + INDEX + "/_settings", "{\"index.blocks." + block + "\": true}");

    assertNotApplied(put(2), said, "cluster_block_exception");
    assertThatThrownBy(() -> index.removeAll(id(1)).join()).hasCauseInstanceOf(StoreException.class)
        .hasMessageContaining(said);
    assertNotApplied(index.check(name(1), LATER).join(), block);
    assertThat(index.search(query()).join().lexical()).hasSize(1);
    assertThat(index.failure()).isNull();

    RawCluster.send("PUT", "/" + INDEX + "/_settings", "{\"index.blocks." + block + "\": null}");
    assertThat(put(2)).isInstanceOf(Applied.class);
    assertThat(index.check(name(1), LATER).join()).isInstanceOf(Applied.class);
  }

  @Test
  void anotherMapping_refusesThePut_andSaysWhatToDo() {
    index.close();
    RawCluster.delete(INDEX);
    // As if somebody had made the index with vectors of another dimension.
    RawCluster.send("PUT", "/" + INDEX + "-1", definition(3, 1).toString());
    index = builder(front.address()).open();

    assertNotApplied(put(1), "mapper_parsing_exception", "memlane reindex");
    assertThat(names()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"413, , max_content_length", "429, cluster_block_exception, has blocked the index",
      "403, security_exception, may do", "401, , password"})
  void aRefusedRequest_isNotApplied(int status, String type, String said) {
    front.answerWrites(status, "{\"error\": {\"type\": \"" + type + "\", \"reason\": \"no\"}, \"status\": " + status
        + "}");

    assertNotApplied(put(1), said, Integer.toString(status));
    assertThatThrownBy(() -> index.remove(name(1)).join()).hasCauseInstanceOf(StoreException.class)
        .hasMessageContaining(said);
    assertThat(writes()).isEqualTo(2);
    front.set(Fault.NONE);
    assertThat(names()).isEmpty();
  }

  @Test
  void aBusyCluster_refusesARemoval() {
    front.answerWrites(429, BUSY_REQUEST);

    assertThatThrownBy(() -> index.remove(name(1)).join()).hasCauseInstanceOf(StoreException.class)
        .hasMessageContaining("too much to do");
  }

  @ParameterizedTest
  @CsvSource({"429, '" + BUSY_REQUEST + "'", "200, '" + BUSY_ITEM + "'"})
  void aBusyCluster_isSentThePutAgain(int status, String answer) {
    front.answerWrites(status, answer);

    CompletableFuture<StoreResult> put = index.put(document(1, ADA, "one"), LATER);
    front.awaitWrites(3);
    assertThat(put).isNotDone();
    front.set(Fault.NONE);

    assertThat(put.join()).isInstanceOf(Applied.class);
    assertThat(names()).containsExactly(name(1));
  }

  @ParameterizedTest
  @CsvSource({"429, '" + BUSY_REQUEST + "'", "200, '" + BUSY_ITEM + "'"})
  void aPutIntoABusyCluster_isNotApplied_whenItsTimeIsOver(int status, String answer) {
    index.close();
    index = builder(front.address()).writeTimeout(Duration.ofMillis(400)).open();
    front.answerWrites(status, answer);

    assertNotApplied(put(1), "too much to do", "rejected", "429");
    assertNotApplied(index.put(document(2, ADA, "two"), Instant.now().plusMillis(200)).join(), "too much to do", "429");
    front.set(Fault.NONE);
    index.close();
    index = builder(front.address()).open();
    assertThat(names()).isEmpty();
  }

  @Test
  void aPutIntoABusyCluster_ends_whenTheIndexIsClosed() {
    index.close();
    index = builder(front.address()).writeTimeout(Duration.ofMinutes(1)).closingPatience(Duration.ofMillis(100)).open();
    front.answerWrites(429, BUSY_REQUEST);
    CompletableFuture<StoreResult> put = index.put(document(1, ADA, "one"), LATER);
    front.awaitWrites(1);

    assertThatThrownBy(() -> index.close()).hasMessageContaining("did not end all accepted writes");

    // In doubt if it was being sent once more at that moment.
    assertThat(put.join()).isInstanceOfAny(NotApplied.class, InDoubt.class);
  }

  @ParameterizedTest
  @CsvSource({"500", "502", "503", "504"})
  void anErrorOfTheServer_isInDoubt(int status) {
    front.answerWrites(status, "<html>a proxy's page</html>");

    assertThat(put(1)).isInstanceOf(InDoubt.class);
  }

  @Test
  void anAnswerThatIsNone_isInDoubt() {
    for (String body : List.of("{", "{}", "{\"errors\": false, \"items\": []}", "[]", "{\"items\": [{}]}")) {
      front.answerWrites(200, body);
      assertThat(put(1)).as(body).isInstanceOf(InDoubt.class);
    }
  }

  @ParameterizedTest
  @EnumSource(value = Fault.class, names = {"CUT_BEFORE", "CUT_AFTER"})
  void aLostConnection_isInDoubt_andNothingIsSentTwice(Fault fault) {
    index.close();
    // Two nodes, so that there is one to send it to again.
    index = builder(front.address(), front.address()).open();
    assertThat(put(1)).isInstanceOf(Applied.class);
    front.set(fault);

    assertThat(put(2)).isInstanceOf(InDoubt.class);
    assertThatThrownBy(() -> index.remove(name(1)).join()).hasCauseInstanceOf(StoreException.class);

    front.set(Fault.NONE);
    assertThat(names()).containsExactly(fault == Fault.CUT_AFTER ? name(2) : name(1));
    assertThat(writes()).isEqualTo(3);
  }

  @Test
  void aPutWithoutAnAnswer_isInDoubtAtItsDeadline_andTheNextOfItsMemoryIsSent() {
    front.holdWrites();
    CompletableFuture<StoreResult> first = index.put(document(1, ADA, "one"), Instant.now().plusMillis(300));
    CompletableFuture<Void> removal = index.remove(name(1));
    assertThat(first.join()).isInstanceOf(InDoubt.class);
    front.awaitWrites(2);
    front.set(Fault.NONE);

    removal.join();
  }

  @Test
  void aPutBehindAnother_isWithdrawnAtItsDeadline() {
    front.holdWrites();
    CompletableFuture<StoreResult> first = index.put(document(1, ADA, "one"), LATER);
    front.awaitWrites(1);
    StoreResult second = index.put(TestMemories.document(TestMemories.changed(TestMemories.memory(1, ADA, "one"), op(2),
        "two")), Instant.now().plusMillis(200)).join();
    front.set(Fault.NONE);

    assertThat(second).isInstanceOf(NotApplied.class);
    assertThat(first.join()).isInstanceOf(Applied.class);
    assertThat(names()).containsExactly(name(1));
  }

  @Test
  void aFullQueue_refusesAtOnce() throws IOException {
    try (OpenSearchIndex small = builder(front.address()).queueBound(3).open()) {
      front.holdWrites();
      List<CompletableFuture<StoreResult>> puts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        puts.add(small.put(document(i, ADA, "memory"), LATER));
      }

      assertNotApplied(small.put(document(9, ADA, "memory"), LATER).join(), "queue is full");
      assertThat(small.check(name(1), LATER).join()).isInstanceOf(NotApplied.class);
      assertThatThrownBy(() -> small.remove(name(1)).join()).hasMessageContaining("queue is full");

      front.set(Fault.NONE);
      puts.forEach(put -> assertThat(put.join()).isInstanceOf(Applied.class));
    }
  }

  @Test
  void aClusterThatIsNotThere_refusesPuts_andOpening() throws IOException {
    front.close();

    StoreResult result = put(1);
    // A kept connection may be lost while a put is sent; the next one can't be made.
    assertNotApplied(result instanceof InDoubt ? put(2) : result, "can't be reached", front.address());
    assertNotApplied(index.check(name(1), LATER).join(), "can't be reached");
    assertThatThrownBy(() -> index.search(query()).join()).hasCauseInstanceOf(StoreException.class)
        .hasMessageContaining("can't be reached");
    assertThatThrownBy(() -> builder(front.address()).open()).isInstanceOf(StoreException.class)
        .hasMessageContaining("can't be reached");
  }

  @Test
  void aNodeThatIsNotThere_isPassedOver() throws IOException {
    String nobody;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = "http://127.0.0.1:" + free.getLocalPort();
    }
    try (OpenSearchIndex several = builder(nobody, RawCluster.shared()).open()) {
      for (int i = 0; i < 10; i++) {
        assertThat(several.put(document(i, ADA, "memory " + i), LATER).join()).isInstanceOf(Applied.class);
        assertThat(several.search(query()).join().semantic()).hasSize(i + 1);
      }
    }
  }

  @Test
  void anIndexThatIsGone_hasFailed_andOpensAnew() {
    assertThat(put(1)).isInstanceOf(Applied.class);
    RawCluster.delete(INDEX);

    assertNotApplied(put(2), "gone");
    assertThatThrownBy(() -> index.names(null, 10).join()).hasCauseInstanceOf(StoreException.class);
    assertThat(RawCluster.send("GET", "/" + INDEX, "").path("status").asInt()).isEqualTo(404);
    // It asks the cluster first whether it is gone.
    await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> assertThat(index.failure()).isNotNull());
    index.close();
    index = builder(front.address()).open();
    assertThat(put(2)).isInstanceOf(Applied.class);
    assertThat(names()).containsExactly(name(2));
  }

  @Test
  void anIndexOfAnotherModel_isNotOpened() {
    assertThatThrownBy(() -> builder(front.address()).model("other").open())
        .isInstanceOf(IncompatibleIndexException.class).hasMessageContaining("other")
        .hasMessageContaining(TestMemories.MODEL);
    assertThatThrownBy(() -> builder(front.address()).language(Locale.GERMAN).open())
        .isInstanceOf(IncompatibleIndexException.class).hasMessageContaining("de");
    assertThatThrownBy(() -> builder(front.address()).routing(Routing.USER).open())
        .isInstanceOf(IncompatibleIndexException.class).hasMessageContaining("routing");
  }

  @Test
  void anIndexThatWasMadeAnewForAnotherModel_hasFailed() {
    RawCluster.delete(INDEX);
    try (OpenSearchIndex changed = builder(front.address()).model("other").open()) {
      assertThatThrownBy(() -> index.end().join()).hasCauseInstanceOf(IncompatibleIndexException.class);

      assertThat(index.failure()).isInstanceOf(IncompatibleIndexException.class);
      assertNotApplied(put(1), "other");
      assertThat(changed.names(null, 10).join()).isEmpty();
    }
  }

  @Test
  void aShardWithoutANode_failsSearchesAndTheEnd() {
    RawCluster.delete(INDEX);
    ObjectNode definition = definition(TestMemories.DIMENSION, 2);
    // So one of the two finds no place on the only node.
    ((ObjectNode) definition.path("settings").path("index")).put("routing.allocation.total_shards_per_node", 1);
    RawCluster.send("PUT", "/" + INDEX + "-1?wait_for_active_shards=0", definition.toString());
    RawCluster.send("GET", "/_cluster/health/" + INDEX + "-1?wait_for_active_shards=1&timeout=60s", "");

    assertThatThrownBy(() -> index.search(query()).join()).hasCauseInstanceOf(StoreException.class)
        .hasMessageContaining("could not be searched");
    assertThatThrownBy(() -> index.end().join()).hasCauseInstanceOf(StoreException.class)
        .hasMessageContaining("shards without a node");
    assertThat(index.failure()).isNull();
  }

  @Test
  void indexOfAnotherDatabase_isRefused_andReplacedOnRequestOnly() {
    open("moved", "one", false).close();

    assertThatThrownBy(() -> open("moved", "two", false)).isInstanceOf(IncompatibleIndexException.class)
        .hasMessageContaining("holds the memories of another database");

    open("moved", "two", true).close();
    open("moved", "two", false).close();
    assertThatThrownBy(() -> open("moved", "one", false)).isInstanceOf(IncompatibleIndexException.class);
  }

  @Test
  void indexThatMemlaneHasNotMade_isNotReplacedEither() {
    RawCluster.send("PUT", "/foreign-1", "{\"aliases\": {\"foreign\": {}}}");

    assertThatThrownBy(() -> open("foreign", "one", true)).isInstanceOf(IncompatibleIndexException.class)
        .hasMessageContaining("was not made by Memlane");
    assertThat(RawCluster.send("GET", "/foreign-1", "").has("foreign-1")).isTrue();
  }

  private static OpenSearchIndex open(String name, String database, boolean anew) {
    return OpenSearchIndex.builder(TestCluster.shared().hosts().getFirst().toString()).index(name).replicas(0)
        .open(new IndexContents(database, TestMemories.MODEL, TestMemories.DIMENSION, Locale.ENGLISH), anew);
  }

  private static ObjectNode definition(int dimension, int shards) {
    IndexIdentity identity = new IndexIdentity("", TestMemories.MODEL, TestMemories.DIMENSION, Locale.ENGLISH,
        VectorType.FLOAT, Routing.MEMORY);
    ObjectNode definition = new IndexDefinition(identity, shards, 0, Duration.ofSeconds(1)).toJson();
    ((ObjectNode) definition.path("mappings").path("properties").path(Fields.VECTOR)).put("dimension", dimension);
    definition.putObject("aliases").putObject(INDEX);
    return definition;
  }

  @Test
  void oneRefresh_servesAllThatWait_andNoneIsMadeWithoutAWrite() {
    List<CompletableFuture<?>> puts = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      puts.add(index.put(document(i, ADA, "memory " + i), LATER));
    }
    CompletableFuture.allOf(puts.toArray(CompletableFuture[]::new)).join();
    long before = refreshes();
    List<CompletableFuture<?>> searches = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      searches.add(index.search(query()));
    }
    CompletableFuture.allOf(searches.toArray(CompletableFuture[]::new)).join();

    assertThat(refreshes() - before).isEqualTo(1);
    index.search(query()).join();
    assertThat(refreshes() - before).isEqualTo(1);
    assertThat(front.requests().stream().filter(line -> line.contains("_msearch"))).hasSize(51);
  }

  private long refreshes() {
    return front.requests().stream().filter(line -> line.contains("_refresh")).count();
  }
}
