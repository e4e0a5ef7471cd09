package dev.memlane.cli.internal.command;

import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.SharedMemory;
import dev.memlane.testing.DoorStage;
import dev.memlane.testing.MemoryDoor;
import dev.memlane.testing.MemoryDoorContract;
import org.junit.jupiter.api.Tag;

/** The promises of a memory, through commands that open it themselves. Between two commands it stays open, so that it can fail. */
@Tag("programs")
class LocalCommandDoorTest extends MemoryDoorContract {

  @Override
  protected MemoryDoor open(DoorStage stage) {
    MemoryOrchestrator memory = CommandDoor.memory(stage);
    return new CommandDoor(new CommandRunner(builder -> new SharedMemory.Opened(memory, () -> {}),
        stage.directory().resolve("data"), stage.directory()));
  }
}
