package dev.memlane.storage.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Embedding;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.TestOperations;
import dev.memlane.testing.TestServer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Vectors of one memory by two models, as two processes or a change of model leave them. */
@Tag("slow")
class VectorsOfModelsTest {

  private Database database;
  private PostgresCoreStore core;
  private PostgresCoreStore other;
  private PostgresHistoryStore history;
  private Operation add;

  @BeforeEach
  void open() {
    database = Database.builder(TestServer.freshDatabase()).open();
    core = PostgresCoreStore.open(database, TestOperations.MODEL, TestOperations.DIMENSION);
    other = PostgresCoreStore.open(database, "other", 2);
    history = new PostgresHistoryStore(database);
    add = TestOperations.add("Ada plays the oboe");
    write(add);
    other.saveVector(new DocumentName(add.memory(), add.op()), new Embedding("other", new float[]{1, 2})).join();
    assertThat(row(other, add.memory()).embedding()).isNotNull();
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void update_ofTheContent_leavesNoVectorOfAnotherModel() {
    write(TestOperations.update(row(core, add.memory()), "Ada plays the lute"));

    assertThat(row(core, add.memory()).embedding()).isNotNull();
    assertThat(row(other, add.memory()).embedding()).as("it was the old content's").isNull();
  }

  @Test
  void update_ofTheSameContent_leavesTheVectorsOfAllModels() {
    write(TestOperations.update(row(core, add.memory()), "Ada plays the oboe"));

    assertThat(row(core, add.memory()).embedding()).isNotNull();
    assertThat(row(other, add.memory()).embedding()).isNotNull();
  }

  @Test
  void sweep_ofATombstone_leavesNoVector() {
    write(TestOperations.delete(row(core, add.memory())));
    CoreRow tombstone = row(core, add.memory());
    Unit unit = database.units().begin(Unit.Kind.SWEEP, tombstone.id(), tombstone.op(), deadline());
    CompletableFuture<StoreResult> swept = core.sweep(unit, tombstone.stamp());
    history.sweep(unit).join();

    assertThat(swept.join()).isInstanceOf(StoreResult.Applied.class);
    long vectors = database.readNow("counting",
        handle -> handle.createQuery("select count(*) from memory_vector").mapTo(Long.class).one());
    assertThat(vectors).isZero();
  }

  private static Instant deadline() {
    return Instant.now().plusSeconds(30);
  }

  private void write(Operation operation) {
    Unit unit = database.units().begin(Unit.Kind.WRITE, operation.memory(), operation.op(), deadline());
    CompletableFuture<StoreResult> written = core.write(unit, operation);
    assertThat(history.write(unit, operation).join()).isInstanceOf(StoreResult.Applied.class);
    assertThat(written.join()).isInstanceOf(StoreResult.Applied.class);
  }

  private static CoreRow row(PostgresCoreStore store, MemoryId memory) {
    Map<MemoryId, CoreRow> rows = store.read(List.of(memory), true).join();
    CoreRow row = rows.get(memory);
    if (row == null) {
      throw new AssertionError("there is no row of " + memory);
    }
    return row;
  }
}
