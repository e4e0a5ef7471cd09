package dev.memlane.archive.parquet;

import dev.memlane.archive.ArchiveException;
import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.Refusals;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The bytes of a Parquet archive. */
public final class ParquetFileFuzzTarget implements FuzzTarget {

  @Override
  public String name() {
    return "parquetfile";
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(FormatsTest.parquet(RandomArchive.of(1, 0, 0)), FormatsTest.parquet(RandomArchive.of(4, 1, 0)),
        FormatsTest.parquet(RandomArchive.of(3, 0, 1)), new ForgedFile().bytes());
  }

  @Override
  public List<String> words() {
    return List.of("PAR1", "PARE", "memlane.archive", "memlane.memories", "record", "vector", "list", "element",
        "\u0000\u0000\u0000\u0000", "\u007f\u007f\u007f\u007f", "\u0015\u0004", "\u0019\u001c", "\u0018");
  }

  @Override
  public void check(byte[] input) throws IOException {
    Path file = Files.createTempFile("memlane-fuzz", ".parquet");
    try (ParquetSource source = ParquetArchive.open(Files.write(file, input))) {
      check(Entries.read(source), input);
    } catch (ArchiveException | IOException e) {
      Refusals.requirePlain(e.getMessage(), input);
    } finally {
      Files.delete(file);
    }
  }

  /** What was read is written and read back the same. */
  static void check(Entries read, byte[] input) throws IOException {
    read.damaged().forEach(problem -> Refusals.requirePlain(problem, input));
    RandomArchive again = new RandomArchive(read.memories(), read.conversations(), read.messages());
    Path file = Files.createTempFile("memlane-fuzz", ".parquet");
    try (ParquetSource source = ParquetArchive.open(Files.write(file, FormatsTest.parquet(again)))) {
      if (!Entries.read(source).equals(Entries.of(again))) {
        throw new AssertionError(read + " reads back as something else");
      }
    } finally {
      Files.delete(file);
    }
  }
}
