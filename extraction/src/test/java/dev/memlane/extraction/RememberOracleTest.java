package dev.memlane.extraction;

import static dev.memlane.extraction.RememberStage.ADA;
import static dev.memlane.extraction.RememberStage.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.model.Memory;
import dev.memlane.model.Scope;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.Sample;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random conversations about facts that change, read by a model that makes mistakes, in processes that end at any time: at
 * the end the memory says what an oracle says, now and of each day before.
 */
@Tag("programs")
class RememberOracleTest {

  private static final LocalDate FIRST_DAY = LocalDate.of(2026, 1, 1);
  private static final int ROUNDS = Sample.of(10, 30);
  private static final int DAYS = ROUNDS + 2;
  private static final List<String> SUBJECTS = List.of("home", "job", "pet", "car", "team", "diet", "school");
  private static final List<String> VALUES = List.of("one", "two", "three", "four");
  private static final List<Scope> CHATS = List.of(ADA.withRun("a"), ADA.withRun("b"));

  @TempDir
  private Path directory;

  /** For each subject, what it is from which day on. */
  private final Map<String, TreeMap<LocalDate, String>> oracle = new HashMap<>();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void facts_areThoseOfTheOracle_nowAndOfEachDay(long seed) {
    Random random = new Random(seed);
    // Drawn by the provider's threads, in the order of the questions, of which there is one at a time.
    Random mistakes = new Random(~seed);
    try (ChatProvider provider = ChatProvider.start(new OracleScript(right -> mistaken(right, mistakes)))) {
      String url = RememberStage.freshDatabase();
      RememberStage stage = open(url, provider, random);
      try {
        for (int round = 0; round < ROUNDS; round++) {
          Scope chat = CHATS.get(random.nextInt(CHATS.size()));
          stage.say(chat, block(FIRST_DAY.plusDays(round), random));
          CompletableFuture<RememberReport> first = stage.extractor.remember(chat);
          CompletableFuture<RememberReport> second = random.nextBoolean() ? stage.extractor.remember(chat) : first;
          if (random.nextInt(4) == 0) {
            // The process ends while it remembers, and another one goes on.
            stage.close();
            stage = open(url, provider, random);
            get(stage.extractor.remember(chat));
          } else {
            get(CompletableFuture.allOf(first, second));
          }
        }
        assertOracle(stage);
      } finally {
        stage.close();
      }
    }
  }

  private RememberStage open(String url, ChatProvider provider, Random random) {
    ChatModelPool model = ChatModelPool.builder()
        .endpoint("one", OpenAiChatModel.at(provider.url(), "test").apiKey(ApiKey.of("sk-test-key")).build())
        .build();
    return new RememberStage(url, directory.resolve("index"), model, 1 + random.nextInt(6));
  }

  /** What the user says on a day: each subject at most once, because only the last one of a slice would be noted. */
  private String[] block(LocalDate day, Random random) {
    List<String> subjects = new ArrayList<>(SUBJECTS);
    Collections.shuffle(subjects, random);
    List<String> messages = new ArrayList<>();
    for (String subject : subjects.subList(0, random.nextInt(SUBJECTS.size()))) {
      String value = VALUES.get(random.nextInt(VALUES.size()));
      messages.add(OracleScript.statement(day.toString(), subject, value));
      oracle.computeIfAbsent(subject, each -> new TreeMap<>()).put(day, value);
      if (random.nextInt(3) == 0) {
        messages.add("What a day!");
      }
    }
    messages.add("See you.");
    return messages.toArray(String[]::new);
  }

  private static ChatReply mistaken(String right, Random mistakes) {
    return switch (mistakes.nextInt(14)) {
      case 0 -> ChatReply.text("I'd say: nothing is worth remembering.");
      case 1 -> ChatReply.cutOff(right);
      case 2 -> ChatReply.text(right.replace("\"m1\"", "\"m77\"").replace("\"messages\":[1]", "\"messages\":[77]"));
      case 3 -> ChatReply.refusal("I can't help with that.");
      case 4 -> ChatReply.status(500, "{\"error\":{\"message\":\"boom\"}}");
      case 5 -> ChatReply.text(right).brokenOff();
      case 6 -> ChatReply.text("Here it is:\n```json\n" + right + "\n```");
      default -> ChatReply.text(right);
    };
  }

  private void assertOracle(RememberStage stage) {
    List<Memory> facts = stage.facts();
    assertThat(get(stage.extractor.deadLetters(ADA, 10))).isEmpty();
    assertThat(facts).extracting(Memory::content).containsExactlyInAnyOrderElementsOf(oracle.entrySet().stream()
        .map(fact -> OracleScript.content(fact.getKey(), fact.getValue().lastEntry().getValue())).toList());
    Map<String, List<FactVersion>> versions = facts.stream().collect(Collectors.toMap(
        fact -> Fact.of(fact).orElseThrow().subject(),
        fact -> FactVersion.of(fact, stage.memory.blocking().history(fact.id()))));
    for (int i = 0; i < DAYS; i++) {
      LocalDate day = FIRST_DAY.plusDays(i);
      oracle.forEach((subject, values) -> {
        Map.Entry<LocalDate, String> expected = values.floorEntry(day);
        assertThat(asOf(versions.getOrDefault(subject, List.of()), day)).as("%s on %s", subject, day).isEqualTo(
            expected == null ? List.of() : List.of(OracleScript.content(subject, expected.getValue())));
      });
    }
  }

  /** What was true at the end of a day. */
  private static List<String> asOf(List<FactVersion> versions, LocalDate day) {
    var end = day.atTime(23, 59).toInstant(ZoneOffset.UTC);
    return versions.stream().filter(version -> !version.fact().validFrom().isAfter(end)
        && (version.validUntil() == null || version.validUntil().isAfter(end))).map(FactVersion::content).toList();
  }
}
