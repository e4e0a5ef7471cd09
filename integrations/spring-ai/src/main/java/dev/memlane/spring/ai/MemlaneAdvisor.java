package dev.memlane.spring.ai;

import dev.memlane.extraction.BackgroundRemembering;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.TextForm;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.client.ChatClientMessageAggregator;
import org.springframework.ai.chat.client.ChatClientRequest;
import org.springframework.ai.chat.client.ChatClientResponse;
import org.springframework.ai.chat.client.advisor.api.CallAdvisor;
import org.springframework.ai.chat.client.advisor.api.CallAdvisorChain;
import org.springframework.ai.chat.client.advisor.api.StreamAdvisor;
import org.springframework.ai.chat.client.advisor.api.StreamAdvisorChain;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.core.Ordered;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * An advisor that gives the model what it remembers: it searches for the user's message before the call, puts the
 * memories found into the prompt, and remembers the message after the call.
 *
 * <pre>{@code
 * ChatClient chat = ChatClient.builder(model).defaultAdvisors(MemlaneAdvisor.builder(memory).build()).build();
 * chat.prompt("Which instrument do I play?")
 *     .advisors(advisors -> advisors.param(MemlaneAdvisor.USER, "ada").param(ChatMemory.CONVERSATION_ID, "7"))
 *     .call().content();
 * }</pre>
 *
 * <p>
 * <b>Scopes.</b> By default, the parameters {@link #USER} and {@link ChatMemory#CONVERSATION_ID} name the user and the
 * run. Memories are stored in both, and searched in all runs of the user; without a user, in the run. A request with
 * neither is refused, so that no request can see everybody's memories by mistake.
 *
 * <p>
 * <b>The prompt.</b> Memories stand before the text of the last user message, as marked data that cannot end its own
 * block; see docs/integrations/spring-ai.md. They are in this request only. The hits are in the request's context under
 * {@link #MEMORIES}, and so in the response's.
 *
 * <p>
 * <b>Order.</b> By default this advisor comes after those of chat memory, so that they store the message as the user wrote
 * it, and before those that retrieve documents, so that it searches for and remembers what the user wrote; these see the
 * memories as part of the message. See {@link Builder#order}.
 *
 * <p>
 * <b>Remembering.</b> An exchange is remembered when the model has answered without calling a tool, in a stream after
 * its last element and before its end. Of a call that fails, or a stream that is cancelled, nothing is remembered. If a
 * memory can't be stored, the call or stream fails with a {@link MemoryWriteException}, although there is an answer. If the
 * search fails, so does the call. {@link Builder#onFailure} goes on in both cases.
 *
 * <p>
 * <b>Facts.</b> With {@link Builder#rememberFacts}, a chat model reads the conversations in the background, and their facts
 * are remembered in place of what the user said.
 *
 * <p>
 * <b>Threads.</b> Safe for use by several threads. A call waits in its thread. A stream waits in none: a search and a
 * write begin on Reactor's bounded elastic scheduler.
 */
public final class MemlaneAdvisor implements CallAdvisor, StreamAdvisor {

  /** The parameter that names the user. */
  public static final String USER = "memlane_user";
  /** Where the context has the memories that were found: a {@code List} of {@link SearchHit}, best first. */
  public static final String MEMORIES = "memlane_memories";

  /**
   * After the advisors of chat memory, whose order is 200 above the highest precedence in Spring AI 2.0, and 1,000 in 1.1;
   * before those that retrieve documents, whose order is 0.
   */
  private static final int DEFAULT_ORDER = Ordered.HIGHEST_PRECEDENCE + 2_000;

  private final MemoryOrchestrator memory;
  private final Function<Map<String, @Nullable Object>, Scope> scopes;
  private final Function<Map<String, @Nullable Object>, Scope> searched;
  private final UnaryOperator<SearchRequest.Builder> search;
  private final Remembering remembering;
  private final @Nullable FactKeeping facts;
  private final @Nullable Consumer<MemlaneException> onFailure;
  private final int longest;
  private final int order;

  private MemlaneAdvisor(Builder builder) {
    this.memory = builder.memory;
    this.scopes = builder.scopes;
    this.searched = builder.searched;
    this.search = builder.search;
    this.facts = builder.facts;
    Remembering chosen = builder.remembering;
    this.remembering = chosen != null ? chosen : facts == null ? Remembering.question() : Remembering.nothing();
    this.onFailure = builder.onFailure;
    this.longest = builder.longest;
    this.order = builder.order;
  }

  /**
   * Begins to build an advisor.
   *
   * @param memory stays open; the caller closes it
   */
  public static Builder builder(MemoryOrchestrator memory) {
    return new Builder(memory);
  }

  @Override
  public ChatClientResponse adviseCall(ChatClientRequest request, CallAdvisorChain chain) {
    int position = question(request);
    if (position < 0) {
      return chain.nextCall(request);
    }
    ChatClientRequest advised = withMemories(request, position, BlockingMemory.await(search(request, position)));
    ChatClientResponse response = chain.nextCall(advised);
    BlockingMemory.await(remember(request, position, response));
    return response;
  }

  @Override
  public Flux<ChatClientResponse> adviseStream(ChatClientRequest request, StreamAdvisorChain chain) {
    int position = question(request);
    if (position < 0) {
      return chain.nextStream(request);
    }
    return Mono.fromFuture(() -> search(request, position)).subscribeOn(Schedulers.boundedElastic())
        .map(hits -> withMemories(request, position, hits)).flatMapMany(advised -> {
          AtomicReference<@Nullable ChatClientResponse> whole = new AtomicReference<>();
          return new ChatClientMessageAggregator().aggregateChatClientResponse(chain.nextStream(advised), whole::set)
              .concatWith(Mono.fromFuture(() -> remember(request, position, whole.get()))
                  .subscribeOn(Schedulers.boundedElastic()).then(Mono.empty()));
        });
  }

  /** The position of the last user message in the prompt, if it has a text; otherwise -1. */
  private static int question(ChatClientRequest request) {
    List<Message> messages = request.prompt().getInstructions();
    for (int i = messages.size() - 1; i >= 0; i--) {
      if (messages.get(i) instanceof UserMessage message) {
        return TextForm.isBlank(text(message)) ? -1 : i;
      }
    }
    return -1;
  }

  private static UserMessage question(ChatClientRequest request, int position) {
    return (UserMessage) request.prompt().getInstructions().get(position);
  }

  private static String text(UserMessage message) {
    return Objects.requireNonNullElse(message.getText(), "");
  }

  private CompletableFuture<List<SearchHit>> search(ChatClientRequest request, int position) {
    String text = text(question(request, position));
    String query = text.length() <= SearchRequest.LONGEST_QUERY ? text : text.substring(0, SearchRequest.LONGEST_QUERY);
    SearchRequest built = search.apply(SearchRequest.builder(query).scope(searched.apply(request.context()))).build();
    return memory.search(built).exceptionally(failure -> {
      handle(failure);
      return List.of();
    });
  }

  private ChatClientRequest withMemories(ChatClientRequest request, int position, List<SearchHit> hits) {
    UserMessage question = question(request, position);
    List<Message> messages = new ArrayList<>(request.prompt().getInstructions());
    messages.set(position, UserMessage.builder().text(MemoryPrompt.before(text(question), hits, longest))
        .media(question.getMedia()).metadata(question.getMetadata()).build());
    return request.mutate().prompt(new Prompt(messages, request.prompt().getOptions())).context(MEMORIES, hits).build();
  }

  /** Stores what is to be remembered, and completes when it is stored. */
  private CompletableFuture<Void> remember(ChatClientRequest request, int position,
      @Nullable ChatClientResponse response) {
    ChatResponse answer = response == null ? null : response.chatResponse();
    if (answer == null || answer.getResult() == null || answer.hasToolCalls()) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> stored;
    CompletableFuture<Void> kept = CompletableFuture.completedFuture(null);
    try {
      Exchange exchange = new Exchange(scopes.apply(request.context()), text(question(request, position)),
          answer.getResult().getOutput().getText(), request.context());
      if (facts != null) {
        kept = facts.keep(exchange);
      }
      List<NewMemory> memories = remembering.memories(exchange);
      stored = memories.isEmpty()
          ? CompletableFuture.completedFuture(null)
          : memory.addMemories(memories).thenAccept(MemlaneAdvisor::requireAll);
    } catch (MemlaneException e) {
      stored = CompletableFuture.failedFuture(e);
    }
    return stored.exceptionally(this::handle).thenCombine(kept, (done, appended) -> null);
  }

  private static void requireAll(List<WriteOutcome> outcomes) {
    for (WriteOutcome outcome : outcomes) {
      if (!outcome.succeeded()) {
        throw new MemoryWriteException(outcome, DocumentWriteException.cause(outcome));
      }
    }
  }

  /** Hands a failure to the application, or fails with it. */
  private @Nullable Void handle(Throwable thrown) {
    Throwable failure = thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
    if (onFailure != null && failure instanceof MemlaneException known) {
      onFailure.accept(known);
      return null;
    }
    throw failure instanceof RuntimeException runtime ? runtime : new CompletionException(failure);
  }

  @Override
  public String getName() {
    return "MemlaneAdvisor";
  }

  @Override
  public int getOrder() {
    return order;
  }

  @Override
  public String toString() {
    return "MemlaneAdvisor[" + memory + "]";
  }

  private static Scope scope(Map<String, @Nullable Object> context) {
    String user = parameter(context, USER);
    String run = parameter(context, ChatMemory.CONVERSATION_ID);
    if (user == null && run == null) {
      throw new InvalidInputException(
          "it is not known whose memories the request is about: give the advisors the parameter "
              + USER + " or " + ChatMemory.CONVERSATION_ID + ", or set the advisor's scope");
    }
    return new Scope(user, null, run);
  }

  private static Scope searchedScope(Map<String, @Nullable Object> context) {
    Scope scope = scope(context);
    return scope.user() == null ? scope : Scope.user(scope.user());
  }

  private static @Nullable String parameter(Map<String, @Nullable Object> context, String name) {
    Object value = context.get(name);
    return value == null ? null : value.toString();
  }

  /** The optional settings of an advisor. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private Function<Map<String, @Nullable Object>, Scope> scopes = MemlaneAdvisor::scope;
    private Function<Map<String, @Nullable Object>, Scope> searched = MemlaneAdvisor::searchedScope;
    private UnaryOperator<SearchRequest.Builder> search = builder -> builder;
    private @Nullable Remembering remembering;
    private @Nullable FactKeeping facts;
    private @Nullable Consumer<MemlaneException> onFailure;
    private int longest = 8_000;
    private int order = DEFAULT_ORDER;

    private Builder(MemoryOrchestrator memory) {
      this.memory = Objects.requireNonNull(memory, "memory");
    }

    /** Sets one scope for all requests, in which memories are stored and searched. */
    public Builder scope(Scope scope) {
      return scope(context -> scope).searching(context -> scope);
    }

    /** Sets where memories are stored, by the parameters of the request. */
    public Builder scope(Function<Map<String, @Nullable Object>, Scope> scopes) {
      this.scopes = Objects.requireNonNull(scopes, "scopes");
      return this;
    }

    /** Sets where memories are searched, by the parameters of the request. */
    public Builder searching(Function<Map<String, @Nullable Object>, Scope> scopes) {
      this.searched = Objects.requireNonNull(scopes, "scopes");
      return this;
    }

    /** Sets how to search: {@code search -> search.limit(5).minSimilarity(0.4)}. By default 10 hits, by meaning and words. */
    public Builder search(UnaryOperator<SearchRequest.Builder> search) {
      this.search = Objects.requireNonNull(search, "search");
      return this;
    }

    /** Sets what is remembered; by default what the user said, and nothing with {@link #rememberFacts}. */
    public Builder remembering(Remembering remembering) {
      this.remembering = Objects.requireNonNull(remembering, "remembering");
      return this;
    }

    /**
     * Sets that the facts of conversations are remembered: after an exchange, question and answer are appended to the
     * conversation of their scope, and what is new in it is remembered in the background. That never fails a call, and an
     * exchange whose scope has no run has no conversation. If a chat memory keeps its messages in the same conversation
     * ({@link MemlaneChatMemoryRepository}), nothing is appended, and the answer, which it appends later, is remembered with
     * the next exchange.
     *
     * @param background stays open; the caller closes it after the last call, and before its extractor
     */
    public Builder rememberFacts(BackgroundRemembering background) {
      this.facts = new FactKeeping(memory.conversations(), Objects.requireNonNull(background, "background"));
      return this;
    }

    /**
     * Sets what becomes of a failure to search or to remember; then the model is called without memories, or the answer is
     * returned all the same. A failure to remember is a {@link MemoryWriteException}, whose outcome says whether it is not
     * known yet ({@link WriteOutcome.Unsettled}). A request of which it is not known whose memories it is about is refused
     * all the same.
     */
    public Builder onFailure(Consumer<MemlaneException> onFailure) {
      this.onFailure = Objects.requireNonNull(onFailure, "onFailure");
      return this;
    }

    /** Sets how many characters the memories in a prompt may have together; 8,000 by default. */
    public Builder maxCharacters(int characters) {
      if (characters < 1) {
        throw new InvalidInputException("the prompt may have " + characters + " characters of memories; at least 1");
      }
      this.longest = characters;
      return this;
    }

    /**
     * Sets the order among advisors. By default 2,000 above the highest precedence, which is after those of chat memory,
     * and before those that retrieve documents.
     */
    public Builder order(int order) {
      this.order = order;
      return this;
    }

    public MemlaneAdvisor build() {
      return new MemlaneAdvisor(this);
    }
  }
}
