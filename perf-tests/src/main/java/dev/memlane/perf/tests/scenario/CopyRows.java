package dev.memlane.perf.tests.scenario;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyOutputStream;

/**
 * Rows in the binary format of PostgreSQL's COPY, which is its fastest way to load many rows. Not safe for use by
 * several threads.
 */
final class CopyRows {

  private static final byte[] SIGNATURE = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0};
  private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");
  private static final int JSONB_VERSION = 1;

  private final String table;
  private final int columns;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final DataOutputStream rows = new DataOutputStream(bytes);

  /**
   * @param table with the list of columns
   * @param columns the number of columns in the list
   */
  CopyRows(String table, int columns) throws IOException {
    this.table = table;
    this.columns = columns;
    rows.write(SIGNATURE);
    // No flags, and no header extension.
    rows.writeInt(0);
    rows.writeInt(0);
  }

  CopyRows row() throws IOException {
    rows.writeShort(columns);
    return this;
  }

  CopyRows uuid(UUID value) throws IOException {
    rows.writeInt(16);
    rows.writeLong(value.getMostSignificantBits());
    rows.writeLong(value.getLeastSignificantBits());
    return this;
  }

  CopyRows smallint(int value) throws IOException {
    rows.writeInt(2);
    rows.writeShort(value);
    return this;
  }

  CopyRows integer(int value) throws IOException {
    rows.writeInt(4);
    rows.writeInt(value);
    return this;
  }

  CopyRows text(String value) throws IOException {
    return bytes(value.getBytes(StandardCharsets.UTF_8));
  }

  CopyRows json(String value) throws IOException {
    byte[] encoded = value.getBytes(StandardCharsets.UTF_8);
    rows.writeInt(1 + encoded.length);
    rows.writeByte(JSONB_VERSION);
    rows.write(encoded);
    return this;
  }

  CopyRows time(Instant value) throws IOException {
    rows.writeInt(8);
    rows.writeLong(Duration.between(EPOCH, value).toNanos() / 1_000);
    return this;
  }

  CopyRows bytes(byte[] value) throws IOException {
    rows.writeInt(value.length);
    rows.write(value);
    return this;
  }

  /** Sends all rows. */
  void copyTo(Connection connection) throws IOException, SQLException {
    rows.writeShort(-1);
    PGCopyOutputStream stream = new PGCopyOutputStream(connection.unwrap(PGConnection.class),
        "copy " + table + " from stdin (format binary)");
    bytes.writeTo(stream);
    stream.endCopy();
  }
}
