package dev.memlane.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The descriptions of outcomes: what happened to the data, and what to do. */
class WriteOutcomeTest {

  private static final MemoryId ID = new MemoryId(new UUID(1, 2));
  private static final OperationId OP = new OperationId(new UUID(3, 4));
  private final Exception cause = new IllegalStateException("the disk is full");

  @Test
  void describe_rolledBack_saysThatARetryIsSafe_andWhy() {
    WriteOutcome outcome = new WriteOutcome.RolledBack(ID, OP, cause, null);

    assertThat(outcome.describe()).contains(ID.toString(), "rolled back", "retry is safe", "the disk is full");
    assertThat(outcome.succeeded()).isFalse();
  }

  @Test
  void describe_unsettled_namesBothIdsToAskFor() {
    WriteOutcome outcome = new WriteOutcome.Unsettled(ID, OP, cause, null);

    assertThat(outcome.describe()).contains(ID.toString(), OP.toString(), "not known yet", "hasLanded",
        "the disk is full");
    assertThat(outcome.succeeded()).isFalse();
  }

  @Test
  void describe_conflict_saysWhetherToReadOrTryAgain() {
    OperationId other = new OperationId(new UUID(5, 6));

    assertThat(new WriteOutcome.Conflict(ID, OP, other).describe()).contains(OP.toString(), other.toString(),
        "nothing was written", "read it again");
    assertThat(new WriteOutcome.Conflict(ID, null, other).describe()).contains("nothing was written", "try again");
  }

  @Test
  void describe_othersWithoutAWrite_sayThatNothingWasWritten() {
    assertThat(new WriteOutcome.Refused("the queue is full", null).describe()).contains("nothing was written",
        "the queue is full");
    assertThat(new WriteOutcome.WasDeleted(ID, OP).describe()).contains(ID.toString(), "nothing was written");
    assertThat(new WriteOutcome.NotFound(ID).describe()).contains(ID.toString());
    assertThat(new WriteOutcome.Deleted(ID, OP, 2).succeeded()).isTrue();
  }

  @Test
  void describe_replaced_namesTheMemoryAndItsVersion() {
    Memory memory = new Memory(ID, Scope.user("ada"), "k", null, "Ada plays the oboe", Metadata.empty(), null,
        Instant.EPOCH, Instant.EPOCH, null, 7, OP);
    WriteOutcome outcome = new WriteOutcome.Replaced(memory);

    assertThat(outcome.describe()).contains(ID.toString(), "replaced", "version 7").doesNotContain("oboe");
    assertThat(outcome.name()).isEqualTo("replaced");
    assertThat(outcome.succeeded()).isTrue();
  }
}
