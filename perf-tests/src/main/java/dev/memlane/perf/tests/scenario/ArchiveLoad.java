package dev.memlane.perf.tests.scenario;

import com.google.errorprone.annotations.FormatMethod;
import dev.memlane.archive.ArchiveEntry;
import dev.memlane.archive.ArchiveExporter;
import dev.memlane.archive.ArchiveFile;
import dev.memlane.archive.ArchiveFormat;
import dev.memlane.archive.ArchiveImporter;
import dev.memlane.archive.ArchiveSource;
import dev.memlane.archive.ExportReport;
import dev.memlane.archive.ImportReport;
import dev.memlane.archive.JsonLines;
import dev.memlane.archive.parquet.ParquetArchive;
import dev.memlane.archive.parquet.ParquetSource;
import dev.memlane.embedded.Memlane;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.perf.tests.Directories;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A test that archives as JSON Lines and as Parquet are the same. Memories, some of them changed or deleted, and a
 * conversation are exported to both, both are read back and compared, each is imported into an empty directory, and those
 * are exported again and compared with the first export. DuckDB answers questions from the Parquet file. Sizes and times
 * are printed.
 */
public final class ArchiveLoad {

  private static final String USAGE = """
      usage: perf-tests/run archive [MEMORIES]
        MEMORIES  how many are exported (100000)""";
  private static final int DEFAULT_MEMORIES = 100_000;
  private static final int PAGE = 2_000;
  private static final int MESSAGES = 1_000;
  private static final double MEGABYTE = 1 << 20;

  private static final List<String> QUESTIONS = List.of(
      "select record, count(*) as rows from ARCHIVE group by all order by all",
      "select user_id, count(*) as memories, max(created_at) as latest from ARCHIVE where record = 'memory' "
          + "group by all order by memories desc, user_id limit 3",
      "select count(*) as changed_memories from (select id from ARCHIVE where record = 'change' group by id "
          + "having count(*) > 1)",
      """
          with memory as (select content, vector::float[384] as vector from ARCHIVE where record = 'memory')
          select content from memory
          order by array_cosine_distance(vector, (select vector from memory where content like 'memory 1 %' limit 1))
          limit 1""");

  private final PrintStream output;
  private final Path directory;

  /** @param directory the directory for the data; data of an earlier run is deleted */
  ArchiveLoad(PrintStream output, Path directory) {
    this.output = output;
    this.directory = directory;
  }

  /** See {@code --help}. Exit status 1 if anything differs. */
  public static void main(String[] arguments) throws IOException, SQLException {
    int memories = DEFAULT_MEMORIES;
    if (arguments.length == 1 && arguments[0].equals("--help")) {
      System.out.println(USAGE);
      return;
    }
    if (arguments.length > 0) {
      if (arguments.length != 1 || !arguments[0].matches("[1-9][0-9]{1,7}")) {
        System.err.println(USAGE);
        System.exit(2);
      }
      memories = Integer.parseInt(arguments[0]);
    }
    Logger.getLogger("").setLevel(Level.SEVERE);
    ArchiveLoad load = new ArchiveLoad(System.out, Path.of("perf-tests", "target", "archive").toAbsolutePath());
    System.exit(load.run(memories) ? 0 : 1);
  }

  /**
   * Runs it.
   *
   * @return whether everything was the same
   */
  boolean run(int memories) throws IOException, SQLException {
    Directories.delete(directory);
    Files.createDirectories(directory);
    say("%,d memories with vectors of %d numbers; a heap of %,d MB", memories, GeneratedMemories.DIMENSION,
        Runtime.getRuntime().maxMemory() >> 20);
    Path lines = directory.resolve("archive.jsonl");
    Path parquet = directory.resolve("archive.parquet");
    try (Memlane memlane = open("from")) {
      fill(memlane.blocking(), memories);
      export(memlane, JsonLines.format(), lines);
      export(memlane, ParquetArchive.format(), parquet);
    }
    boolean same = sameWhenRead(lines, parquet);
    try (Memlane memlane = open("by-lines"); InputStream input = new BufferedInputStream(Files.newInputStream(lines))) {
      same &= imported(memlane, JsonLines.source(input), lines);
      same &= sameAgain(memlane, lines);
    }
    try (Memlane memlane = open("by-parquet"); ParquetSource source = ParquetArchive.open(parquet)) {
      same &= imported(memlane, source, parquet);
      same &= sameAgain(memlane, lines);
    }
    ask(parquet);
    say("%s", same ? "everything is the same" : "NOT the same");
    Directories.delete(directory);
    return same;
  }

  @FormatMethod
  private void say(String format, Object... values) {
    output.println(String.format(Locale.ROOT, format, values));
  }

