package dev.memlane.spring.ai;

import dev.memlane.model.Scope;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One question and its answer, as {@link Remembering} sees it.
 *
 * @param scope where its memories belong
 * @param question the user's message; not blank
 * @param answer the model's answer, without calls of tools; null if it has no text
 * @param context the parameters of the request, such as the conversation's id
 */
public record Exchange(Scope scope, String question, @Nullable String answer, Map<String, @Nullable Object> context) {

  /** Without the texts, which belong in no log. */
  @Override
  public String toString() {
    return "Exchange[" + scope + "]";
  }
}
