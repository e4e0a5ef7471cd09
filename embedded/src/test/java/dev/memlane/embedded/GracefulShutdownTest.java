package dev.memlane.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Memory;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.testing.JavaCommand;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests of a container's end: SIGTERM to a process that is serving a request. */
@Tag("slow")
class GracefulShutdownTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  Path directory;

  @Test
  void sigterm_requestInProgress_finishesBeforeTheMemoryIsClosed() throws IOException {
    Process process = new ProcessBuilder(JavaCommand.with("-cp", System.getProperty("java.class.path"),
        Service.class.getName(), directory.toString())).redirectErrorStream(true).start();
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      String line = output.readLine();
      while (line != null && !line.equals("serving")) {
        line = output.readLine();
      }
      assertThat(line).isEqualTo("serving");

      // Not process.destroy(), which would close the output as well.
      process.toHandle().destroy();

      assertThat(output.lines().toList()).containsExactly("told to stop", "stored", "closed");
      assertThat(process.onExit().join().exitValue()).isEqualTo(143);
    } finally {
      process.destroyForcibly();
    }
    try (Memlane memlane = Memlane.builder(directory).embedder(new HashEmbedder()).open()) {
      assertThat(memlane.blocking().list(ADA, null, null, 10).memories()).extracting(Memory::content)
          .containsExactly("said after the signal");
    }
  }

  /** A service whose framework ends its requests first and closes the memory then. */
  static final class Service {

    private Service() {}

    public static void main(String[] arguments) throws InterruptedException {
      Memlane memlane = Memlane.builder(Path.of(arguments[0])).embedder(new HashEmbedder()).shutdownHook(false).open();
      CountDownLatch stopping = new CountDownLatch(1);
      Thread request = new Thread(() -> {
        System.out.println("serving");
        await(stopping);
        memlane.blocking().addMemory(NewMemory.of("said after the signal", ADA));
        System.out.println("stored");
      });
      Runtime.getRuntime().addShutdownHook(new Thread(() -> {
        System.out.println("told to stop");
        stopping.countDown();
        join(request);
        memlane.close();
        System.out.println("closed");
      }));
      request.start();
      request.join();
      // Until the signal: a service does not end by itself.
      new CountDownLatch(1).await();
    }

    private static void await(CountDownLatch latch) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    private static void join(Thread thread) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
