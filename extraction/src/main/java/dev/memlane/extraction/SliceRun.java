package dev.memlane.extraction;

import dev.memlane.model.ContentTakenException;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.HistoryPage;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.storage.conversation.RememberedAnswer;
import dev.memlane.storage.conversation.RememberedSlice;
import dev.memlane.storage.conversation.RememberingStore;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One slice of a conversation on its way to being remembered: its messages, if they become memories too; then extract, find,
 * decide, apply.
 *
 * <p>
 * <b>Everybody does the same.</b> Several processes may run the same slice, and a process may run one that another has left
 * half done. All of them see the same messages, because the slice's ends are fixed and messages never change; and the same
 * answers, because the first answer to each step is kept, with what the model was shown for it. So they all come to the same
 * decisions.
 *
 * <p>
 * <b>Everything is written once.</b> A message that becomes a memory has a key made of its id, and a new fact one that is
 * derived from what it was read from. A change expects the
 * state that the model was shown, and carries the same key in the history as its author. Where the state is another, the
 * history says whether this very change has made a state since. If not, somebody else has changed the memory, and the model
 * decides again for this fact alone; that decision is kept as well.
 *
 * <p>
 * For use by one thread.
 */
final class SliceRun {

  private static final int ATTEMPTS = 2;
  private static final int MOST_ROUNDS = 3;
  private static final int KNOWN_PER_FACT = 5;
  private static final int SEARCHED_PER_FACT = 20;
  private static final int MOST_KNOWN = 40;
  private static final int HISTORY_PAGE = 100;
  private static final String AUTHOR = "remember ";
  private static final String APPLY = "apply";

  private final MemoryOrchestrator memory;
  private final RememberingStore store;
  private final ModelCalls model;
  private final UnaryOperator<String> redaction;
  private final InstantSource clock;
  private final RememberMode mode;
  private final Guidance guidance;
  private final RememberedSlice slice;
  private final Tally tally;
  private final Scope facts;
  private final Map<String, RememberedAnswer> answers = new HashMap<>();
  /** The numbers of the facts that can't be written, because another memory has their text. */
  private final List<Integer> taken = new ArrayList<>();

  /** The slice can't be remembered: it becomes a dead letter. */
  private static final class UselessAnswersException extends Exception {
    private final String step;

    private UselessAnswersException(String step, String message) {
      super(message);
      this.step = step;
    }
  }

  /** Another process has ended the slice, or its conversation was deleted. */
  private static final class SliceEndedException extends Exception {
    private SliceEndedException() {
      super("the slice has ended");
    }
  }

  SliceRun(MemoryOrchestrator memory, RememberingStore store, ModelCalls model, UnaryOperator<String> redaction,
      InstantSource clock, RememberMode mode, Guidance guidance, RememberedSlice slice, Tally tally) {
    this.memory = memory;
    this.store = store;
    this.model = model;
    this.redaction = redaction;
    this.clock = clock;
    this.mode = mode;
    this.guidance = guidance;
    this.slice = slice;
    this.tally = tally;
    this.facts = factsOf(slice.conversation());
  }

  /** The scope of a conversation's facts: the conversation's, without its run. */
  static Scope factsOf(Scope conversation) {
    return conversation.user() == null && conversation.agent() == null
        ? conversation
        : new Scope(conversation.user(), conversation.agent(), null);
  }

  /** Remembers the slice, or makes it a dead letter. */
  void run() {
    try {
      Extraction extraction = Extraction.of(slice, memory.conversations(), redaction, guidance);
      if (mode.includesMessages()) {
        // First, so that a model that fails, or a budget that is used up, delays facts alone.
        addMessages(extraction.messages());
      }
      if (mode.includesFacts() && !extraction.messages().isEmpty()) {
        store.answers(slice).forEach(answer -> answers.put(name(answer.step(), answer.attempt()), answer));
        List<Candidate> candidates = ask(Extraction.STEP, () -> new Question(extraction.question(), List.of(), null),
            guidance.extractionSchema(), extraction::read);
        if (!candidates.isEmpty()) {
          apply(decide(new Deliberation(candidates, redaction, guidance)));
        }
      }
      if (taken.isEmpty()) {
        store.finish(slice);
      } else {
        // The other facts are done. Whoever tries this again finds all answers, and only these facts left to write.
        store.bury(slice, APPLY, takenReason(), clock.instant());
        tally.buried();
      }
      tally.read(extraction.messages().size());
    } catch (UselessAnswersException e) {
      store.bury(slice, e.step, String.valueOf(e.getMessage()), clock.instant());
      tally.buried();
    } catch (SliceEndedException e) {
      System.getLogger(SliceRun.class.getName()).log(System.Logger.Level.DEBUG,
          "another process has remembered a slice of conversation {0}", slice.number());
    }
  }

