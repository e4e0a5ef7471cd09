package dev.memlane.storage.core;

import dev.memlane.model.EmbeddedText;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemorySelection;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoredMemory;
import dev.memlane.storage.postgres.Database;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * A reader of live memories in ranges of ids, so that several processes can share the reading of all. It only reads, and
 * needs no embedding model. Safe for use by several threads.
 */
public final class RangeReader {

  /** The most ranges into which the ids are divided. */
  public static final int MOST_RANGES = 10_000;

  /** How many ids a division into few ranges looks at. */
  private static final int SMALLEST_SAMPLE = 10_000;
  /** How many ids of each range a division looks at, of many ranges. */
  private static final int SAMPLE_OF_EACH = 100;
  private static final double USUAL_ROW_BYTES = 400;

  private final Database database;

  public RangeReader(Database database) {
    this.database = database;
  }

  /**
   * Divides the ids into ranges that hold about as many live memories each, by a sample of the table's pages. A division
   * takes a fraction of a second, however large the table.
   *
   * @param parts the most ranges, from 1 to {@value #MOST_RANGES}
   * @return the first ids of all ranges but the first one, in order; fewer where there are few memories. Fails with a
   * {@link StoreException}
   */
  public CompletableFuture<List<MemoryId>> boundaries(int parts) {
    if (parts < 1 || parts > MOST_RANGES) {
      throw new IllegalArgumentException("the number of ranges is " + parts + "; it must be from 1 to " + MOST_RANGES);
    }
    if (parts == 1) {
      return CompletableFuture.completedFuture(List.of());
    }
    int sample = Math.max(SMALLEST_SAMPLE, parts * SAMPLE_OF_EACH);
    return database.scan("dividing the memories", handle -> {
      // The size of the table now, because the statistics of a table that has grown are too small.
      long rows = handle.createQuery("select (pg_relation_size('memory'::regclass) / :row)::bigint")
          .bind("row", USUAL_ROW_BYTES).mapTo(Long.class).one();
      double percent = Math.min(100, 100.0 * sample / Math.max(1, rows));
      return handle.createQuery("""
          select distinct boundary from unnest((
            select percentile_disc((select array_agg(i::float8 / :parts) from generate_series(1, :parts - 1) i))
              within group (order by id)
            from (select id from memory tablesample system (:percent) repeatable (1) where state = 1) sampled
          )) boundary where boundary is not null order by boundary""")
          .bind("parts", parts).bind("percent", percent)
          .map((row, context) -> new MemoryId(row.getObject(1, UUID.class))).list();
    });
  }

  /**
   * Reads a page of memories in order of id.
   *
   * @param after the id after which the page begins, or null for the first one of the selection
   * @return fails with a {@link StoreException}
   */
  public CompletableFuture<List<StoredMemory>> page(MemorySelection selection, @Nullable MemoryId after, int limit) {
    return database.read("reading a range of memories", handle -> {
      String vectors = selection.vectors();
      String head = (vectors == null ? "" : "with m as materialized (") + "select " + RowMapper.COLUMNS
          + " from memory m";
      String more = ReadConditions.after(after) + (selection.from() == null ? "" : " and m.id >= :from")
          + (selection.to() == null ? "" : " and m.id < :to")
          + (selection.ids() == null ? "" : " and m.id = any(:ids)");
      String tail = " order by m.id limit :limit" + (vectors == null ? "" : """
          ) select m.*, v.vector from m left join memory_vector v on v.memory_id = m.id
            and v.model = (select id from embedding_model where name in (:model, :older)
              order by name = :model desc limit 1) order by m.id""");
      Query query = ReadConditions
          .live(handle, head, selection.scope(), null, selection.unexpiredAt(), more, tail).bind("limit", limit);
      ReadConditions.bindAfter(query, after);
      bind(query, selection);
      return query.map((row, context) -> stored(row, vectors)).list();
    });
  }

  private static void bind(Query query, MemorySelection selection) {
    MemoryId from = selection.from();
    if (from != null) {
      query.bind("from", from.value());
    }
    MemoryId to = selection.to();
    if (to != null) {
      query.bind("to", to.value());
    }
    List<MemoryId> ids = selection.ids();
    if (ids != null) {
      query.bindArray("ids", UUID.class, (Object[]) ReadConditions.uuids(ids));
    }
    String vectors = selection.vectors();
    if (vectors != null) {
      query.bind("model", EmbeddedText.CONTENT.vectors(vectors))
          .bind("older", EmbeddedText.ACTOR_AND_CONTENT.vectors(vectors));
    }
  }

  private static StoredMemory stored(ResultSet row, @Nullable String vectors) throws SQLException {
    Memory memory = RowMapper.memory(row);
    byte[] vector = vectors == null ? null : row.getBytes("vector");
    return new StoredMemory(memory,
        vectors == null || vector == null ? null : new Embedding(vectors, Vectors.fromBytes(vector)));
  }

  /** The names of the models of which the database has vectors, or had some; fails with a {@link StoreException}. */
  public CompletableFuture<Set<String>> models() {
    return database.read("reading the names of the models",
        handle -> handle.createQuery("select name from embedding_model").mapTo(String.class).stream()
            .map(EmbeddedText::model).collect(Collectors.toUnmodifiableSet()));
  }
}
