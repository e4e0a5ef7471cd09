package dev.memlane.spring.boot.autoconfigure;

import java.util.Collection;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.NoUniqueBeanDefinitionException;
import org.springframework.beans.factory.ObjectProvider;

/** The bean of a type of which there must be no two to choose from. */
final class SingleBean {

  /** What to do about several that make vectors. */
  static final String OF_VECTORS = "that makes the memory's vectors with @Primary; or set memlane.embedder=local, if the "
      + "memory is to use none of them";

  /** What to do about several that could remember conversations. */
  static final String OF_CONVERSATIONS = "that remembers conversations with @Primary; or set memlane.chat.model, or define a "
      + "ChatModel bean of Memlane's, if it is to be none of them";

  private SingleBean() {}

  /**
   * Finds the only bean, or the primary one.
   *
   * @param what the beans, in the plural, for the message
   * @param remedy what to do about several, after "Mark the one "
   * @return null if there is none
   * @throws MemoryOpeningException if there are several and none is primary
   */
  static <T> @Nullable T find(ObjectProvider<T> beans, String what, String remedy) {
    try {
      return beans.getIfAvailable();
    } catch (NoUniqueBeanDefinitionException e) {
      Collection<String> names = e.getBeanNamesFound();
      // Without a cause: Boot would explain that instead, and knows nothing of what else there is.
      throw new MemoryOpeningException("There are several " + what
          + (names == null ? "" : ": " + String.join(", ", names.stream().sorted().toList()))
          + ". Mark the one " + remedy, null);
    }
  }
}
