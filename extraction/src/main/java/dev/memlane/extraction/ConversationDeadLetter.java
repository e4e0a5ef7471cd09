package dev.memlane.extraction;

import dev.memlane.model.Scope;
import dev.memlane.storage.conversation.RememberedAnswer;
import dev.memlane.storage.conversation.RememberedSlice;
import dev.memlane.storage.conversation.UnrememberedSlice;
import java.time.Instant;
import java.util.List;

/**
 * A slice of a conversation that could not be remembered, or not all of it. Its input are the messages, which never change; facts of it that
 * were written before it failed stay. It goes with its conversation.
 *
 * @param conversation the conversation's scope
 * @param number the conversation's number; a later conversation of the same scope has another one
 * @param after the position of the message after which the slice begins; 0 for the beginning
 * @param last the position of its last message
 * @param step the step that failed
 * @param reason why, in words for people
 * @param failedAt since when it is a dead letter
 * @param answers what the model had answered by then, oldest first; they may say what users have said
 */
public record ConversationDeadLetter(Scope conversation, long number, long after, long last, String step, String reason,
    Instant failedAt, List<String> answers) {

  public ConversationDeadLetter {
    answers = List.copyOf(answers);
  }

  static ConversationDeadLetter of(UnrememberedSlice dead) {
    RememberedSlice slice = dead.slice();
    return new ConversationDeadLetter(slice.conversation(), slice.number(), slice.after(), slice.last(),
        Guidance.nameOf(dead.step()), dead.failure(), dead.failedAt(),
        // A mark that the slice is to be asked about alone is no answer.
        dead.answers().stream().filter(answer -> !Guidance.nameOf(answer.step()).equals(PackedExtraction.STEP))
            .map(RememberedAnswer::answer).toList());
  }

  RememberedSlice slice() {
    return new RememberedSlice(conversation, number, after, last);
  }

  /** Without the answers, which belong in no log. */
  @Override
  public String toString() {
    return "ConversationDeadLetter[" + conversation + ", after " + after + " to " + last + ", " + step + "]";
  }
}
