package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.embedded.Memlane;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;

/** The open data of a command. It is closed at the command's end, or when the program is asked to stop. */
final class Session implements AutoCloseable {

  private final Memlane memlane;
  private final StopSignal stop;

  Session(Memlane memlane, StopSignal stop) {
    this.memlane = memlane;
    this.stop = stop;
    stop.onStop(memlane::close);
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
    stop.onStop(null);
  }
}
