package dev.memlane.server.internal.mcp;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.ToolCall;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.lanes.ToolResult;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Calls of tools on a memory of this process. They run in lanes. */
public final class MemoryToolCalls implements ToolCalls {

  private static final int MOST_KEPT = 1_000;

  private final MemoryOrchestrator memory;
  private final @Nullable MemoryExtractor extractor;
  private final LaneExecutor lanes = LaneExecutor.builder().build();
  /** The tools for the scopes in use: they know what their calls cost. */
  private final Cache<Target, ToolExecutor<String, String>> tools = Caffeine.newBuilder().maximumSize(MOST_KEPT)
      .build();

  /**
   * @param memory stays open; the caller closes it afterwards
   * @param extractor remembers conversations; stays open; null for none
   */
  public MemoryToolCalls(MemoryOrchestrator memory, @Nullable MemoryExtractor extractor) {
    this.memory = memory;
    this.extractor = extractor;
  }

  @Override
  public Answer call(Target target, String tool, String arguments) throws InterruptedException {
    ToolResult<String> result = tools.get(target, this::executor).run(List.of(new ToolCall<>("1", tool, arguments)))
        .getFirst();
    return new Answer(MemoryTools.text(result), result instanceof ToolResult.Failure);
  }

  private ToolExecutor<String, String> executor(Target target) {
    MemoryTools.Builder builder = MemoryTools.builder(memory, target.scope()).remembering(extractor);
    String actor = target.actor();
    return (actor == null ? builder : builder.actor(actor)).build().executor(lanes);
  }

  @Override
  public void close() {
    lanes.close();
  }
}
