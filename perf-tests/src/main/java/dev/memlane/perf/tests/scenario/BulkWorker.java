package dev.memlane.perf.tests.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.cli.Main;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.perf.tests.JavaProcess;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A process with a heap of 512 MB that stores many memories on request: one line of input, one line of output. Not safe
 * for use by several threads.
 */
final class BulkWorker implements AutoCloseable {

  private static final List<String> OPTIONS = List.of("-Xmx512m", JavaProcess.VECTOR_MODULE);
  private static final int PAGE = 5_000;

  private final Process process;
  private final BufferedWriter commands;
  private final BufferedReader answers;

  private BulkWorker(Process process) {
    this.process = process;
    this.commands = process.outputWriter(StandardCharsets.UTF_8);
    this.answers = process.inputReader(StandardCharsets.UTF_8);
  }

  static BulkWorker start() throws IOException {
    return new BulkWorker(JavaProcess.prepare(OPTIONS, BulkWorker.class.getName()).start());
  }

  /** Opens the memory that {@link #add} adds to. */
  void open(String jdbcUrl, Path index) throws IOException {
    ask("open", jdbcUrl, index.toString());
  }

  /** Closes it, so that its index is not maintained while others are measured. */
  void closeMemory() throws IOException {
    ask("close");
  }

  /** Adds this many memories, and returns the time in seconds. */
  double add(int count) throws IOException {
    return Double.parseDouble(ask("add", Integer.toString(count)));
  }

  /** Returns the size of the heap after a collection. */
  double heapMegabytes() throws IOException {
    return Double.parseDouble(ask("heap"));
  }

  /** Ingests a file into a new directory, and returns the time in seconds, without opening. */
  double ingest(Path directory, Path file, int count) throws IOException {
    String answer = ask("ingest", directory.toString(), file.toString());
    JsonNode report = new ObjectMapper().readTree(answer);
    if (report.path("stored").asInt() != count) {
      throw new IOException("ingest says " + answer);
    }
    return report.path("seconds").asDouble();
  }

  private String ask(String... words) throws IOException {
    commands.write(String.join("\t", words));
    commands.newLine();
    commands.flush();
    String answer = answers.readLine();
    if (answer == null) {
      throw new IOException("the process that stores ended; the request was " + words[0]);
    }
    return answer;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** Runs the process: carries out the requests on standard input. */
  public static void main(String[] arguments) throws IOException {
    Logger.getLogger("").setLevel(Level.SEVERE);
    // The output of a library is not an answer.
    PrintStream answers = System.out;
    System.setOut(System.err);
    Storing storing = new Storing();
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split("\t", -1);
      answers.println(switch (words[0]) {
        case "open" -> storing.open(words[1], Path.of(words[2]));
        case "close" -> storing.close();
        case "add" -> storing.add(Integer.parseInt(words[1]));
        case "heap" -> heapAfterCollection();
        case "ingest" -> ingested(words[1], words[2]);
        default -> throw new IOException("unknown command: " + words[0]);
      });
      answers.flush();
    }
  }

  private static String ingested(String directory, String file) {
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    Main.run(InputStream.nullInputStream(), new PrintStream(answer, false, StandardCharsets.UTF_8), System.err,
        "--data",
        directory, "--embedder", "hash", "--json", "ingest", file);
    return answer.toString(StandardCharsets.UTF_8).strip();
  }

  private static String heapAfterCollection() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return Double.toString((runtime.totalMemory() - runtime.freeMemory()) / 1e6);
  }

  /** The memory that is open, and how many of the generated memories it holds. */
  private static final class Storing {

    private final GeneratedMemories generated = new GeneratedMemories();
    private final List<MemoryOrchestrator> memory = new ArrayList<>();
    private int stored;

    String open(String jdbcUrl, Path index) {
      memory.add(MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).schema("bulk").indexDirectory(index)
          .embedder(new HashEmbedder()).followEvery(Duration.ZERO).open());
      return "opened";
    }

    String close() {
      memory.removeFirst().close();
      return "closed";
    }

    String add(int count) {
      long spent = 0;
      for (int end = stored + count; stored < end;) {
        List<NewMemory> page = new ArrayList<>();
        for (int number = stored; number < Math.min(end, stored + PAGE); number++) {
          page.add(NewMemory.of(generated.content(number), generated.scope(number)));
        }
        long begun = System.nanoTime();
        for (WriteOutcome outcome : memory.getFirst().blocking().addMemories(page)) {
          if (!outcome.succeeded()) {
            throw new IllegalStateException(outcome.describe());
          }
        }
        spent += System.nanoTime() - begun;
        stored += page.size();
      }
      return Double.toString(spent / 1e9);
    }
  }
}
