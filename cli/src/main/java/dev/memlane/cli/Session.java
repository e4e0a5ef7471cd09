package dev.memlane.cli;

import dev.memlane.embedded.Memlane;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;

/** Opened data, closed with the command or when the program is told to stop. */
final class Session implements AutoCloseable {

  private final Memlane memlane;
  private final Stop stop;

  Session(Memlane memlane, Stop stop) {
    this.memlane = memlane;
    this.stop = stop;
    stop.closeBy(memlane::close);
  }

  BlockingMemory blocking() {
    return memlane.blocking();
  }

  MemoryOrchestrator memory() {
    return memlane.memory();
  }

  @Override
  public void close() {
    memlane.close();
    stop.closeBy(null);
  }
}
