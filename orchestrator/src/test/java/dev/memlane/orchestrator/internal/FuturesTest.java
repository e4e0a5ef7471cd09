package dev.memlane.orchestrator.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.memlane.model.EmbeddingException;
import dev.memlane.model.StoreException;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FuturesTest {

  @Test
  void await_sharedFailure_throwsAnExceptionOfEachCallersOwnAndAddsNothing() {
    EmbeddingException shared = new EmbeddingException("the model is out of reach", null);
    CompletableFuture<String> failed = CompletableFuture.failedFuture(shared);

    var thrown = IntStream.range(0, 100).mapToObj(i -> catchThrowable(() -> Futures.await(failed))).toList();

    assertThat(shared.getSuppressed()).isEmpty();
    assertThat(thrown).doesNotHaveDuplicates().allSatisfy(each -> assertThat(each)
        .isInstanceOf(EmbeddingException.class).hasMessage("the model is out of reach").hasCause(shared));
    assertThat(thrown.getFirst().getStackTrace()).extracting(StackTraceElement::getMethodName)
        .contains("await_sharedFailure_throwsAnExceptionOfEachCallersOwnAndAddsNothing");
  }

  @Test
  void await_foreignFailure_isTranslatedWithItsCause() {
    IOException foreign = new IOException("broken");

    assertThatThrownBy(() -> Futures.await(CompletableFuture.failedFuture(foreign)))
        .isInstanceOf(StoreException.class).hasCause(foreign);
  }
}
