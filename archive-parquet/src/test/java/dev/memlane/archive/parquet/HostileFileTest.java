package dev.memlane.archive.parquet;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.archive.ArchiveException;
import dev.memlane.archive.ArchiveException.Reason;
import dev.memlane.testing.PlainMessages;
import dev.memlane.testing.Sample;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.KeyValue;
import org.apache.parquet.format.PageType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that were made to do harm, or that were damaged on their way. */
@Tag("slow")
class HostileFileTest {

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path files;

  private Entries read(byte[] bytes) throws IOException {
    try (ParquetSource source = ParquetArchive.open(Files.write(files.resolve("archive"), bytes))) {
      return Entries.read(source);
    }
  }

  private static void requirePlain(Throwable failure) {
    assertThat(PlainMessages.forbiddenIn(String.valueOf(failure.getMessage()))).as(failure.getMessage()).isNull();
  }

  @Test
  void forgedFile_withoutChanges_isAnArchive() throws IOException {
    Entries read = read(new ForgedFile().bytes());

    assertThat(read.damaged()).singleElement().asString().contains("1: the column \"op\" is empty");
    assertThat(read.counts()).isNotNull();
  }

  /** A lie, and words of the message that answers it. */
  record Lie(String name, ForgedFile file, String answer) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Lie> lies() {
    byte[] none = {};
    List<Lie> lies = new ArrayList<>();
    lies.add(new Lie("a page of 2 GB, unpacked",
        new ForgedFile().header(Column.CONTENT, header -> header.setUncompressed_page_size(Integer.MAX_VALUE)),
        "\"content\" is damaged"));
    lies.add(new Lie("a page of 64 MB, unpacked, that is of some bytes",
        new ForgedFile().header(Column.CONTENT, header -> header.setUncompressed_page_size(Limits.PAGE)),
        "\"content\" is damaged"));
    lies.add(new Lie("a page of 2 GB, packed",
        new ForgedFile().header(Column.CONTENT, header -> header.setCompressed_page_size(Integer.MAX_VALUE)),
        "\"content\" is damaged"));
    lies.add(new Lie("a page of a negative size",
        new ForgedFile().header(Column.CONTENT, header -> header.setUncompressed_page_size(-1)),
        "\"content\" is damaged"));
    lies.add(new Lie("a page without a checksum", new ForgedFile().header(Column.CONTENT, header -> header.unsetCrc()),
        "\"content\" is damaged"));
    lies.add(new Lie("a page of another type",
        new ForgedFile().header(Column.CONTENT, header -> header.setType(PageType.DATA_PAGE_V2)),
        "\"content\" is damaged"));
    lies.add(new Lie("more values in a page than in its column",
        new ForgedFile().header(Column.CONTENT,
            header -> requireNonNull(header.getData_page_header()).setNum_values(1_000_000_000)),
        "\"content\" is damaged"));
    lies.add(new Lie("values by differences, which multiply",
        new ForgedFile().page(Column.CONTENT, none, 1, Encoding.DELTA_BYTE_ARRAY), "\"content\" is damaged"));
    lies.add(new Lie("a billion rows", new ForgedFile().rows(1_000_000_000), "footer"));
    lies.add(new Lie("a dictionary with 2 billion texts",
        new ForgedFile().dictionary(Column.RECORD, none, Integer.MAX_VALUE).page(Column.RECORD, new byte[]{0}, 1,
            Encoding.PLAIN_DICTIONARY),
        "\"record\" is damaged"));
    lies.add(new Lie("a dictionary where none is written", new ForgedFile().dictionary(Column.ID, none, 0), "footer"));
    lies.add(new Lie("a place that is not in the dictionary",
        new ForgedFile().dictionary(Column.RECORD, none, 0).page(Column.RECORD, new byte[]{8, 2, 7}, 1,
            Encoding.PLAIN_DICTIONARY),
        "can't be decoded"));
    lies.add(new Lie("a dictionary that is not there",
        new ForgedFile().page(Column.RECORD, new byte[]{0}, 1, Encoding.PLAIN_DICTIONARY), "\"record\" is damaged"));
    lies.add(new Lie("levels in two billion groups",
        new ForgedFile().page(Column.CONTENT, levels(-1, -1, -1, -1, 15), 1, Encoding.PLAIN),
        "\"content\" is damaged"));
    lies.add(new Lie("levels in 80 million groups",
        new ForgedFile().page(Column.CONTENT, levels(-1, -1, -1, 79), 1, Encoding.PLAIN), "\"content\" is damaged"));
    lies.add(new Lie("levels longer than their page",
        new ForgedFile().page(Column.CONTENT, new byte[]{-1, -1, -1, 127, 2, 0}, 1, Encoding.PLAIN),
        "\"content\" is damaged"));
    lies.add(new Lie("a level that no column has",
        new ForgedFile().page(Column.CONTENT, levels(2, 7), 1, Encoding.PLAIN), "\"content\" can't be"));
    lies.add(new Lie("a text of 2 GB",
        new ForgedFile().page(Column.ID, new byte[]{-1, -1, -1, 127}, 1, Encoding.PLAIN), "can't be decoded"));
    lies.add(new Lie("a text of a negative length",
        new ForgedFile().page(Column.ID, new byte[]{-1, -1, -1, -1}, 1, Encoding.PLAIN), "can't be decoded"));
    lies.add(new Lie("a text that is not UTF-8",
        new ForgedFile().page(Column.ID, new byte[]{1, 0, 0, 0, -1}, 1, Encoding.PLAIN), "is not UTF-8"));
    lies.add(new Lie("a vector of nothing but nulls",
        new ForgedFile().page(Column.VECTOR, new byte[]{2, 0, 0, 0, 2, 0, 2, 0, 0, 0, 2, 1}, 1, Encoding.PLAIN),
        "\"vector.list.element\" can't be"));
    lies.add(new Lie("a vector without its row",
        new ForgedFile().page(Column.VECTOR, new byte[]{2, 0, 0, 0, 2, 1, 2, 0, 0, 0, 2, 2, 0, 0, 0, 0}, 1,
            Encoding.PLAIN),
        "\"vector.list.element\" can't be"));
    lies.add(new Lie("more vectors than rows",
        new ForgedFile().page(Column.VECTOR, new byte[]{2, 0, 0, 0, 4, 0, 2, 0, 0, 0, 4, 0}, 2, Encoding.PLAIN),
        "\"vector.list.element\" can't be"));
    lies.add(new Lie("a group that is there in one column only",
        new ForgedFile().page(Column.OLD_EXPIRES_AT, levels(2, 1), 1, Encoding.PLAIN),
        "\"old_details.expires_at\" can't be"));
    lies.add(new Lie("another codec",
        new ForgedFile().chunk(Column.ID,
            chunk -> requireNonNull(chunk.getMeta_data()).setCodec(CompressionCodec.GZIP)),
        "footer"));
    lies.add(new Lie("a column in another file",
        new ForgedFile().chunk(Column.ID, chunk -> chunk.setFile_path("/etc/passwd")), "footer"));
    lies.add(new Lie("a column elsewhere",
        new ForgedFile().chunk(Column.ID, chunk -> requireNonNull(chunk.getMeta_data()).setData_page_offset(4)),
        "footer"));
    lies.add(new Lie("a column beyond the end", new ForgedFile().chunk(Column.IN_WINDOW,
        chunk -> requireNonNull(chunk.getMeta_data()).setTotal_compressed_size(Long.MAX_VALUE)), "footer"));
    lies.add(new Lie("a column twice",
        new ForgedFile().chunk(Column.ID,
            chunk -> requireNonNull(chunk.getMeta_data()).setPath_in_schema(List.of("record"))),
        "footer"));
    lies.add(
        new Lie("a column without a description", new ForgedFile().chunk(Column.ID, chunk -> chunk.unsetMeta_data()),
            "footer"));
    lies.add(new Lie("too few columns",
        new ForgedFile().footer(footer -> requireNonNull(footer.getRow_groups()).getFirst().setColumns(List.of())),
        "footer"));
    lies.add(new Lie("no row groups", new ForgedFile().footer(footer -> footer.setRow_groups(List.of())), "footer"));
    lies.add(new Lie("other columns",
        new ForgedFile().footer(footer -> requireNonNull(footer.getSchema()).getLast().setName("is_in_window")),
        "columns"));
    lies.add(new Lie("a schema of 4,097 columns",
        new ForgedFile().footer(
            footer -> footer.setSchema(Collections.nCopies(4_097, requireNonNull(footer.getSchema()).getLast()))),
        "footer can't be read"));
    lies.add(new Lie("a count that is none",
        new ForgedFile().footer(footer -> requireNonNull(footer.getKey_value_metadata()).getLast().setValue("many")),
        "lacks the number"));
    lies.add(new Lie("another checksum",
        new ForgedFile().footer(footer -> requireNonNull(footer.getKey_value_metadata()).getLast().setValue("7")),
        "its footer is about"));
    return lies;
  }

