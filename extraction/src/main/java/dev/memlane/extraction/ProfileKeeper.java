package dev.memlane.extraction;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.Page;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a short text about a scope, made from its facts by a chat model: who the user is, and what is going on.
 *
 * <pre>{@code
 * try (ProfileKeeper profiles = ProfileKeeper.builder(memory, model).build()) {
 *   Optional<Memory> profile = profiles.refresh(Scope.user("ada")).join();
 * }
 * }</pre>
 *
 * <p>
 * <b>Incremental.</b> The model gets the text so far and the facts that are new or have changed since, up to 24,000 characters
 * a call. If nothing has changed, it is not asked. <b>What was deleted is not carried on:</b> if a fact of the text is gone,
 * the text is made anew from the facts that are left, without the old one. If no fact is left, the profile is deleted.
 *
 * <p>
 * The profile is a memory under the key {@value Profile#KEY} ({@link Profile}), so searches find it, its history has what it
 * said before, and erasing the scope erases it. A failed call changes nothing. Two processes may refresh it at the same time:
 * the later one stays, and the next refresh finds what it did not know.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class ProfileKeeper implements AutoCloseable {

  /** The most facts of a scope. */
  public static final int MOST_FACTS = 10_000;

  private static final int PAGE = 1_000;
  private static final int ATTEMPTS = 2;
  private static final int CHARACTERS_PER_CALL = 24_000;
  private static final int LONGEST_PROFILE = 20_000;
  private static final int SHORTEST_PROFILE = 100;
  private static final Duration GRACE = Duration.ofSeconds(10);
  private final MemoryOrchestrator memory;
  private final ModelCalls model;
  private final int characters;
  private final UnaryOperator<String> redaction;
  private final Duration overlap;
  private final WorkThreads threads = new WorkThreads("memlane-profile-", "profiles were still being refreshed", GRACE);

  private final Object lock = new Object();
  /** The scopes that are being refreshed, each by one call at a time. */
  @GuardedBy("lock")
  private final Set<Scope> underWay = new LinkedHashSet<>();

  private ProfileKeeper(Builder builder) {
    this.memory = builder.memory;
    this.model = new ModelCalls(builder.model, builder.answerTokens, builder.patience, builder.budget);
    this.characters = builder.characters;
    this.redaction = builder.redaction;
    this.overlap = builder.overlap;
  }

  /**
   * Begins to build a keeper of profiles.
   *
   * @param memory stays open
   * @param model stays open
   */
  public static Builder builder(MemoryOrchestrator memory, ChatModel model) {
    return new Builder(memory, model);
  }

  /**
   * Brings a scope's profile up to date with its facts.
   *
   * @param scope facts of exactly this scope count
   * @return the profile; empty if the scope has no facts. Fails with a {@link ChatException} if the model gives no answer, with an
   * {@link ExtractionException} if its answers are not valid, the profile can't be written now, this scope is being refreshed
   * already, or it has more than {@value #MOST_FACTS} facts; with a {@link BudgetUsedUpException} if the budget of the day is used
   * up; or with a {@link StoreException}
   */
  public CompletableFuture<Optional<Memory>> refresh(Scope scope) {
    Objects.requireNonNull(scope, "scope");
    synchronized (lock) {
      if (!underWay.add(scope)) {
        return CompletableFuture.failedFuture(
            new ExtractionException("the profile of " + scope + " is being refreshed already", null));
      }
    }
    CompletableFuture<Optional<Memory>> refreshed = new CompletableFuture<>();
    try {
      threads.execute(() -> complete(scope, refreshed));
    } catch (RejectedExecutionException e) {
      ended(scope);
      refreshed.completeExceptionally(new ExtractionException("the keeper of profiles has been closed", e));
    }
    return refreshed;
  }

  private void complete(Scope scope, CompletableFuture<Optional<Memory>> refreshed) {
    Optional<Memory> profile;
    try {
      profile = refreshNow(scope);
    } catch (Throwable e) {
      // Errors too: the caller must be notified.
      ended(scope);
      refreshed.completeExceptionally(e);
      return;
    }
    ended(scope);
    refreshed.complete(profile);
  }

  private void ended(Scope scope) {
    synchronized (lock) {
      underWay.remove(scope);
    }
  }

  private Optional<Memory> refreshNow(Scope scope) {
    List<Memory> facts = facts(scope);
    Optional<Memory> there = BlockingMemory.await(memory.get(Profile.idOf(scope)));
    if (facts.isEmpty()) {
      there.ifPresent(profile -> memory.blocking().deleteMemory(MemoryDeletion.of(profile.id())));
      return Optional.empty();
    }
    Profile before = there.flatMap(Profile::of).filter(profile -> isOfFactsThatAreThere(profile, facts)).orElse(null);
    Instant upTo = latest(facts, Comparator.comparing(Memory::updatedAt)).updatedAt();
    Instant newest = latest(facts, Comparator.comparing(Memory::createdAt)).createdAt();
    if (before != null && !upTo.isAfter(before.upTo()) && !newest.isAfter(before.newest())) {
      return there;
    }
    List<Memory> changed = before == null ? facts : changedSince(facts, before.upTo().minus(overlap));
    String text = before == null ? "" : before.text();
    Set<MemoryId> relied = new LinkedHashSet<>(before == null ? List.of() : before.facts());
    for (List<Memory> portion : portions(changed)) {
      ProfileQuestion.Answer answer = ask(new ProfileQuestion(text, portion, characters, redaction));
      text = answer.text();
      for (Memory fact : answer.used()) {
        relied.remove(fact.id());
        relied.add(fact.id());
      }
    }
    List<MemoryId> named = List.copyOf(relied);
    Profile profile = new Profile(text,
        named.subList(Math.max(0, named.size() - Profile.MOST_FACTS), named.size()), upTo, newest, digest(facts));
    return Optional.of(write(scope, profile));
  }

  /** The facts of exactly this scope, in the order of their changes. */
  private List<Memory> facts(Scope scope) {
    List<Memory> facts = new ArrayList<>();
    MemoryId after = null;
    do {
      Page page = BlockingMemory.await(memory.list(scope, Fact.filter(), after, PAGE));
      page.memories().stream().filter(found -> found.scope().equals(scope) && Fact.of(found).isPresent())
          .forEach(facts::add);
      if (facts.size() > MOST_FACTS) {
        throw new ExtractionException("scope " + scope + " has more than " + MOST_FACTS
            + " facts; a profile is for fewer", null);
      }
      after = page.next();
    } while (after != null);
    facts.sort(Comparator.comparing(Memory::updatedAt).thenComparing(Memory::id));
    return facts;
  }

  private static List<Memory> changedSince(List<Memory> facts, Instant time) {
    return facts.stream().filter(fact -> fact.updatedAt().isAfter(time)).toList();
  }

  private static Memory latest(List<Memory> facts, Comparator<Memory> by) {
    return facts.stream().max(by).orElseThrow();
  }

  /** Whether no fact of which a profile was made has gone since. */
  private static boolean isOfFactsThatAreThere(Profile profile, List<Memory> facts) {
    return digest(facts.stream().filter(fact -> !fact.createdAt().isAfter(profile.newest())).toList())
        .equals(profile.of());
  }

  private static String digest(List<Memory> facts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      facts.stream().map(fact -> fact.id().toString()).sorted()
          .forEach(id -> digest.update(id.getBytes(StandardCharsets.US_ASCII)));
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static List<List<Memory>> portions(List<Memory> facts) {
    List<List<Memory>> portions = new ArrayList<>();
    int room = 0;
    for (Memory fact : facts) {
      int length = ProfileQuestion.length(fact);
      if (portions.isEmpty() || length > room) {
        portions.add(new ArrayList<>());
        room = CHARACTERS_PER_CALL;
      }
      portions.getLast().add(fact);
      room -= length;
    }
    return portions;
  }

  private ProfileQuestion.Answer ask(ProfileQuestion question) {
    List<ChatMessage> messages = new ArrayList<>(question.messages());
    String complaint = "";
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      ChatAnswer answer = model.ask(List.copyOf(messages), Prompts.PROFILE_TEXT);
      try {
        return question.read(answer);
      } catch (InvalidAnswerException e) {
        complaint = String.valueOf(e.getMessage());
        messages.addAll(Prompts.again(StorableText.of(answer.text()), complaint));
      }
    }
    throw new ExtractionException(
        "the profile could not be refreshed: the model's answer was not valid, twice: " + complaint, null);
  }

  private Memory write(Scope scope, Profile profile) {
    WriteOutcome outcome = BlockingMemory.await(memory.put(
        NewMemory.builder(profile.text(), scope).key(Profile.KEY).metadata(profile.metadata()).build()));
    return switch (outcome) {
      case WriteOutcome.Stored stored -> stored.memory();
      case WriteOutcome.Replaced replaced -> replaced.memory();
      case WriteOutcome.DuplicateOf duplicate -> duplicate.memory();
      default -> throw new ExtractionException(
          "the profile could not be written now (" + outcome.describe() + "); refresh it again", null);
    };
  }

  /** Ends what is under way, and waits for it for ten seconds at most. Does nothing the second time. */
  @Override
  public void close() {
    threads.close();
  }

  @Override
  public String toString() {
    return "ProfileKeeper[" + memory + "]";
  }

  /** A builder of keepers. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private final ChatModel model;
    private int characters = 2_000;
    private int answerTokens = 8_192;
    private Duration patience = Duration.ofMinutes(15);
    private @Nullable TokenBudget budget;
    private UnaryOperator<String> redaction = UnaryOperator.identity();
    /** Facts of this time before the last refresh are read again: a write may land after one that began later. */
    private Duration overlap = Duration.ofMinutes(1);

    private Builder(MemoryOrchestrator memory, ChatModel model) {
      this.memory = Objects.requireNonNull(memory, "memory");
      this.model = Objects.requireNonNull(model, "model");
    }

    /** Sets how long a profile may be, in characters; 2,000 unless set, 100 to 20,000. */
    public Builder characters(int newCharacters) {
      if (newCharacters < SHORTEST_PROFILE || newCharacters > LONGEST_PROFILE) {
        throw new InvalidInputException("characters is " + newCharacters + "; it must be " + SHORTEST_PROFILE + " to "
            + LONGEST_PROFILE);
      }
      this.characters = newCharacters;
      return this;
    }

    /** Sets how many tokens an answer may have; 8,192 unless set. One that is cut off is not valid. */
    public Builder answerTokens(int newTokens) {
      if (newTokens < 1) {
        throw new InvalidInputException("answerTokens is " + newTokens + "; it must be at least 1");
      }
      this.answerTokens = newTokens;
      return this;
    }

    /** Sets how long to wait for an answer of the model, over all attempts of its own; 15 minutes unless set. */
    public Builder patience(Duration newPatience) {
      if (!newPatience.isPositive()) {
        throw new InvalidInputException("the patience is " + newPatience + "; it must be positive");
      }
      this.patience = newPatience;
      return this;
    }

    /** Sets what each text goes through before it is sent to the model, as {@link MemoryExtractorBuilder#redaction}. */
    public Builder redaction(UnaryOperator<String> newRedaction) {
      this.redaction = Objects.requireNonNull(newRedaction, "redaction");
      return this;
    }

    /** Sets what the model may cost; null, the default, for any cost. It may be that of an extractor. */
    public Builder budget(@Nullable TokenBudget newBudget) {
      this.budget = newBudget;
      return this;
    }

    Builder overlap(Duration newOverlap) {
      this.overlap = newOverlap;
      return this;
    }

    public ProfileKeeper build() {
      return new ProfileKeeper(this);
    }
  }
}
