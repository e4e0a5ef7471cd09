package dev.memlane.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PendingTextTest {

  private static final Embedding VECTOR = new Embedding("fake", new float[]{1, 2});

  private final List<String> events = new ArrayList<>();
  private final PendingText text = new PendingText(EmbedderInput.text("oboe"), null, null, 1, 0,
      new PendingText.Owner() {
        @Override
        public void embedded(PendingText pending, Embedding embedding) {
          events.add("embedded");
        }

        @Override
        public void ended(PendingText pending) {
          events.add("ended");
        }
      });
  private final PendingText.Caller first = new PendingText.Caller(null);
  private final PendingText.Caller second = new PendingText.Caller(null);

  @Test
  void succeed_severalCallers_keepsTheVectorFirstAndNotifiesLast() {
    text.join(first);
    text.join(second);

    Runnable notification = text.succeed(VECTOR);

    assertThat(events).containsExactly("embedded", "ended");
    assertThat(first.future).isNotDone();
    notification.run();
    assertThat(first.future).isCompletedWithValue(VECTOR);
    assertThat(second.future).isCompletedWithValue(VECTOR);
  }

  @Test
  void join_ended_isRefused() {
    text.fail(new EmbeddingException("it is broken", null)).run();

    assertThat(text.join(first)).isFalse();
    assertThat(text.leave(first)).isFalse();
  }

  @Test
  void endIfUnwanted_onlyWithoutCallers_endsOnce() {
    text.join(first);
    text.join(second);
    assertThat(text.leave(first)).isFalse();
    assertThat(text.endIfUnwanted()).isFalse();

    assertThat(text.leave(second)).isTrue();
    assertThat(text.endIfUnwanted()).isTrue();

    assertThat(text.endIfUnwanted()).isFalse();
    assertThat(text.join(first)).isFalse();
    assertThat(events).containsExactly("ended");
  }
}
