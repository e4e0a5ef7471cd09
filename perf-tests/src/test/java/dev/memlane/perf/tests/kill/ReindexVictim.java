package dev.memlane.perf.tests.kill;

import dev.memlane.embedded.Memlane;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The process that is killed: it rebuilds the index of a directory, until its embedder has embedded a number of texts and
 * stops answering. Then it says so on standard output, and ends with its input.
 */
final class ReindexVictim {

  static final String HALTED = "halted";

  private ReindexVictim() {}

  public static void main(String[] arguments) {
    Thread.ofPlatform().daemon().start(ReindexVictim::endWithInput);
    HaltingEmbedder embedder = new HaltingEmbedder(Integer.parseInt(arguments[1]), () -> System.out.println(HALTED));
    Memlane.builder(Path.of(arguments[0])).embedder(embedder).rebuildIndex(true).open().close();
    throw new IllegalStateException("the index was rebuilt before the process was killed");
  }

  private static void endWithInput() {
    try {
      byte[] unused = System.in.readAllBytes();
    } catch (IOException e) {
      // As if it had ended.
    }
    Runtime.getRuntime().halt(1);
  }
}
