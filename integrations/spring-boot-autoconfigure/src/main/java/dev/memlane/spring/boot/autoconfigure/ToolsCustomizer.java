package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.memory.tools.MemoryTools;

/** A bean that adds to the memory tools. It names nothing of {@code memlane-extraction}, which may be absent. */
@FunctionalInterface
interface ToolsCustomizer {

  void customize(MemoryTools.Builder tools);
}
