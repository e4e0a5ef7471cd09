package dev.memlane.extraction;

import dev.memlane.storage.conversation.RememberedAnswer;
import dev.memlane.storage.conversation.RememberingStore;

/** A model's answer in the form in which it is kept. */
final class KeptAnswer {

  private KeptAnswer() {}

  /** Of one that is too long, the beginning is kept, as one that was cut off. */
  static RememberedAnswer of(String step, int attempt, String shown, ChatAnswer answer) {
    String text = StorableText.of(answer.text());
    if (text.length() > RememberingStore.LONGEST_ANSWER) {
      return new RememberedAnswer(step, attempt, shown,
          StorableText.shortened(text, RememberingStore.LONGEST_ANSWER - 1), RememberedAnswer.End.CUT_OFF);
    }
    return new RememberedAnswer(step, attempt, shown, text, switch (answer.end()) {
      case COMPLETE -> RememberedAnswer.End.COMPLETE;
      case CUT_OFF -> RememberedAnswer.End.CUT_OFF;
      case REFUSED -> RememberedAnswer.End.REFUSED;
    });
  }
}
