package dev.memlane.server.internal.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.memlane.archive.LineReader;
import dev.memlane.archive.LineReader.Line;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.server.Role;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Problems;
import dev.memlane.server.internal.http.Routes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The route that stores a stream of memories, one JSON object a line, and responds with a line for each.
 *
 * <p>
 * Lines are stored in batches, in order, and the next batch is read when the one before is stored: a caller that sends faster
 * waits. Results are sent while lines are read. A caller that reads no results until it has sent everything is served too, as
 * long as it sends at most {@value ResultWriter#MOST_WAITING} batches of {@value #BATCH} lines. Safe for use by several
 * threads.
 */
public final class IngestRoutes {

  static final int BATCH = 500;

  private final BlockingMemory memory;

  public IngestRoutes(BlockingMemory memory) {
    this.memory = memory;
  }

  public void add(Routes routes) {
    routes.post("/api/v1/ingest", Role.WRITE, this::ingest, "user", "agent", "run");
  }

  private void ingest(Exchange exchange) throws IOException {
    exchange.requireType(ArchiveRoutes.JSON_LINES, "application/x-ndjson");
    MemoryAccess access = new MemoryAccess(memory, exchange.caller());
    Scope usual = MemoryRoutes.namedScope(exchange);
    if (usual != null) {
      usual = access.scope(usual);
    }
    try (InputStream input = exchange.input(Long.MAX_VALUE);
        ResultWriter results = new ResultWriter(exchange.stream(200, ArchiveRoutes.JSON_LINES))) {
      LineReader lines = new LineReader(input);
      List<ReadLine> batch = new ArrayList<>(BATCH);
      for (Line line = lines.next(); line != null; line = lines.next()) {
        if (line.problem() != null || !line.text().isBlank()) {
          batch.add(read(line, exchange, access, usual));
        }
        if (batch.size() == BATCH) {
          results.write(store(batch, exchange));
          batch.clear();
        }
      }
      results.write(store(batch, exchange));
    }
  }

  /**
   * A line that was read.
   *
   * @param memory what to store; null if there is a problem
   */
  private record ReadLine(long number, @Nullable NewMemory memory, @Nullable Problem problem) {}

  private static ReadLine read(Line line, Exchange exchange, MemoryAccess access, @Nullable Scope usual)
      throws IOException {
    try {
      if (line.problem() != null) {
        return new ReadLine(line.number(), null, Problem.invalid(line.problem()));
      }
      MemoryBody body = exchange.json().read(
          new ByteArrayInputStream(line.text().getBytes(StandardCharsets.UTF_8)), MemoryBody.class);
      return new ReadLine(line.number(), body.in(usual).toMemory(access, null), null);
    } catch (ProblemException e) {
      return new ReadLine(line.number(), null, e.problem());
    } catch (InvalidInputException e) {
      return new ReadLine(line.number(), null, Problem.invalid(String.valueOf(e.getMessage())));
    }
  }

  private byte[] store(List<ReadLine> batch, Exchange exchange) throws JsonProcessingException {
    List<NewMemory> memories = new ArrayList<>(batch.size());
    for (ReadLine line : batch) {
      if (line.memory != null) {
        memories.add(line.memory);
      }
    }
    var outcomes = memory.addMemories(memories).iterator();
    StringBuilder text = new StringBuilder();
    for (ReadLine line : batch) {
      Map<String, @Nullable Object> result = new LinkedHashMap<>();
      result.put("line", line.number);
      if (line.problem == null) {
        put(result, outcomes.next());
      } else {
        result.put("outcome", "refused");
        result.put("problem", line.problem.document());
      }
      text.append(exchange.json().mapper().writeValueAsString(result)).append('\n');
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void put(Map<String, @Nullable Object> result, WriteOutcome outcome) {
    result.put("outcome", outcome.name());
    switch (outcome) {
      case WriteOutcome.Stored stored -> {
        result.put("id", stored.memory().id());
        result.put("op", stored.memory().op());
      }
      case WriteOutcome.DuplicateOf duplicate -> {
        result.put("id", duplicate.memory().id());
        result.put("op", duplicate.memory().op());
      }
      default -> result.put("problem", Problems.of(outcome).document());
    }
  }
}
