package dev.memlane.perf.tests.scenario;

import dev.memlane.perf.tests.kill.ServerProcess;
import java.time.Duration;

/**
 * The processor time of this process and of a database server. Other programs on the machine hardly change it, unlike
 * the time on the clock.
 */
final class ProcessorTime {

  private final ServerProcess server;

  private ProcessorTime(ServerProcess server) {
    this.server = server;
  }

  static ProcessorTime with(ServerProcess server) {
    return new ProcessorTime(server);
  }

  /** The time that both have spent since they started, in steps of some milliseconds. */
  Duration spent() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).plus(server.processorTime());
  }
}