  private static byte[] levels(int... bytes) {
    ByteBuffer page = ByteBuffer.allocate(Integer.BYTES + bytes.length).order(ByteOrder.LITTLE_ENDIAN)
        .putInt(bytes.length);
    for (int each : bytes) {
      page.put((byte) each);
    }
    return page.array();
  }

  @ParameterizedTest
  @MethodSource("lies")
  void lie_isRefused(Lie lie) {
    assertThatThrownBy(() -> read(lie.file.bytes())).satisfies(HostileFileTest::requirePlain)
        .isInstanceOfAny(ArchiveException.class, DamagedFileException.class).hasMessageContaining(lie.answer);
  }

  @Test
  void pages_thatTakeTooMuchMemoryTogether_areRefused() {
    ForgedFile file = new ForgedFile();
    byte[] content = new byte[Limits.PAGE];
    // Levels, and then zeros, which pack to nothing.
    System.arraycopy(levels(2, 0), 0, content, 0, 6);
    List.of(Column.CONTENT, Column.OLD_CONTENT, Column.NEW_CONTENT, Column.TEXT, Column.PAYLOAD, Column.METADATA)
        .forEach(column -> file.page(column, content, 1, Encoding.PLAIN));
    byte[] bytes = file.bytes();
    assertThat(bytes.length).isLessThan(1 << 20);

    assertThatThrownBy(() -> read(bytes)).isInstanceOf(IOException.class).hasMessageContaining("MB at once", "-Xmx");
  }

