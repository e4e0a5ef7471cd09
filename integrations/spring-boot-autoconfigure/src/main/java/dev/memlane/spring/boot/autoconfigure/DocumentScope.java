package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/** The scope of the documents in the frameworks' stores. */
final class DocumentScope {

  private DocumentScope() {}

  /** The scope of the properties, which name an agent. */
  static Scope of(MemlaneProperties properties) {
    String agent = properties.documents().agent();
    try {
      return Scope.agent(String.valueOf(agent));
    } catch (InvalidInputException e) {
      throw new InvalidConfigurationPropertyValueException("memlane.documents.agent", agent,
          String.valueOf(e.getMessage()));
    }
  }
}
