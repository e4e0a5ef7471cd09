package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.conversation.RememberCounts;
import dev.memlane.cli.internal.evaluation.EvalResult.Found;
import dev.memlane.cli.internal.evaluation.EvalSet.Collection;
import dev.memlane.cli.internal.evaluation.EvalSet.Question;
import dev.memlane.cli.internal.evaluation.EvalSet.Turn;
import dev.memlane.extraction.ConversationDeadLetter;
import dev.memlane.extraction.Fact;
import dev.memlane.extraction.FactSource;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.Party;
import dev.memlane.extraction.RecordedMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MessagePage;
import dev.memlane.orchestrator.Page;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The facts that a model makes of a data set's conversations: where they are kept, and which turns they come from.
 *
 * <p>
 * Each collection is one conversation, as that of a messenger, and each turn a message of it, by a user with a name: questions
 * are about all who speak. Facts are kept apart from turns, so that a search of turns finds what it would find without them; and
 * those of different models apart from each other, so that one directory can have several. Used by one thread.
 */
public final class EvalFacts {

  private static final String OWNER = "facts of ";
  private static final int PAGE = 1_000;

  private final EvalSet set;
  private final String maker;
  private final Map<String, Map<UUID, Turn>> turns = new HashMap<>();

  /** @param maker what makes the facts: the model's name, and what else makes a difference */
  public EvalFacts(EvalSet set, String maker) {
    this.set = set;
    this.maker = maker;
    for (Collection collection : set.collections()) {
      Map<UUID, Turn> byMessage = new LinkedHashMap<>();
      collection.turns().forEach(turn -> byMessage.putIfAbsent(message(turn), turn));
      turns.put(collection.id(), byMessage);
    }
  }

  private Map<UUID, Turn> turns(Collection collection) {
    return turns.getOrDefault(collection.id(), Map.of());
  }

  /** The id of the message that a turn becomes: the same in each run. */
  private static UUID message(Turn turn) {
    return UUID.nameUUIDFromBytes(turn.id().getBytes(StandardCharsets.UTF_8));
  }

  /** Where the facts of a collection are. */
  Scope scope(Collection collection) {
    return new Scope(OWNER + collection.id(), maker, null);
  }

  private Scope conversation(Collection collection) {
    return scope(collection).withRun(collection.id());
  }

  /** The conversations to remember, by their scopes. Each has its messages in the order of the data set. */
  public Map<Scope, List<RecordedMessage>> conversations() {
    Map<Scope, List<RecordedMessage>> conversations = new LinkedHashMap<>();
    for (Collection collection : set.collections()) {
      conversations.put(conversation(collection), turns(collection).entrySet().stream()
          .map(said -> new RecordedMessage(said.getKey(), Party.USER, said.getValue().speaker(),
              said.getValue().occurredAt(), said.getValue().text()))
          .toList());
    }
    return conversations;
  }

  /** What a memory has found: a turn itself, and a fact the turns that it comes from. */
  Found found(Collection collection, Memory memory) {
    Optional<Fact> fact = Fact.of(memory);
    if (fact.isEmpty()) {
      return Found.of(memory);
    }
    Set<String> ids = new LinkedHashSet<>();
    Set<String> sessions = new LinkedHashSet<>();
    for (FactSource source : fact.get().sources()) {
      Turn turn = turns(collection).get(source.message());
      if (turn != null) {
        ids.add(turn.id());
        if (turn.session() != null) {
          sessions.add(turn.session());
        }
      }
    }
    return new Found(ids, sessions);
  }

  /**
   * Reads what is known of the facts as a whole.
   *
   * @param counts what this run has remembered
   */
  public FactFigures figures(MemoryOrchestrator memory, MemoryExtractor extractor, RememberCounts counts) {
    long facts = 0;
    long sources = 0;
    long characters = 0;
    double reachable = 0;
    long asked = 0;
    List<FactFigures.Lost> lost = new ArrayList<>();
    for (Collection collection : set.collections()) {
      Set<String> covered = new HashSet<>();
      for (Memory fact : facts(memory, collection)) {
        Set<String> from = found(collection, fact).turns();
        facts++;
        sources += from.size();
        characters += fact.content().length();
        covered.addAll(from);
      }
      for (Question question : collection.questions()) {
        if (!question.evidence().isEmpty()) {
          asked++;
          reachable += (double) question.evidence().stream().filter(covered::contains).count()
              / question.evidence().size();
        }
      }
      for (ConversationDeadLetter dead : BlockingMemory.await(extractor.deadLetters(conversation(collection), PAGE))) {
        lost.add(new FactFigures.Lost(collection.id(), messages(memory, dead), dead.reason()));
      }
    }
    return new FactFigures(maker, set.memories(), facts, sources, characters, asked == 0 ? 0 : reachable / asked, lost,
        counts);
  }

  private List<Memory> facts(MemoryOrchestrator memory, Collection collection) {
    List<Memory> facts = new ArrayList<>();
    @Nullable
    MemoryId after = null;
    do {
      Page page = BlockingMemory.await(memory.list(scope(collection), Fact.filter(), after, PAGE));
      facts.addAll(page.memories());
      after = page.next();
    } while (after != null);
    return facts;
  }

  /** How many messages a dead letter has. */
  private static long messages(MemoryOrchestrator memory, ConversationDeadLetter dead) {
    long count = 0;
    @Nullable
    Long after = dead.after();
    while (after != null) {
      MessagePage page = BlockingMemory.await(memory.conversations().messages(dead.conversation(), after, PAGE));
      long within = page.messages().stream().map(ConversationMessage::position).filter(at -> at <= dead.last()).count();
      count += within;
      after = within < page.messages().size() ? null : page.next();
    }
    return count;
  }
}
