package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;

/**
 * A factory of the memory tools for one scope, such as the user of a request, on the application's memory and lanes. Safe
 * for use by several threads.
 */
public final class MemoryToolsFactory {

  private final MemoryOrchestrator memory;
  private final LaneExecutor lanes;

  MemoryToolsFactory(MemoryOrchestrator memory, LaneExecutor lanes) {
    this.memory = memory;
    this.lanes = lanes;
  }

  /** The tools for the memories of a scope, with the definitions for the model. */
  public MemoryTools tools(Scope scope) {
    return MemoryTools.of(memory, scope);
  }

  /** Begins to build tools with further settings. */
  public MemoryTools.Builder builder(Scope scope) {
    return MemoryTools.builder(memory, scope);
  }

  /** An executor of the tools for a scope. */
  public ToolExecutor<String, String> executor(Scope scope) {
    return tools(scope).executor(lanes);
  }
}
