package dev.memlane.spring.ai;

import dev.memlane.model.NewMemory;
import java.util.ArrayList;
import java.util.List;

/** What {@link MemlaneAdvisor} remembers of an exchange. An implementation is safe for use by several threads. */
@FunctionalInterface
public interface Remembering {

  /** The memories to store, possibly none. */
  List<NewMemory> memories(Exchange exchange);

  /** Remembers what the user said, as said by {@code user}. */
  static Remembering question() {
    return exchange -> List.of(memory(exchange, "user", exchange.question()));
  }

  /** Remembers what the user said and what the model answered, as said by {@code user} and {@code assistant}. */
  static Remembering questionAndAnswer() {
    return exchange -> {
      List<NewMemory> memories = new ArrayList<>(2);
      memories.add(memory(exchange, "user", exchange.question()));
      String answer = exchange.answer();
      if (answer != null && !answer.isBlank()) {
        memories.add(memory(exchange, "assistant", answer));
      }
      return memories;
    };
  }

  /** Remembers nothing, so that memories are only read. */
  static Remembering nothing() {
    return exchange -> List.of();
  }

  private static NewMemory memory(Exchange exchange, String actor, String text) {
    return NewMemory.builder(text, exchange.scope()).actor(actor).build();
  }
}
