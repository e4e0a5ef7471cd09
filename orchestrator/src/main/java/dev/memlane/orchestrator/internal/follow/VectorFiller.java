package dev.memlane.orchestrator.internal.follow;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.ModelVectors;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.Progress;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.RetryLoop;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Fills in the vectors that core lacks of a model, page by page in order of id, while other engines serve and write. What it
 * has saved stays saved, so a filling that was stopped goes on where it was.
 *
 * <p>
 * A page that fails is tried again after a growing pause. A text that can't be embedded while others can is left out; the
 * run fails with more than {@value #MOST_LEFT_OUT} of these, because then the reason is not the texts'. It also fails before
 * a page that would cost more tokens than are left. Runs once;
 * {@link #stop} from any thread.
 */
public final class VectorFiller {

  private static final System.Logger LOGGER = System.getLogger(VectorFiller.class.getName());

  private static final int LARGEST_PAGE = 500;
  /** How often a page is tried of which no text can be embedded, which is some minutes. */
  private static final int MOST_TRIES = 20;
  private static final int MOST_LEFT_OUT = 100;

  private final CoreStore core;
  private final ModelVectors missing;
  private final BatchingEmbedder embedder;
  private final EmbeddedText text;
  private final Environment environment;
  private final int textsPerSecond;
  private final int page;
  private final Progress progress;
  private final RetryLoop loop;
  private final CompletableFuture<Void> filled = new CompletableFuture<>();

  // Used by one page after the other.
  private @Nullable MemoryId last;
  private long found;
  /** How many had no vector when the present pass began; negative before they are counted. */
  private long wanted = -1;
  /** The same of the pass before. */
  private long before = Long.MAX_VALUE;
  private long done;
  private long tokensLeft;
  /** How often the present page has failed with all its texts. */
  private int barren;
  /** The memories whose texts can't be embedded. */
  private final Set<MemoryId> leftOut = new HashSet<>();

  /**
   * @param core with the vectors of the embedder's model
   * @param missing of the same store
   * @param textsPerSecond the most texts to embed in a second
   * @param mostTokens the most tokens to embed, as the embedder estimates them
   * @param progress receives how many texts were embedded, of how many
   */
  public VectorFiller(CoreStore core, ModelVectors missing, BatchingEmbedder embedder, Environment environment,
      int textsPerSecond, long mostTokens, Progress progress) {
    this.core = core;
    this.missing = missing;
    this.embedder = embedder;
    this.text = EmbeddedText.ofVectors(embedder.vectorName(), embedder.model());
    this.environment = environment;
    this.textsPerSecond = textsPerSecond;
    this.tokensLeft = mostTokens;
    this.page = Math.min(LARGEST_PAGE, textsPerSecond);
    this.progress = progress;
    this.loop = new RetryLoop("embedding for the model " + embedder.model(), environment);
  }

  /**
   * Embeds what has no vector.
   *
   * @return fails with a {@link CancellationException} once this is stopped
   */
  public CompletableFuture<Void> run() {
    loop.begin(this::next);
    return filled.copy();
  }

  /** Stops after the present page. */
  public void stop() {
    loop.close();
    filled.completeExceptionally(new CancellationException("the change of the model was cancelled"));
  }

  public BackgroundWork status() {
    return loop.status();
  }

  private CompletableFuture<RetryLoop.Next> next() {
    Instant begun = environment.now();
    return count().thenComposeAsync(
        counted -> isWorthAPass() ? missing.withoutVector(last, page) : CompletableFuture.completedFuture(List.of()),
        environment.executor())
        .thenComposeAsync(memories -> embed(memories).thenApply(ignored -> ended(memories, begun)),
            environment.executor());
  }

  private CompletableFuture<?> count() {
    return wanted >= 0
        ? CompletableFuture.completedFuture(wanted)
        : missing.countWithoutVector().thenAccept(counted -> {
          wanted = Math.max(0, counted - leftOut.size());
          progress.at(done, done + wanted);
        });
  }

  /**
   * Whether a pass is worth its time. Further passes find what was written during the one before, and stop when that does
   * not become much less: then more is written than may be embedded. The opening of the index embeds the rest.
   */
  private boolean isWorthAPass() {
    return wanted > 0 && wanted <= before / 2;
  }

  private RetryLoop.Next ended(List<Memory> memories, Instant begun) {
    if (memories.isEmpty() && found == 0) {
      filled.complete(null);
      return RetryLoop.Next.DONE;
    }
    found += memories.size();
    done += memories.size();
    progress.at(done, done + Math.max(0, wanted - found));
    // New memories come last, so with many of them a pass to the end would never end.
    if (memories.size() < page || found >= wanted) {
      before = wanted;
      wanted = -1;
      found = 0;
      last = null;
    } else {
      last = memories.getLast().id();
    }
    Duration due = Duration.ofNanos(TimeUnit.SECONDS.toNanos(memories.size()) / textsPerSecond);
    Duration rest = due.minus(Duration.between(begun, environment.now()));
    return rest.isPositive() ? RetryLoop.Next.after(rest) : RetryLoop.Next.AGAIN;
  }

  /** Embeds and saves; fails if there was no text that could be embedded. */
  private CompletableFuture<Void> embed(List<Memory> memories) {
    List<Memory> wanting = memories.stream().filter(memory -> !leftOut.contains(memory.id())).toList();
    long tokens = wanting.stream().mapToLong(memory -> embedder.tokens(textOf(memory))).sum();
    if (tokens > tokensLeft) {
      return CompletableFuture.failedFuture(endForWantOfTokens());
    }
    List<CompletableFuture<@Nullable EmbeddingException>> refusals = wanting.stream().map(this::embed).toList();
    return CompletableFuture.allOf(refusals.toArray(CompletableFuture[]::new)).thenAccept(ended -> {
      Map<MemoryId, EmbeddingException> refused = new LinkedHashMap<>();
      for (int i = 0; i < wanting.size(); i++) {
        EmbeddingException refusal = refusals.get(i).join();
        if (refusal != null) {
          refused.put(wanting.get(i).id(), refusal);
        }
      }
      if (!refused.isEmpty()) {
        boolean all = refused.size() == wanting.size();
        EmbeddingException first = refused.values().iterator().next();
        if (all && ++barren < MOST_TRIES) {
          throw first.copy();
        }
        leaveOut(refused.keySet(), first);
      }
      barren = 0;
      tokensLeft -= tokens;
    });
  }

  private StoreException endForWantOfTokens() {
    StoreException failure = new StoreException("the change may embed no more tokens, and " + (wanted - found)
        + " texts or so are left; change the model again with as many tokens as these need, and nothing is embedded twice",
        null);
    filled.completeExceptionally(failure);
    loop.close();
    return failure;
  }

  private void leaveOut(Set<MemoryId> refused, EmbeddingException first) {
    leftOut.addAll(refused);
    LOGGER.log(System.Logger.Level.WARNING, "{0} memories could not be embedded by {1}, the first because: {2}",
        refused.size(), embedder.model(), first.getMessage());
    if (leftOut.size() > MOST_LEFT_OUT) {
      filled.completeExceptionally(new StoreException("more than " + MOST_LEFT_OUT
          + " memories could not be embedded by " + embedder.model() + ": " + first.getMessage(), first));
      loop.close();
    }
  }

  private String textOf(Memory memory) {
    return text.of(memory.actor(), memory.content());
  }

  /** Completes with null if the vector was saved, and with the reason if the text could not be embedded. */
  private CompletableFuture<@Nullable EmbeddingException> embed(Memory memory) {
    return embedder.embed(textOf(memory))
        .thenCompose(embedding -> core.saveVector(new DocumentName(memory.id(), memory.op()), embedding))
        .<@Nullable EmbeddingException>thenApply(saved -> null).exceptionally(failure -> {
          if (Futures.unwrap(failure) instanceof EmbeddingException refused) {
            return refused;
          }
          throw Futures.own(failure);
        });
  }
}
