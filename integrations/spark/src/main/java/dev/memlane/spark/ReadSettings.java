package dev.memlane.spark;

import dev.memlane.model.MemoryId;
import dev.memlane.model.MemorySelection;
import dev.memlane.model.Scope;
import java.io.Serializable;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What all tasks of a read need to know. Immutable; sent with the job.
 *
 * @param user of the scope, which has those parts that were pushed down
 * @param ids the ids that were pushed down, or null for all
 * @param unexpiredAt the time of the query, so that all tasks leave out the same expired memories
 * @param vectors the model whose vectors are read, or null
 * @param columns the columns of the rows, in order
 */
record ReadSettings(DatabaseOptions database, @Nullable String user, @Nullable String agent, @Nullable String run,
    @Nullable List<UUID> ids, Instant unexpiredAt, @Nullable String vectors, List<MemoryColumn> columns, int pageSize)
    implements
      Serializable {

  ReadSettings {
    ids = ids == null ? null : List.copyOf(ids);
    columns = List.copyOf(columns);
  }

  /** The memories of a range. */
  MemorySelection selection(@Nullable UUID from, @Nullable UUID to) {
    MemorySelection selection = MemorySelection.all()
        .between(from == null ? null : new MemoryId(from), to == null ? null : new MemoryId(to))
        .in(user == null && agent == null && run == null ? null : new Scope(user, agent, run))
        .unexpiredAt(unexpiredAt);
    if (ids != null) {
      selection = selection.among(ids.stream().map(MemoryId::new).toList());
    }
    return vectors == null ? selection : selection.withVectors(vectors);
  }
}
