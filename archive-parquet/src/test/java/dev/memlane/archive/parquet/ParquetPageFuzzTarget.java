package dev.memlane.archive.parquet;

import dev.memlane.archive.ArchiveException;
import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.Refusals;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.parquet.format.Encoding;

/**
 * The content of one page, in a file whose checksums are right. The first byte of an input says which column's page it is,
 * the second how many values it has, the third whether they are places in a dictionary.
 */
public final class ParquetPageFuzzTarget implements FuzzTarget {

  private static final int HEADER = 3;
  private static final byte[] DICTIONARY = {6, 0, 0, 0, 'm', 'e', 'm', 'o', 'r', 'y', 3, 0, 0, 0, 'A', 'd', 'a'};

  @Override
  public String name() {
    return "parquetpage";
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(seed(Column.CONTENT, 1, 0, 2, 0, 0, 0, 2, 1, 3, 0, 0, 0, 'A', 'd', 'a'),
        seed(Column.RECORD, 1, 1, 1, 2, 0), seed(Column.RECORD, 1, 0, 7, 0, 0, 0, 'm', 'e', 's', 's', 'a', 'g', 'e'),
        seed(Column.VECTOR, 3, 0, 4, 0, 0, 0, 2, 0, 4, 1, 2, 0, 0, 0, 6, 2, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64),
        seed(Column.OLD_ACTOR, 1, 1, 2, 0, 0, 0, 2, 2, 1, 2, 1), seed(Column.IN_WINDOW, 1, 0, 2, 0, 0, 0, 3, 1, 1),
        seed(Column.VERSION, 1, 0, 2, 0, 0, 0, 3, 1, 1, 0, 0, 0),
        seed(Column.CREATED_AT, 1, 0, 2, 0, 0, 0, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0),
        seed(Column.METADATA, 1, 0, 2, 0, 0, 0, 2, 1, 7, 0, 0, 0, '{', '"', 'a', '"', ':', '1', '}'));
  }

  private static byte[] seed(Column column, int values, int dictionary, int... page) {
    byte[] seed = new byte[HEADER + page.length];
    seed[0] = (byte) column.place();
    seed[1] = (byte) values;
    seed[2] = (byte) dictionary;
    for (int i = 0; i < page.length; i++) {
      seed[HEADER + i] = (byte) page[i];
    }
    return seed;
  }

  @Override
  public List<String> words() {
    return List.of("\u0000\u0000\u0000\u0000", "\u0002\u0000\u0000\u0000", "\u007f\u007f\u007f\u007f", "memory",
        "message",
        "deleted", "change", "{}", "0198c5a2-7c1e-7a50-9d53-0242ac120002", "\u0003\u0001", "\u0002\u0001");
  }

  @Override
  public void check(byte[] input) throws IOException {
    if (input.length < HEADER) {
      return;
    }
    Column column = Column.ALL.get((input[0] & 0xff) % Column.ALL.size());
    boolean dictionary = (input[2] & 1) == 1 && column.hasDictionary();
    byte[] page = Arrays.copyOfRange(input, HEADER, input.length);
    ForgedFile forged = new ForgedFile().page(column, page, 1 + (column == Column.VECTOR ? input[1] & 0xff : 0),
        dictionary ? Encoding.PLAIN_DICTIONARY : Encoding.PLAIN);
    if (dictionary) {
      forged.dictionary(column, DICTIONARY, 2);
    }
    Path file = Files.createTempFile("memlane-fuzz", ".parquet");
    byte[] quotable = (new String(input, StandardCharsets.ISO_8859_1) + column.dotted())
        .getBytes(StandardCharsets.ISO_8859_1);
    try (ParquetSource source = ParquetArchive.open(Files.write(file, forged.bytes()))) {
      ParquetFileFuzzTarget.check(Entries.read(source), quotable);
    } catch (ArchiveException | IOException e) {
      Refusals.requirePlain(e.getMessage(), quotable);
    } finally {
      Files.delete(file);
    }
  }
}