  @Test
  void rows_thatSayNothing_areGivenUp() {
    int rows = 5_000;
    ForgedFile file = new ForgedFile().rows(rows);
    int run = rows << 1;
    byte[] nulls = levels((run & 0x7f) | 0x80, run >> 7, 0);
    ByteBuffer vectors = ByteBuffer.allocate(2 * nulls.length).put(nulls).put(nulls);
    for (Column column : Column.ALL) {
      file.page(column, column == Column.VECTOR ? vectors.array() : nulls, rows, Encoding.PLAIN);
    }
    byte[] empty = new byte[rows * Integer.BYTES];
    file.page(Column.RECORD, empty, rows, Encoding.PLAIN).page(Column.ID, empty, rows, Encoding.PLAIN);

    assertThatThrownBy(() -> read(file.bytes())).isInstanceOf(IOException.class)
        .hasMessageContaining("1000 of its rows are damaged");
  }

  @Test
  void footerLength_thatCantBe_isRefused() {
    byte[] bytes = new ForgedFile().bytes();
    for (int length : new int[]{-1, 0, Integer.MAX_VALUE, Integer.MIN_VALUE, bytes.length}) {
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length - 8, length);

      assertThatThrownBy(() -> read(bytes)).isInstanceOf(ArchiveException.class).hasMessageContaining("footer");
    }
  }

  @Test
  void structure_nestedDeep_isRefused() {
    // A field that nobody knows, of a structure in a structure in a structure.
    byte[] nested = new byte[1 << 20];
    Arrays.fill(nested, (byte) 0x1c);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(FileFooter.MAGIC);
    bytes.writeBytes(nested);
    bytes.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(nested.length).array());
    bytes.writeBytes(FileFooter.MAGIC);

    assertThatThrownBy(() -> read(bytes.toByteArray())).isInstanceOf(ArchiveException.class)
        .hasMessageContaining("footer can't be read");
  }

  @Test
  void newerFormat_isRefused() {
    ForgedFile newer = new ForgedFile().footer(footer -> {
      requireNonNull(footer.getKey_value_metadata()).getFirst().setValue("2");
      requireNonNull(footer.getSchema()).getLast().setName("renamed");
    });

    assertThatThrownBy(() -> read(newer.bytes())).isInstanceOfSatisfying(ArchiveException.class,
        e -> assertThat(e.reason()).isEqualTo(Reason.NEWER_FORMAT)).hasMessageContaining("format 2", "newer one");
  }

  @Test
  void foreignFile_isRefused() {
    ForgedFile foreign = new ForgedFile()
        .footer(footer -> footer.setKey_value_metadata(List.of(new KeyValue("pandas").setValue("{}"))));
    ForgedFile without = new ForgedFile().footer(footer -> footer.unsetKey_value_metadata());

    for (ForgedFile file : List.of(foreign, without)) {
      assertThatThrownBy(() -> read(file.bytes())).isInstanceOfSatisfying(ArchiveException.class,
          e -> assertThat(e.reason()).isEqualTo(Reason.NOT_AN_ARCHIVE)).hasMessageContaining("none that an export");
    }
    assertThatThrownBy(() -> read("{\"memlane\":\"export\"}\n".getBytes(StandardCharsets.UTF_8)))
        .isInstanceOfSatisfying(ArchiveException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.NOT_AN_ARCHIVE));
  }

  @Test
  void file_cutOffAnywhere_isRefused() {
    byte[] whole = FormatsTest.parquet(RandomArchive.of(7, 4, 2));
    for (int length = whole.length - 1; length >= 4; length -= Math.max(1, length / 500)) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> read(part)).as("%d bytes", length).isInstanceOf(ArchiveException.class)
          .satisfies(HostileFileTest::requirePlain);
    }
    assertThatThrownBy(() -> read(Arrays.copyOf(whole, whole.length / 2)))
        .hasMessageContaining("was it cut off?", "nothing was imported");
  }

  @Test
  void anyByte_changed_isRefusedOrMeansNothing() throws IOException {
    RandomArchive archive = RandomArchive.of(8, 2, 1);
    byte[] whole = FormatsTest.parquet(archive);
    List<String> kinds = new ArrayList<>();
    for (int i = 0; i < whole.length; i += Sample.of(3, 1)) {
      byte[] changed = whole.clone();
      changed[i] ^= (byte) (1 << (i % 8));
      try {
        Entries read = read(changed);
        // What the footer says beside: the counts, and statistics for other readers.
        assertThat(read.memories()).as("byte " + i).isEqualTo(archive.memories());
        assertThat(read.messages()).as("byte " + i).isEqualTo(archive.messages());
        kinds.add("read");
      } catch (ArchiveException e) {
        requirePlain(e);
        kinds.add(e.reason().name().toLowerCase(Locale.ROOT));
      }
    }
    assertThat(kinds).contains("read", "damaged", "not_an_archive");
  }

  @Test
  void damagedPage_isNamedBeforeAnythingIsRead() throws IOException {
    byte[] whole = FormatsTest.parquet(RandomArchive.of(9, 20, 2));
    Path file = Files.write(files.resolve("whole"), whole);
    long position;
    try (FileBytes bytes = FileBytes.open(file)) {
      FileFooter.Chunk chunk = FileFooter.read(bytes).groups().getFirst().chunks().get(Column.NEW_CONTENT.place());
      position = chunk.end() - 1;
    }
    whole[(int) position] ^= 1;

    assertThatThrownBy(() -> ParquetArchive.open(Files.write(file, whole)).close())
        .isInstanceOfSatisfying(ArchiveException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DAMAGED))
        .hasMessageContaining("\"new_content\" is damaged", "nothing was imported", "copy the file once more");
  }
}
