package dev.memlane.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import org.junit.jupiter.api.Test;

class StoreResultTest {

  private final StoreResult coreApplied = applied(StoreKind.CORE);
  private final StoreResult historyApplied = applied(StoreKind.HISTORY);
  private final StoreResult notApplied = new StoreResult.NotApplied(new StoreException("another stamp", null));
  private final StoreResult inDoubt = new StoreResult.InDoubt(new StoreException("no answer", null));
  private final StoreException historysReason = new StoreException("history's reason", null);

  @Test
  void ofUnit_bothApplied_isAppliedWithCoresReceipt() {
    assertThat(StoreResult.ofUnit(coreApplied, historyApplied)).isSameAs(coreApplied);
  }

  @Test
  void ofUnit_coreNotApplied_isNotApplied_whateverHistoryReports() {
    assertThat(StoreResult.ofUnit(notApplied, historyApplied)).isSameAs(notApplied);
    assertThat(StoreResult.ofUnit(notApplied, new StoreResult.NotApplied(historysReason))).isSameAs(notApplied);
    assertThat(StoreResult.ofUnit(notApplied, new StoreResult.InDoubt(historysReason))).isSameAs(notApplied);
  }

  @Test
  void ofUnit_coreInDoubt_isInDoubt_whateverHistoryReports() {
    assertThat(StoreResult.ofUnit(inDoubt, historyApplied)).isSameAs(inDoubt);
    assertThat(StoreResult.ofUnit(inDoubt, new StoreResult.NotApplied(historysReason))).isSameAs(inDoubt);
    assertThat(StoreResult.ofUnit(inDoubt, new StoreResult.InDoubt(historysReason))).isSameAs(inDoubt);
  }

  @Test
  void ofUnit_historyInDoubt_isInDoubt() {
    StoreResult historyInDoubt = new StoreResult.InDoubt(historysReason);

    assertThat(StoreResult.ofUnit(coreApplied, historyInDoubt)).isSameAs(historyInDoubt);
  }

  @Test
  void ofUnit_historyNotAppliedAlthoughCoreApplied_isInDoubt() {
    assertThat(StoreResult.ofUnit(coreApplied, new StoreResult.NotApplied(historysReason)))
        .isEqualTo(new StoreResult.InDoubt(historysReason));
  }

  @Test
  void cause_isThatOfTheIndexBeforeThatOfCore() {
    assertThat(new StoreResults(notApplied, inDoubt, historyApplied).cause()).isSameAs(inDoubt.cause());
    assertThat(new StoreResults(notApplied, coreApplied, inDoubt).cause()).isSameAs(notApplied.cause());
    assertThat(new StoreResults(coreApplied, coreApplied, historyApplied).cause()).isNull();
  }

  private static StoreResult applied(StoreKind store) {
    return new StoreResult.Applied(
        new Receipt(store, new MemoryId(UUID.randomUUID()), new OperationId(UUID.randomUUID()), 1));
  }
}
