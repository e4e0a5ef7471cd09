package dev.memlane.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.invocation.InvocationParameters;
import dev.langchain4j.rag.content.Content;
import dev.langchain4j.rag.content.ContentMetadata;
import dev.langchain4j.rag.content.retriever.ContentRetriever;
import dev.langchain4j.rag.query.Metadata;
import dev.langchain4j.rag.query.Query;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Memory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A retriever of memories, for LangChain4j's retrieval augmentation.
 *
 * <pre>{@code
 * MemlaneContentRetriever.of(memory, Scope.user("ada"))
 *
 * MemlaneContentRetriever.builder(memory).user(MemlaneContentRetriever.parameter("user")).limit(5).minWords(1)
 *     .search((query, search) -> search.recency(Duration.ofDays(30))).build()
 * }</pre>
 *
 * <p>
 * <b>Scope.</b> It is fixed, or made from each query. A part of it that a query does not have is an error, so that a
 * search never goes to a wider scope by mistake.
 *
 * <p>
 * <b>Content.</b> The text is the memory's content, preceded by its actor if there is one: {@code Ada: I moved to Lisbon}.
 * {@link ContentMetadata#SCORE} is the hit's score in [0, 1], and {@link ContentMetadata#EMBEDDING_ID} the memory's id. The
 * segment's metadata is the memory's; a boolean becomes the text {@code true} or {@code false}, and a list its JSON, such as
 * {@code ["a","b"]}, because LangChain4j's metadata knows only texts, UUIDs and numbers.
 *
 * <p>
 * <b>The prompt.</b> LangChain4j's injector puts the texts into the prompt as they are. A user may have written them: an
 * instruction in one reaches the model as if the application had given it. {@link Builder#text} can quote them.
 *
 * <p>
 * Safe for use by several threads if the functions are.
 */
public final class MemlaneContentRetriever implements ContentRetriever {

  private final MemoryOrchestrator memory;
  private final Function<Query, Scope> scope;
  private final BiFunction<Query, SearchRequest.Builder, SearchRequest.Builder> search;
  private final @Nullable Filter filter;
  private final Function<Memory, String> text;

  private MemlaneContentRetriever(Builder builder, Function<Query, Scope> scope) {
    this.memory = builder.memory;
    this.scope = scope;
    this.search = builder.search;
    this.filter = builder.filter;
    this.text = builder.text;
  }

  /** A retriever of what is found in one scope, with the usual settings of a search. */
  public static MemlaneContentRetriever of(MemoryOrchestrator memory, Scope scope) {
    return builder(memory).scope(scope).build();
  }

  /**
   * Begins to build a retriever.
   *
   * @param memory stays open; the caller closes it
   */
  public static Builder builder(MemoryOrchestrator memory) {
    return new Builder(memory);
  }

  /** A function to the id of the query's chat memory, as text: what {@code @MemoryId} of an AI service is. */
  public static Function<Query, @Nullable String> chatMemoryId() {
    return query -> {
      Metadata metadata = query.metadata();
      return metadata == null ? null : text(metadata.chatMemoryId());
    };
  }

  /** A function to one of the query's {@link InvocationParameters}, as text. */
  public static Function<Query, @Nullable String> parameter(String name) {
    return query -> {
      Metadata metadata = query.metadata();
      InvocationParameters parameters = metadata == null ? null : metadata.invocationParameters();
      return parameters == null ? null : text(parameters.asMap().get(name));
    };
  }

  private static @Nullable String text(@Nullable Object value) {
    return value == null ? null : value.toString();
  }

  @Override
  public List<Content> retrieve(Query query) {
    return BlockingMemory.await(retrieveAsync(query));
  }

  @Override
  public CompletableFuture<List<Content>> retrieveAsync(Query query) {
    SearchRequest request;
    try {
      SearchRequest.Builder completed = search.apply(query, SearchRequest.builder(query.text())
          .scope(scope.apply(query)));
      request = (filter == null ? completed : FilterTranslator.narrow(completed, filter)).build();
    } catch (MemlaneException e) {
      return CompletableFuture.failedFuture(e);
    }
    return memory.search(request).thenApply(hits -> hits.stream()
        .filter(hit -> !MetadataCodec.isWithoutText(hit.memory().metadata())).map(this::content).toList());
  }

  private Content content(SearchHit hit) {
    Memory found = hit.memory();
    return Content.from(TextSegment.from(text.apply(found), MetadataCodec.decode(found.metadata())),
        Map.of(ContentMetadata.SCORE, hit.score(), ContentMetadata.EMBEDDING_ID, found.id().toString()));
  }

  /** The settings of a retriever. The scope is required. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private @Nullable Function<Query, Scope> scope;
    private @Nullable Function<Query, @Nullable String> user;
    private @Nullable Function<Query, @Nullable String> agent;
    private @Nullable Function<Query, @Nullable String> run;
    private BiFunction<Query, SearchRequest.Builder, SearchRequest.Builder> search = (query, builder) -> builder;
    private @Nullable Filter filter;
    private Function<Memory, String> text = Memory::searchableText;

    private Builder(MemoryOrchestrator memory) {
      this.memory = memory;
    }

    /** Sets the scope of all searches. */
    public Builder scope(Scope scope) {
      return scope(query -> scope);
    }

    /** Sets a function from the query to the scope of its search. */
    public Builder scope(Function<Query, Scope> scope) {
      this.scope = scope;
      return this;
    }

    /** Sets a function from the query to the user of the scope. A null is an error of the search. */
    public Builder user(Function<Query, @Nullable String> user) {
      this.user = user;
      return this;
    }

    /** Sets a function from the query to the agent of the scope. A null is an error of the search. */
    public Builder agent(Function<Query, @Nullable String> agent) {
      this.agent = agent;
      return this;
    }

    /** Sets a function from the query to the run of the scope. A null is an error of the search. */
    public Builder run(Function<Query, @Nullable String> run) {
      this.run = run;
      return this;
    }

    /** Sets how many memories at most; 10 by default. */
    public Builder limit(int limit) {
      return with(builder -> builder.limit(limit));
    }

    /** Sets a filter for all searches, in Memlane's own terms. It holds together with one that {@link #search} sets. */
    public Builder filter(Filter filter) {
      this.filter = filter;
      return this;
    }

    /** Sets a filter for all searches, in LangChain4j's terms. It holds together with one that {@link #search} sets. */
    public Builder filter(dev.langchain4j.store.embedding.filter.Filter filter) {
      return filter(FilterTranslator.translate(filter));
    }

    /** Sets the mode: by meaning, by words, or both, which is the default. */
    public Builder mode(SearchRequest.Mode mode) {
      return with(builder -> builder.mode(mode));
    }

    /** Leaves out hits with a lower score; see {@link SearchRequest}. */
    public Builder threshold(double threshold) {
      return with(builder -> builder.threshold(threshold));
    }

    /** Leaves out memories with a lower cosine to the query, -1 to 1. */
    public Builder minSimilarity(double minSimilarity) {
      return with(builder -> builder.minSimilarity(minSimilarity));
    }

    /** Leaves out memories that have fewer of the query's words. */
    public Builder minWords(int minWords) {
      return with(builder -> builder.minWords(minWords));
    }

    /** Adds a function that completes each search, with everything that {@link SearchRequest.Builder} has. */
    public Builder search(BiFunction<Query, SearchRequest.Builder, SearchRequest.Builder> more) {
      BiFunction<Query, SearchRequest.Builder, SearchRequest.Builder> before = search;
      this.search = (query, builder) -> more.apply(query, before.apply(query, builder));
      return this;
    }

    private Builder with(Function<SearchRequest.Builder, SearchRequest.Builder> more) {
      return search((query, builder) -> more.apply(builder));
    }

    /** Sets what becomes the text of a content, quoted for example; {@link Memory#searchableText} by default. */
    public Builder text(Function<Memory, String> text) {
      this.text = text;
      return this;
    }

    /**
     * Builds the retriever.
     *
     * @throws InvalidInputException if there is no scope, or two ways to make it
     */
    public MemlaneContentRetriever build() {
      boolean parts = user != null || agent != null || run != null;
      Function<Query, Scope> whole = scope;
      if (parts == (whole != null)) {
        throw new InvalidInputException(parts
            ? "the retriever has a scope, and parts of one; choose one of them"
            : "the retriever has no scope; set it, or functions to its user, agent or run");
      }
      return new MemlaneContentRetriever(this, whole == null ? scopeOf(user, agent, run) : whole);
    }

    private static Function<Query, Scope> scopeOf(@Nullable Function<Query, @Nullable String> user,
        @Nullable Function<Query, @Nullable String> agent, @Nullable Function<Query, @Nullable String> run) {
      return query -> new Scope(part("user", user, query), part("agent", agent, query), part("run", run, query));
    }

    private static @Nullable String part(String name, @Nullable Function<Query, @Nullable String> function,
        Query query) {
      if (function == null) {
        return null;
      }
      String value = function.apply(query);
      if (value == null) {
        throw new InvalidInputException("the query has no " + name + ", and is not searched for in a wider scope: pass "
            + "what the retriever's function for the " + name + " reads");
      }
      return value;
    }
  }
}
