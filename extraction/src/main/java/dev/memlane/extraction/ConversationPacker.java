package dev.memlane.extraction;

import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.conversation.RememberedSlice;
import dev.memlane.storage.conversation.RememberingStore;
import dev.memlane.storage.conversation.RememberingStore.Progress;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A packer of short conversations, so that a model reads several in one call before each is remembered by itself. Every call
 * that it is given is begun in the end, whatever goes wrong with its pack. Safe for use by several threads.
 */
final class ConversationPacker {

  private final MemoryOrchestrator memory;
  private final RememberingStore store;
  private final ModelCalls model;
  private final SliceCutter cutter;
  private final UnaryOperator<String> redaction;
  private final InstantSource clock;
  private final Consumer<RememberReport> onSlice;
  private final int conversationsPerCall;
  private final int tokensPerPackedCall;
  private final boolean packAcrossScopes;
  private final boolean oneAtATime;
  private final Semaphore permits;
  private final WorkThreads threads;
  private final BiConsumer<RememberCall, ModelUsage> begin;

  /**
   * @param permits one for each pack that is being asked about, shared with conversations that are being remembered
   * @param begin begins a call; takes what was paid for a pack, for the report of the first of its calls
   */
  ConversationPacker(MemoryExtractorBuilder builder, RememberingStore store, ModelCalls model, SliceCutter cutter,
      Semaphore permits, WorkThreads threads, BiConsumer<RememberCall, ModelUsage> begin) {
    this.memory = builder.memory;
    this.store = store;
    this.model = model;
    this.cutter = cutter;
    this.redaction = builder.redaction;
    this.clock = builder.clock;
    this.onSlice = builder.onSlice;
    this.conversationsPerCall = builder.conversationsPerCall;
    this.tokensPerPackedCall = builder.tokensPerPackedCall;
    this.packAcrossScopes = builder.packAcrossScopes;
    this.oneAtATime = builder.concurrency == 1;
    this.permits = permits;
    this.threads = threads;
    this.begin = begin;
  }

  /**
   * What conversations in one call of the model have in common.
   *
   * @param scope that of their facts; null if it may be any
   */
  private record Group(@Nullable Scope scope, Guidance guidance) {}

  /** Begins all calls: those that can be packed after their pack was asked about, the others at once. */
  void begin(List<RememberCall> calls) {
    Map<Group, List<RememberCall>> groups = new LinkedHashMap<>();
    for (RememberCall call : calls) {
      // One that waits for another call of its conversation may have nothing new then.
      if (conversationsPerCall > 1 && call.before() == null && call.mode().includesFacts()) {
        Scope scope = packAcrossScopes ? null : MemoryExtractor.scopeOfFacts(call.conversation());
        groups.computeIfAbsent(new Group(scope, call.guidance()), group -> new ArrayList<>()).add(call);
      } else {
        begin(call);
      }
    }
    groups.forEach((group, together) -> {
      if (together.size() == 1) {
        begin(together.getFirst());
      } else {
        beginTogether(group.guidance, oneAtATime ? inOrder(together) : together);
      }
    });
  }

  private void begin(RememberCall call) {
    begin.accept(call, ModelUsage.NONE);
  }

  private void beginTogether(Guidance guidance, List<RememberCall> together) {
    try {
      threads.execute(() -> pack(guidance, together));
    } catch (RejectedExecutionException e) {
      // The extractor has been closed, which each call says then.
      together.forEach(this::begin);
    }
  }

  private void pack(Guidance guidance, List<RememberCall> together) {
    Deque<RememberCall> left = new ArrayDeque<>(together);
    List<RememberCall> packed = new ArrayList<>();
    try {
      ConversationPack pack = newPack(guidance);
      while (!left.isEmpty()) {
        Optional<Unread> unread = unread(left.getFirst());
        if (unread.isEmpty()) {
          begin(left.removeFirst());
          continue;
        }
        if (!pack.hasRoom(unread.get().tokens)) {
          send(pack, packed);
          packed = new ArrayList<>();
          pack = newPack(guidance);
        }
        pack.add(unread.get().slice, unread.get().extraction, unread.get().tokens);
        packed.add(left.removeFirst());
      }
      send(pack, packed);
      packed = List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      sayAlone(e);
    } finally {
      packed.forEach(this::begin);
      left.forEach(this::begin);
    }
  }

  private ConversationPack newPack(Guidance guidance) {
    return new ConversationPack(store, model, clock, guidance, conversationsPerCall, tokensPerPackedCall);
  }

  /** The new messages of a conversation, which are few. */
  private record Unread(RememberedSlice slice, Extraction extraction, long tokens) {}

  /** What is new in a conversation, if that is a single slice, short, and not answered yet. */
  private Optional<Unread> unread(RememberCall call) {
    Progress progress = store.progress(call.conversation()).orElse(null);
    if (progress == null) {
      return Optional.empty();
    }
    Optional<RememberedSlice> slice = cutter.next(call.conversation(), progress, progress.last());
    if (slice.isEmpty() || slice.get().last() < progress.last()
        || !ConversationPack.isOpen(store.answers(slice.get()), call.guidance())) {
      return Optional.empty();
    }
    Extraction extraction = Extraction.of(slice.get(), memory.conversations(), redaction, call.guidance());
    long tokens = ConversationPack.tokens(extraction);
    return extraction.messages().isEmpty() || tokens > tokensPerPackedCall
        ? Optional.empty()
        : Optional.of(new Unread(slice.get(), extraction, tokens));
  }

  /** Has a pack asked about by another thread, and its calls begun then. Waits for a permit, so that few packs are in memory. */
  private void send(ConversationPack pack, List<RememberCall> packed) throws InterruptedException {
    if (packed.size() < 2) {
      packed.forEach(this::begin);
      return;
    }
    permits.acquire();
    try {
      threads.execute(() -> ask(pack, packed));
    } catch (RejectedExecutionException e) {
      permits.release();
      packed.forEach(this::begin);
    }
  }

  private void ask(ConversationPack pack, List<RememberCall> packed) {
    Tally tally = new Tally();
    try {
      pack.ask(tally);
    } catch (RuntimeException e) {
      // Each has its own call now, which says what is wrong if it still is.
      sayAlone(e);
    } finally {
      permits.release();
      RememberReport report = tally.report(null);
      List<RememberCall> ordered = inOrder(packed);
      begin.accept(ordered.getFirst(), report.usage());
      ordered.subList(1, ordered.size()).forEach(this::begin);
      if (report.usage().calls() > 0) {
        onSlice.accept(report);
      }
    }
  }

  /**
   * Calls of which those of a scope wait for each other, so that a later conversation is decided in the face of what the
   * earlier ones say.
   */
  private static List<RememberCall> inOrder(List<RememberCall> calls) {
    Map<Scope, CompletableFuture<?>> last = new HashMap<>();
    List<RememberCall> ordered = new ArrayList<>();
    for (RememberCall call : calls) {
      ordered.add(call.after(last.put(MemoryExtractor.scopeOfFacts(call.conversation()), call.report())));
    }
    return ordered;
  }

  private static void sayAlone(RuntimeException e) {
    System.getLogger(ConversationPacker.class.getName()).log(System.Logger.Level.DEBUG,
        "conversations could not be read together; each is read alone", e);
  }
}
