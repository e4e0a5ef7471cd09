package dev.memlane.orchestrator.internal.search;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.ActorName;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.Embedding;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.SearchPart;
import dev.memlane.model.listen.Activity;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.SearchRequest.Mode;
import dev.memlane.model.store.DocumentSearch;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The preparation of a question, before the index is searched: finds out what it names, and embeds it.
 *
 * <p>
 * A memory's vector is that of its content alone, in which its actor speaks as "I". So where the question names actors of the
 * scopes, it is embedded in the first person. Memories without an actor, such as facts about somebody, are compared with the
 * question as it is. So a question is embedded twice only where its scopes hold both. Safe for use by several threads.
 */
final class Preparation {

  /** The class of work under which a pool of endpoints embeds queries, apart from stored texts. */
  private static final String WORK_CLASS = "search";

  private final BatchingEmbedder embedder;
  private final EmbeddedText embedded;
  private final FirstPerson person;

  Preparation(BatchingEmbedder embedder, FirstPerson person) {
    this.person = person;
    this.embedder = embedder;
    this.embedded = EmbeddedText.ofVectors(embedder.vectorName(), embedder.model());
  }

  /**
   * A question that is ready to be searched for.
   *
   * @param plain its vector; null if only words count
   * @param spoken its vector for memories with an actor, if it is another one
   * @param now what times and ages are relative to
   */
  record Prepared(@Nullable Embedding plain, @Nullable Embedding spoken, Question names, Instant now) {}

  /** Prepares a question. Fails with a {@link dev.memlane.model.MemlaneException}. */
  CompletableFuture<Prepared> prepare(SearchRequest request, DocumentSearch index, Instant now,
      @Nullable Activity activity) {
    Set<SearchPart> without = request.ranking().without();
    boolean inFirstPerson = request.mode() != Mode.LEXICAL && request.embedding() == null
        && embedded == EmbeddedText.CONTENT && !without.contains(SearchPart.NAMES);
    boolean factors = request.mode() != Mode.SEMANTIC && !without.contains(SearchPart.ACTORS);
    Set<String> keys = inFirstPerson || factors ? NamedActors.keys(request.query()) : Set.of();
    return found(request, index, keys).thenCompose(found -> {
      NamedActors actors = NamedActors.of(request.query(), found);
      Question names = request.mode() == Mode.SEMANTIC
          ? Question.naming(request.query())
          : Question.of(request.query(), found, now, without);
      if (!inFirstPerson || actors.isEmpty()) {
        return plain(request, activity).thenApply(plain -> new Prepared(plain, null, names, now));
      }
      CompletableFuture<Embedding> spoken = embedder.embedQuestion(actors.inFirstPerson(person), WORK_CLASS, activity);
      return found.contains(ActorName.NOBODY)
          ? plain(request, activity).thenCombine(spoken, (plain, own) -> new Prepared(plain, own, names, now))
          : spoken.thenApply(own -> new Prepared(own, null, names, now));
    });
  }

  private CompletableFuture<Set<String>> found(SearchRequest request, DocumentSearch index, Set<String> keys) {
    if (keys.isEmpty()) {
      return CompletableFuture.completedFuture(Set.of());
    }
    Set<String> asked = new HashSet<>(keys);
    asked.add(ActorName.NOBODY);
    return index.actors(request.scopes(), asked);
  }

  private CompletableFuture<@Nullable Embedding> plain(SearchRequest request, @Nullable Activity activity) {
    if (request.mode() == Mode.LEXICAL) {
      return CompletableFuture.completedFuture(null);
    }
    Embedding given = request.embedding();
    if (given == null) {
      return embedder.embedQuestion(request.query(), WORK_CLASS, activity).thenApply(embedding -> embedding);
    }
    try {
      return CompletableFuture.completedFuture(embedder.compatible(given));
    } catch (InvalidInputException e) {
      return CompletableFuture.failedFuture(e);
    }
  }
}
