package dev.memlane.extraction;

import dev.memlane.endpoints.Tokens;
import dev.memlane.storage.conversation.RememberedAnswer;
import dev.memlane.storage.conversation.RememberedSlice;
import dev.memlane.storage.conversation.RememberingStore;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Slices of several conversations that a model is asked about in one call, before each is remembered by itself.
 *
 * <p>
 * It only fills in answers. What a valid answer says of a slice is kept as that slice's own answer, all of them in one
 * transaction; the call that remembers the conversation finds it there, as after a crash. Without a valid answer, nothing is kept
 * but a mark that the slices are to be asked about alone, so that the call is not made again; and whatever goes wrong here is
 * left to the calls of their own.
 *
 * <p>
 * For use by one thread.
 */
final class ConversationPack {

  private final RememberingStore store;
  private final ModelCalls model;
  private final InstantSource clock;
  private final Guidance guidance;
  private final int mostConversations;
  private final long mostTokens;

  private final List<RememberedSlice> slices = new ArrayList<>();
  private final List<Extraction> extractions = new ArrayList<>();
  private long tokens;

  /**
   * @param mostConversations how many conversations it takes
   * @param mostTokens how many tokens their messages may have together, by estimate
   */
  ConversationPack(RememberingStore store, ModelCalls model, InstantSource clock, Guidance guidance,
      int mostConversations, long mostTokens) {
    this.store = store;
    this.model = model;
    this.clock = clock;
    this.guidance = guidance;
    this.mostConversations = mostConversations;
    this.mostTokens = mostTokens;
  }

  /** How many tokens the messages of a slice have in a question, by estimate. */
  static long tokens(Extraction extraction) {
    return Tokens.estimate(Json.write(extraction.describe(Json.object(), 1)));
  }

  /** Whether a slice is not known to need a question of its own, and has no answer yet. */
  static boolean isOpen(List<RememberedAnswer> answers, Guidance guidance) {
    return answers.stream().map(RememberedAnswer::step)
        .noneMatch(
            step -> step.equals(guidance.step(Extraction.STEP)) || step.equals(guidance.step(PackedExtraction.STEP)));
  }

  boolean hasRoom(long moreTokens) {
    return slices.size() < mostConversations && tokens + moreTokens <= mostTokens;
  }

  void add(RememberedSlice slice, Extraction extraction, long ofTokens) {
    slices.add(slice);
    extractions.add(extraction);
    tokens += ofTokens;
  }

  /** Asks about all of them, if that saves a call and is allowed, and notes what it has cost. */
  void ask(Tally tally) {
    Map<RememberedSlice, Extraction> begun = new LinkedHashMap<>();
    for (int i = 0; i < slices.size(); i++) {
      RememberedSlice slice = slices.get(i);
      // If another process has begun the slice with another end, it has other messages.
      if (store.begin(slice).filter(slice::equals).isPresent() && isOpen(store.answers(slice), guidance)) {
        begun.put(slice, extractions.get(i));
      }
    }
    PackedExtraction question = new PackedExtraction(guidance, List.copyOf(begun.values()));
    if (begun.size() < 2 || model.tooCostly(question.question(), guidance.packedSchema()).isPresent()) {
      return;
    }
    List<RememberedSlice> asked = List.copyOf(begun.keySet());
    ChatAnswer answer;
    try {
      answer = model.ask(question.question(), guidance.packedSchema());
    } catch (ChatException e) {
      if (e.isRefusal()) {
        keepAlone(asked);
      }
      throw e;
    }
    tally.paid(answer);
    List<RememberedAnswer> answers;
    try {
      answers = question.read(KeptAnswer.of(PackedExtraction.STEP, 1, "[]", answer));
    } catch (InvalidAnswerException e) {
      keepAlone(asked);
      System.getLogger(ConversationPack.class.getName()).log(System.Logger.Level.DEBUG,
          "an answer about {0} conversations was not valid; each is asked about alone", asked.size());
      return;
    }
    Map<RememberedSlice, RememberedAnswer> kept = new LinkedHashMap<>();
    for (int i = 0; i < asked.size(); i++) {
      kept.put(asked.get(i), answers.get(i));
    }
    store.keepAll(kept, clock.instant());
  }

  /** What the model has said is not kept: it mixes conversations, and each has to be erasable. */
  private void keepAlone(List<RememberedSlice> asked) {
    RememberedAnswer mark = new RememberedAnswer(guidance.step(PackedExtraction.STEP), 1, "[]", "",
        RememberedAnswer.End.COMPLETE);
    Map<RememberedSlice, RememberedAnswer> marks = new LinkedHashMap<>();
    asked.forEach(slice -> marks.put(slice, mark));
    store.keepAll(marks, clock.instant());
  }
}
