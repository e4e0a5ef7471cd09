package dev.memlane.spring.boot.autoconfigure;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The health of a memory.
 *
 * @param up whether the database and the index answer
 * @param details what to show of it, by name; holds no secrets and no stored text
 */
public record MemoryHealth(boolean up, Map<String, Object> details) {

  public MemoryHealth {
    details = Collections.unmodifiableMap(new LinkedHashMap<>(details));
  }
}
