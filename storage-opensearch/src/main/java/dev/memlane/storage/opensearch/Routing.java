package dev.memlane.storage.opensearch;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What decides which shard holds a memory's documents. All documents of a memory are in the same one. */
public enum Routing {

  /** The memory's id: shards fill evenly, and a search asks all of them. */
  MEMORY,

  /**
   * The user of the memory's scope, or else the memory's id: a search in scopes that all name a user asks the shards of
   * these users alone. A user with very many memories makes one shard larger than the others. Removing a document costs a
   * refresh, because the memory's id alone doesn't say where it is.
   */
  USER;

  /** What the routing of a user's memories is derived from, besides the user's name. */
  private static final String KEY = "routing";

  /** The routing of a memory's documents. */
  String of(Memory memory) {
    String user = memory.scope().user();
    return this == MEMORY || user == null ? memory.id().toString() : of(user);
  }

  /** The routing of a memory's documents; null if the id alone doesn't say. */
  @Nullable
  String of(MemoryId memory) {
    return this == MEMORY ? memory.toString() : null;
  }

  /** The routing of a search, which may be that of several shards; null for all. */
  @Nullable
  String of(List<Scope> scopes) {
    if (this == MEMORY || scopes.isEmpty()) {
      return null;
    }
    List<String> users = new ArrayList<>();
    for (Scope scope : scopes) {
      String user = scope.user();
      if (user == null) {
        return null;
      }
      users.add(of(user));
    }
    return String.join(",", users.stream().distinct().toList());
  }

  /** A hash, because a comma in a name would separate two routings. */
  private static String of(String user) {
    return MemoryId.derive(Scope.user(user), KEY).toString();
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
