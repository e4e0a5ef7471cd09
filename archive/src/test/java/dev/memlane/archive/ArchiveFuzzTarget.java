package dev.memlane.archive;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.InvalidInputException;
import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.Refusals;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/** The lines of an archive. */
public final class ArchiveFuzzTarget implements FuzzTarget {

  private static final Instant NOW = Instant.parse("2026-03-02T09:14:00Z");
  private static final String HEADER = "{\"memlane\":\"export\",\"format\":1,\"user\":\"ada\"}\n";
  private static final String LIVE = """
      {"id":"0198c5a2-7c1e-7a50-9d53-0242ac120002","state":"live","user":"ada","key":"k","actor":"Ada","content":"Ad\u00E9 \uD83D\uDE00",\
      "metadata":{"n":1,"tags":["a",2.5,true]},"occurredAt":"2026-03-01T00:00:00Z","createdAt":"2026-03-02T09:14:00.000001Z",\
      "updatedAt":"2026-03-02T09:14:00.000001Z","expiresAt":"2027-03-02T00:00:00Z","unique":true,"version":2,\
      "op":"0198c5a2-7c1e-7a50-9d53-0242ac120003",\
      "vector":{"model":"m","dimension":2,"of":"0198c5a2-7c1e-7a50-9d53-0242ac120009","values":"AACAPwAAAL8="},\
      "history":[{"op":"0198c5a2-7c1e-7a50-9d53-0242ac120004","version":1,"kind":"add","newContent":"old","newMetadata":{},\
      "at":"2026-03-02T09:14:00.000001Z"},{"op":"0198c5a2-7c1e-7a50-9d53-0242ac120003","version":2,"kind":"update",\
      "oldContent":"old","newContent":"Ad\u00E9 \uD83D\uDE00","oldMetadata":{},"newMetadata":{"n":1,"tags":["a",2.5,true]},\
      "oldDetails":{},"newDetails":{"actor":"Ada","occurredAt":"2026-03-01T00:00:00Z","expiresAt":"2027-03-02T00:00:00Z"},\
      "actor":"Bob","at":"2026-03-02T09:14:00.000001Z"}]}
      """;
  private static final String DELETED = """
      {"id":"0198c5a2-7c1e-7a50-9d53-0242ac120005","state":"deleted","run":"r","createdAt":"2026-03-01T00:00:00Z",\
      "updatedAt":"2026-03-02T09:14:00.000001Z","version":1,"op":"0198c5a2-7c1e-7a50-9d53-0242ac120003",\
      "history":[{"op":"0198c5a2-7c1e-7a50-9d53-0242ac120003","version":1,"kind":"erase","at":"2026-03-02T09:14:00.000001Z"}]}
      """;
  private static final String FOOTER = "{\"memories\":1,\"deleted\":1}\n";

  @Override
  public String name() {
    return "archive";
  }

  @Override
  public List<byte[]> seeds() {
    return Stream
        .of(LIVE, DELETED,
            DELETED.replace("erase", "delete\",\"oldContent\":\"x\",\"oldMetadata\":{\"a\":1},\"actor\":\"y"),
            HEADER, FOOTER, HEADER + LIVE + DELETED + FOOTER, "\uFEFF" + HEADER.replace("\n", "\r\n") + FOOTER, "{}",
            "[]", "null", "\n\n")
        .map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
  }

  @Override
  public List<String> words() {
    return List.of("\"memlane\":", "\"format\":", "\"memories\":", "\"deleted\":", "\"id\":", "\"state\":", "\"live\"",
        "\"deleted\"",
        "\"user\":", "\"agent\":", "\"run\":", "\"key\":", "\"actor\":", "\"content\":", "\"metadata\":",
        "\"occurredAt\":",
        "\"createdAt\":", "\"updatedAt\":", "\"expiresAt\":", "\"unique\":", "\"version\":", "\"op\":", "\"vector\":",
        "\"model\":",
        "\"dimension\":", "\"of\":", "\"values\":", "\"history\":", "\"kind\":", "\"oldContent\":", "\"newContent\":",
        "\"oldMetadata\":", "\"newMetadata\":", "\"oldDetails\":", "\"newDetails\":", "\"at\":", "\"add\"",
        "\"update\"",
        "\"delete\"", "\"erase\"", "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud800", "null", "true", "NaN",
        "\n",
        "\"AADAfwAAgH8=\"", "\"AACAPwAAAL8=\"", "\"9999-12-31T23:59:59.9999999Z\"", "\"0001-01-01\"");
  }

  @Override
  public void check(byte[] input) throws IOException {
    LineReader reader = new LineReader(new ByteArrayInputStream(input), ArchiveLine.LONGEST_BYTES);
    for (LineReader.Line line = reader.next(); line != null; line = reader.next()) {
      if (line.problem() != null) {
        Refusals.requirePlain(line.problem(), input);
      } else if (!line.text().isBlank()) {
        check(line.text(), input);
      }
    }
  }

  private static void check(String line, byte[] input) {
    ArchiveLine parsed;
    try {
      parsed = ArchiveLineParser.parse(line);
    } catch (InvalidInputException e) {
      Refusals.requirePlain(e.getMessage(), input);
      return;
    }
    if (parsed instanceof ArchiveLine.Body(ArchivedMemory memory)) {
      requireReadsBack(memory);
      String contradiction = memory.contradiction();
      if (contradiction != null) {
        Refusals.requirePlain(contradiction, input);
      }
      requireReadsBack(edited(memory, input));
    }
  }

  /** The memory as an import accepts it that takes edits; a version beyond the last one is refused. */
  private static ArchivedMemory edited(ArchivedMemory memory, byte[] input) {
    try {
      return memory.asEdit(NOW);
    } catch (InvalidInputException e) {
      Refusals.requirePlain(e.getMessage(), input);
      return memory;
    }
  }

  private static void requireReadsBack(ArchivedMemory memory) {
    ArchiveLine again = ArchiveLineParser.parse(ArchiveLineFormatter.body(memory));
    if (!again.equals(new ArchiveLine.Body(memory))) {
      throw new AssertionError(memory + " reads back as " + again);
    }
  }
}
