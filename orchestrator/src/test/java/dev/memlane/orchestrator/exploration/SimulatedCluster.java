package dev.memlane.orchestrator.exploration;

import dev.memlane.model.store.DocumentName;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The index that simulated processes share, and that outlives them. Not safe for use by several threads. */
final class SimulatedCluster {

  private final Set<DocumentName> documents;
  /** All puts, in the order in which they were applied. */
  private final List<DocumentName> arrivals = new ArrayList<>();
  /** The sets of documents that searches could see, in order. */
  private final List<Set<DocumentName>> views = new ArrayList<>();
  private @Nullable String checkpoint;

  SimulatedCluster(Set<DocumentName> documents) {
    this.documents = new HashSet<>(documents);
    views.add(Set.copyOf(documents));
  }

  Set<DocumentName> documents() {
    return documents;
  }

  List<Set<DocumentName>> views() {
    return views;
  }

  List<DocumentName> arrivals() {
    return arrivals;
  }

  @Nullable
  String checkpoint() {
    return checkpoint;
  }

  void put(DocumentName name) {
    documents.add(name);
    arrivals.add(name);
    changed();
  }

  void remove(DocumentName name) {
    documents.remove(name);
    changed();
  }

  void record(String text) {
    checkpoint = text;
  }

  private void changed() {
    if (!views.getLast().equals(documents)) {
      views.add(Set.copyOf(documents));
    }
  }

  long digest() {
    return new Digest().add(SimulatedProcess.digest(documents)).add(arrivals.hashCode())
        .add(Objects.hashCode(checkpoint)).value();
  }
}
