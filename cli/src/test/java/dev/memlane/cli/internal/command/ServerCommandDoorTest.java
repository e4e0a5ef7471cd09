package dev.memlane.cli.internal.command;

import dev.memlane.server.MemlaneServer;
import dev.memlane.testing.DoorStage;
import dev.memlane.testing.MemoryDoor;
import dev.memlane.testing.MemoryDoorContract;
import org.junit.jupiter.api.Tag;

/** The promises of a memory, through commands that work through a server. */
@Tag("programs")
class ServerCommandDoorTest extends MemoryDoorContract {

  @Override
  protected MemoryDoor open(DoorStage stage) {
    MemlaneServer server = stage.closing(MemlaneServer.builder(CommandDoor.memory(stage)).port(0).start());
    CommandRunner commands = new CommandRunner(builder -> {
      throw new AssertionError("the command opens data of its own");
    }, stage.directory().resolve("data"), stage.directory());
    commands.variable("MEMLANE_SERVER", server.uri().toString());
    return new CommandDoor(commands);
  }
}