  // Messages

  /** Adds messages as memories. Those that are there already stay as they are, also deleted ones. */
  private void addMessages(List<ConversationMessage> said) {
    List<NewMemory> memories = said.stream().map(message -> RememberedMessage.memory(slice.conversation(), message))
        .toList();
    for (WriteOutcome outcome : BlockingMemory.await(memory.addMemories(memories))) {
      WriteOutcome unused = settled("a message", outcome);
    }
  }

  // Ask

  /**
   * A question, and the memories that it shows.
   *
   * @param clear the answer, if it is clear without a model; or null
   */
  private record Question(List<ChatMessage> messages, List<Memory> shown, @Nullable String clear) {}

  /** Reads an answer. */
  private interface Reading<T> {
    T read(RememberedAnswer answer) throws InvalidAnswerException;
  }

  /** Asks a model, once more if its answer is not valid; an answer that is kept already is not asked for. */
  private <T> T ask(String name, Supplier<Question> asking, AnswerSchema schema, Reading<T> reading)
      throws UselessAnswersException, SliceEndedException {
    // What was answered under other guidance answers another question.
    String step = guidance.step(name);
    RememberedAnswer invalid = null;
    String complaint = "";
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      RememberedAnswer answer = answers.get(name(step, attempt));
      if (answer == null) {
        Question question = asking.get();
        // A clear answer is kept as well: what it adds is known when a crash has this repeated.
        answer = keep(question.clear == null
            ? askNow(step, attempt, question, schema, invalid, complaint)
            : new RememberedAnswer(step, attempt, Shown.write(question.shown), question.clear,
                RememberedAnswer.End.COMPLETE));
      }
      try {
        return reading.read(answer);
      } catch (InvalidAnswerException e) {
        invalid = answer;
        complaint = String.valueOf(e.getMessage());
      }
    }
    throw new UselessAnswersException(step, "the model's answer was not valid, twice: " + complaint);
  }

  private static String name(String step, int attempt) {
    return step + "/" + attempt;
  }

  private RememberedAnswer keep(RememberedAnswer answer) throws SliceEndedException {
    RememberedAnswer kept = store.keep(slice, answer, clock.instant()).orElseThrow(SliceEndedException::new);
    answers.put(name(kept.step(), kept.attempt()), kept);
    return kept;
  }

  private RememberedAnswer askNow(String step, int attempt, Question question, AnswerSchema schema,
      @Nullable RememberedAnswer invalid, String complaint) throws UselessAnswersException {
    List<ChatMessage> messages = new ArrayList<>(question.messages);
    if (invalid != null) {
      messages.addAll(Prompts.again(invalid.answer(), complaint));
    }
    Optional<String> tooCostly = model.tooCostly(messages, schema);
    if (tooCostly.isPresent()) {
      throw new UselessAnswersException(step, tooCostly.get());
    }
    ChatAnswer answer;
    try {
      answer = model.ask(messages, schema);
    } catch (ChatException e) {
      if (e.isRefusal()) {
        throw new UselessAnswersException(step, "the provider refuses the request: " + e.getMessage());
      }
      throw e;
    }
    tally.paid(answer);
    return KeptAnswer.of(step, attempt, Shown.write(question.shown), answer);
  }

  // Find and decide

  private List<Decision> decide(Deliberation deliberation) throws UselessAnswersException, SliceEndedException {
    return ask(Deliberation.STEP, () -> question(deliberation, null), guidance.decisionSchema(), deliberation::read);
  }

  private Question question(Deliberation deliberation, @Nullable MemoryId besides) {
    List<Memory> known = known(deliberation.candidates(), besides);
    return new Question(deliberation.question(known), known, known.isEmpty() ? deliberation.addAll() : null);
  }

  /**
   * The facts of the scope that come closest to the candidates.
   *
   * @param besides a memory that is shown as well, if it is there
   */
  private List<Memory> known(List<Candidate> candidates, @Nullable MemoryId besides) {
    Map<MemoryId, Memory> known = new LinkedHashMap<>();
    if (besides != null) {
      BlockingMemory.await(memory.get(besides)).filter(this::isFactHere)
          .ifPresent(each -> known.put(each.id(), each));
    }
    // All at once, so that their texts are embedded together.
    List<CompletableFuture<List<SearchHit>>> searches = candidates.stream()
        .map(candidate -> memory.search(SearchRequest.builder(candidate.text()).scope(facts).filter(Fact.filter())
            .limit(SEARCHED_PER_FACT).build()))
        .toList();
    for (CompletableFuture<List<SearchHit>> search : searches) {
      BlockingMemory.await(search).stream().map(SearchHit::memory).filter(this::isFactHere).limit(KNOWN_PER_FACT)
          .forEach(each -> {
            if (known.size() < MOST_KNOWN) {
              known.putIfAbsent(each.id(), each);
            }
          });
    }
    return List.copyOf(known.values());
  }

  /** A search also finds the memories of narrower scopes. */
  private boolean isFactHere(Memory found) {
    return found.scope().equals(facts) && Fact.of(found).isPresent();
  }

  // Apply

  private void apply(List<Decision> decisions) throws UselessAnswersException, SliceEndedException {
    List<Candidate> added = decisions.stream().filter(Decision.Add.class::isInstance).map(Decision::candidate).toList();
    Map<Integer, WriteOutcome> outcomes = add(added);
    List<FactOutcome> reported = new ArrayList<>();
    for (Decision decision : decisions) {
      Candidate candidate = decision.candidate();
      WriteOutcome outcome = outcomes.get(candidate.number());
      reported.add(outcome == null ? apply(decision, 1) : outcome(candidate, FactOutcome.Action.ADD, outcome));
    }
    reported.forEach(tally::decided);
  }

  /** Returns the outcomes by the candidates' numbers. */
  private Map<Integer, WriteOutcome> add(List<Candidate> candidates) {
    List<NewMemory> memories = candidates.stream()
        .map(candidate -> NewMemory.builder(candidate.text(), facts).key(candidate.key())
            .metadata(candidate.fact().onto(Metadata.empty()))
            .occurredAt(candidate.occurredAt()).build())
        .toList();
    List<WriteOutcome> outcomes = BlockingMemory.await(memory.addMemories(memories));
    Map<Integer, WriteOutcome> byNumber = new HashMap<>();
    for (int i = 0; i < candidates.size(); i++) {
      byNumber.put(candidates.get(i).number(), settled("a fact", outcomes.get(i)));
    }
    return byNumber;
  }

  private FactOutcome apply(Decision decision, int round) throws UselessAnswersException, SliceEndedException {
    Candidate candidate = decision.candidate();
    return switch (decision) {
      case Decision.Add add -> outcome(candidate, FactOutcome.Action.ADD,
          add(List.of(candidate)).values().iterator().next());
      case Decision.None none -> outcome(candidate, FactOutcome.Action.NONE, null);
      case Decision.Change change -> {
        Optional<WriteOutcome> outcome = change(change);
        yield outcome.isPresent()
            ? outcome(candidate, change.supersedes() ? FactOutcome.Action.SUPERSEDE : FactOutcome.Action.UPDATE,
                outcome.get())
            : apply(decideAgain(change, round), round + 1);
      }
    };
  }

  private static FactOutcome outcome(Candidate candidate, FactOutcome.Action action, @Nullable WriteOutcome outcome) {
    return new FactOutcome(candidate.text(), candidate.kind(), action, outcome, candidate.categories());
  }

  private Decision decideAgain(Decision.Change change, int round)
      throws UselessAnswersException, SliceEndedException {
    Candidate candidate = change.candidate();
    if (round > MOST_ROUNDS) {
      // Whoever tries again asks the last question anew. The answers before it are about states that are gone.
      throw new UselessAnswersException(guidance.step(Deliberation.step(candidate, MOST_ROUNDS)),
          "the memory that fact " + candidate.number()
              + " belongs to was changed by others each time; try again when they are done");
    }
    Deliberation alone = new Deliberation(List.of(candidate), redaction, guidance);
    return ask(Deliberation.step(candidate, round), () -> question(alone, change.target().id()),
        guidance.decisionSchema(), alone::read).getFirst();
  }

  /** Changes a memory; empty if it is no longer in the state that was shown, and not because of this very change. */
  private Optional<WriteOutcome> change(Decision.Change change) {
    Shown target = change.target();
    Candidate candidate = change.candidate();
    String author = AUTHOR + candidate.key();
    Optional<Memory> present = BlockingMemory.await(memory.get(target.id())).filter(this::isFactHere);
    Optional<Fact> known = present.filter(found -> found.op().equals(target.op())).flatMap(Fact::of);
    if (known.isPresent()) {
      List<String> decided = change.categories();
      // Where there are no categories to choose from, nobody says that those it has are no longer right.
      List<String> categories = decided == null ? known.get().categories() : decided;
      Fact fact = change.supersedes() ? candidate.superseding(categories) : candidate.addedTo(known.get(), categories);
      MemoryUpdate.Builder update = MemoryUpdate.builder(target.id()).content(change.text())
          .metadata(fact.onto(present.orElseThrow().metadata())).by(author).expecting(target.op());
      if (change.supersedes() || candidate.about() != null) {
        update.occurredAt(candidate.occurredAt());
      }
      WriteOutcome outcome = write(update.build());
      if (isTaken(outcome)) {
        taken.add(candidate.number());
        return Optional.of(outcome);
      }
      if (!isOvertaken(outcome)) {
        return Optional.of(settled("a fact", outcome));
      }
    }
    if (!hasChanged(target, author)) {
      return Optional.empty();
    }
    Optional<Memory> now = BlockingMemory.await(memory.get(target.id()));
    return Optional.of(now.isPresent()
        ? new WriteOutcome.DuplicateOf(now.get())
        : new WriteOutcome.WasDeleted(target.id(), target.op()));
  }

  private WriteOutcome write(MemoryUpdate update) {
    try {
      return new WriteOutcome.Stored(BlockingMemory.await(memory.updateMemory(update)));
    } catch (MemoryWriteException e) {
      return e.outcome();
    }
  }

  private static boolean isOvertaken(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.Conflict || outcome instanceof WriteOutcome.NotFound
        || outcome instanceof WriteOutcome.WasDeleted;
  }

  /** Whether another memory has the text, in a scope that holds each content once. Trying again changes nothing. */
  private static boolean isTaken(WriteOutcome outcome) {
    Throwable cause = outcome instanceof WriteOutcome.RolledBack rolledBack ? rolledBack.cause() : null;
    while (cause != null && !(cause instanceof ContentTakenException)) {
      cause = cause.getCause();
    }
    return cause != null;
  }

  private String takenReason() {
    return (taken.size() == 1 ? "fact " : "facts ")
        + taken.stream().map(String::valueOf).collect(Collectors.joining(", "))
        + " would give a memory the text of another one, and the scope holds each content once; delete or change one of "
        + "the two, and try again. The other facts are remembered";
  }

  /** Whether an author has changed a memory since the state that was shown. */
  private boolean hasChanged(Shown target, String author) {
    Integer before = null;
    do {
      HistoryPage page = BlockingMemory.await(memory.history(target.id(), before, HISTORY_PAGE));
      for (HistoryEntry entry : page.entries()) {
        if (entry.op().equals(target.op())) {
          return false;
        }
        if (author.equals(entry.actor())) {
          return true;
        }
      }
      before = page.next();
    } while (before != null);
    return false;
  }

  /**
   * An outcome that will not change by trying again.
   *
   * @param what what was written, for a message
   * @throws ExtractionException if it may
   */
  private static WriteOutcome settled(String what, WriteOutcome outcome) {
    if (outcome.succeeded() || outcome instanceof WriteOutcome.WasDeleted) {
      return outcome;
    }
    throw new ExtractionException(what + " could not be written now (" + outcome.describe()
        + "); remember the conversation again, which goes on there", null);
  }
}