  private Memlane open(String name) {
    return Memlane.builder(directory.resolve(name)).embedder(new GivenVectorEmbedder()).open();
  }

  /** Every tenth memory is changed, and every hundredth is deleted. */
  private static void fill(BlockingMemory memory, int memories) {
    GeneratedMemories generated = new GeneratedMemories();
    for (int from = 0; from < memories; from += PAGE) {
      List<NewMemory> page = IntStream.range(from, Math.min(memories, from + PAGE)).mapToObj(generated::memory)
          .toList();
      List<MemoryDeletion> deletions = new ArrayList<>();
      int number = 0;
      for (WriteOutcome outcome : memory.addMemories(page)) {
        if (!(outcome instanceof WriteOutcome.Stored stored)) {
          throw new IllegalStateException(outcome.describe());
        }
        number++;
        if (number % 100 == 0) {
          deletions.add(MemoryDeletion.of(stored.memory().id()));
        } else if (number % 10 == 0) {
          memory.updateMemory(MemoryUpdate.metadata(stored.memory().id(), Metadata.of("changed", number)));
        }
      }
      memory.deleteMemories(deletions);
    }
    memory.conversations().append(Scope.user("ada").withRun("1"),
        IntStream.range(0, MESSAGES)
            .mapToObj(i -> NewMessage.of(MessageRole.USER, "message " + i, "load", "{\"n\":" + i + "}"))
            .toList());
  }

  private void export(Memlane memlane, ArchiveFormat format, Path file) throws IOException {
    ExportReport report = ArchiveExporter.builder(memlane.memory()).format(format).build()
        .exportTo(ArchiveFile.creating(file));
    say("%s: %,d memories, %,d deleted ones and %,d messages exported in %.1f s: %.0f MB", file.getFileName(),
        report.memories(), report.deleted(), report.messages(), report.elapsed().toMillis() / 1e3,
        Files.size(file) / MEGABYTE);
  }

  private boolean sameWhenRead(Path lines, Path parquet) throws IOException {
    long start = System.nanoTime();
    long entries = 0;
    try (InputStream input = new BufferedInputStream(Files.newInputStream(lines));
        ParquetSource other = ParquetArchive.open(parquet)) {
      ArchiveSource one = JsonLines.source(input);
      while (true) {
        Object left = content(one.next());
        Object right = content(other.next());
        if (!left.equals(right)) {
          say("entry %,d differs", entries + 1);
          return false;
        }
        if (left.equals(List.of())) {
          break;
        }
        entries++;
      }
    }
    say("read back side by side: %,d entries are the same, in %.1f s", entries, (System.nanoTime() - start) / 1e9);
    return true;
  }

  /** What an entry holds, without the place where it stands; an empty list at the end. */
  private static Object content(@Nullable ArchiveEntry entry) {
    return switch (entry) {
      case ArchiveEntry.OfMemory of -> of.memory();
      case ArchiveEntry.OfMessage of -> List.of(of.conversation(), of.message());
      case ArchiveEntry.Damaged damaged -> damaged;
      case ArchiveEntry.End end -> end.counts();
      case null -> List.of();
    };
  }

  private boolean imported(Memlane memlane, ArchiveSource source, Path file) {
    ImportReport report = ArchiveImporter.of(memlane.memory()).importFrom(source);
    say("%s: %,d read, %,d restored in %.1f s", file.getFileName(), report.read(), report.restored(),
        report.elapsed().toMillis() / 1e3);
    report.failures().stream().limit(3).forEach(failure -> say("%s", failure));
    return report.isComplete() && report.restored() == report.read();
  }

  private boolean sameAgain(Memlane memlane, Path lines) throws IOException {
    Path again = directory.resolve("again.jsonl");
    ArchiveExporter.of(memlane.memory()).exportTo(ArchiveFile.replacing(again));
    long differs = Files.mismatch(lines, again);
    say("exported again: %s", differs < 0 ? "the same bytes" : "differs at byte " + differs);
    return differs < 0;
  }

  private void ask(Path parquet) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = connection.createStatement()) {
      statement.execute("set memory_limit = '1GB'");
      for (String question : QUESTIONS) {
        long start = System.nanoTime();
        List<String> answers = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery(question.replace("ARCHIVE", "'" + parquet + "'"))) {
          while (rows.next()) {
            List<String> values = new ArrayList<>();
            for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
              values.add(rows.getString(i));
            }
            answers.add(String.join(" ", values));
          }
        }
        say("DuckDB, %.2f s: %s", (System.nanoTime() - start) / 1e9, question);
        answers.forEach(answer -> say("    %s", answer));
      }
    }
  }
}
