package dev.memlane.extraction;

import static dev.memlane.extraction.RememberStage.ADA;
import static dev.memlane.extraction.RememberStage.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.Scope;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.NoteScript;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several short conversations in one call of the model: which, what it may say, and what happens if it says anything else. */
@Tag("programs")
class ConversationPackTest {

  private static final String SECRET = "of the other one";

  @TempDir
  private Path directory;

  private final NoteScript script = new NoteScript();
  private final ChatProvider provider = ChatProvider.start(script);
  private final String url = RememberStage.freshDatabase();
  private RememberStage stage;
  private MemoryExtractor extractor;

  @BeforeEach
  void open() {
    stage = new RememberStage(url, directory.resolve("index"), provider);
    extractor = extractor(builder -> builder);
  }

  @AfterEach
  void close() {
    extractor.close();
    stage.close();
    provider.close();
  }

  private MemoryExtractor extractor(UnaryOperator<MemoryExtractorBuilder> settings) {
    return settings.apply(MemoryExtractor.builder(stage.memory, stage.database, stage.model)).build();
  }

  private List<RememberReport> remember(MemoryExtractor with, List<Scope> chats) {
    return with.rememberAll(chats.stream().map(RememberRequest::of).toList()).stream().map(RememberStage::get).toList();
  }

  private List<RememberReport> remember(UnaryOperator<MemoryExtractorBuilder> settings, List<Scope> chats) {
    try (MemoryExtractor with = extractor(settings)) {
      return remember(with, chats);
    }
  }

  private static List<Scope> chats(Scope scope, int count) {
    return IntStream.range(0, count).mapToObj(i -> scope.withRun("chat " + i)).toList();
  }

  /** Conversations of which each says something of its own. */
  private List<Scope> said(Scope scope, int count) {
    List<Scope> chats = chats(scope, count);
    for (int i = 0; i < count; i++) {
      stage.say(chats.get(i), "Hello!", "note: thing" + i + " is " + scope.user() + i);
    }
    return chats;
  }

  private List<ChatQuestion> extractions() {
    return provider.questions().stream().filter(NoteScript::isExtraction).toList();
  }

  private List<ChatQuestion> packed() {
    return provider.questions().stream().filter(NoteScript::isPacked).toList();
  }

  private static Set<String> texts(ChatQuestion question) {
    Set<String> texts = new HashSet<>();
    NoteScript.data(question).findValues("text").forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private void assertAllRemembered(int count) {
    assertThat(stage.contents()).containsExactlyInAnyOrderElementsOf(
        IntStream.range(0, count).mapToObj(i -> "thing" + i + " is ada" + i).toList());
    stage.facts().forEach(fact -> assertThat(stage.memory.blocking().history(fact.id())).hasSize(1));
    assertThat(get(stage.extractor.deadLetters(null, 10))).isEmpty();
    assertThat(stage.rows("remembered_slice")).isZero();
    assertThat(stage.rows("remembered_answer")).isZero();
  }

  // Which

  @Test
  void shortConversations_areReadTenInACall_andEachFactHasItsOwnMessage() {
    List<Scope> chats = said(ADA, 25);

    List<RememberReport> reports = remember(extractor, chats);

    assertThat(extractions()).hasSize(3);
    assertThat(packed()).hasSize(3);
    assertThat(packed()).extracting(question -> NoteScript.data(question).get("conversations").size())
        .containsExactlyInAnyOrder(10, 10, 5);
    assertThat(reports).extracting(RememberReport::messages).containsOnly(2L);
    assertThat(reports.stream().mapToLong(report -> report.usage().calls()).sum())
        .isEqualTo(provider.questions().size());
    assertAllRemembered(25);
    for (Memory memory : stage.facts()) {
      FactSource source = Fact.of(memory).orElseThrow().sources().getFirst();
      String said = String.valueOf(get(stage.memory.conversations().messages(source.conversation(), 0, 10)).messages()
          .stream().filter(message -> message.id().equals(source.message())).findFirst().orElseThrow().text());
      assertThat(said).isEqualTo("note: " + memory.content());
    }
  }

  @Test
  void conversationsOfOneCall_bringTheCallsFromFortyToFour() {
    // Of as many users, so that nothing is known, and nothing needs to be decided.
    List<Scope> before = IntStream.range(0, 40).mapToObj(i -> Scope.user("before " + i).withRun("chat")).toList();
    List<Scope> after = IntStream.range(0, 40).mapToObj(i -> Scope.user("after " + i).withRun("chat")).toList();
    Stream.concat(before.stream(), after.stream()).forEach(chat -> stage.say(chat, "note: home is Porto"));

    long oneByOne = tokens(remember(builder -> builder.conversationsPerCall(1).packAcrossScopes(true), before));
    assertThat(provider.questions()).hasSize(40);
    List<RememberReport> reports = remember(builder -> builder.packAcrossScopes(true), after);

    assertThat(provider.questions()).hasSize(40 + 4);
    assertThat(tokens(reports)).isLessThan(oneByOne / 4);
    assertThat(reports).allSatisfy(report -> assertThat(report.facts()).hasSize(1));
    for (Scope chat : after) {
      assertThat(
          stage.memory.blocking().list(Scope.user(String.valueOf(chat.user())), Fact.filter(), null, 10).memories())
          .extracting(Memory::content).containsExactly("home is Porto");
    }
  }

  private static long tokens(List<RememberReport> reports) {
    return reports.stream().mapToLong(report -> report.usage().promptTokens() + report.usage().completionTokens())
        .sum();
  }

  @Test
  void question_isWhatIsDocumented() {
    List<Scope> chats = said(ADA, 2);
    remember(builder -> builder.instructions("Only things.").redaction(text -> text.replace("thing", "object"))
        .categories(List.of(new FactCategory("diet", "Food."))), chats);

    ChatQuestion question = packed().getFirst();
    Guidance guidance = new Guidance("Only things.", List.of(new FactCategory("diet", "Food.")));
    assertThat(question.messages().getFirst().text()).isEqualTo(guidance.extractionPrompt() + Prompts.SEVERAL);
    assertThat(question.schema()).isEqualTo("conversations");
    assertThat(question.body()).contains("\"enum\":[\"diet\"]");
    JsonNode conversations = NoteScript.data(question).get("conversations");
    List<Integer> numbers = new ArrayList<>();
    conversations.findValues("number").forEach(number -> numbers.add(number.asInt()));
    assertThat(numbers).containsExactly(1, 2, 3, 4);
    assertThat(conversations.get(1).get("conversation").asInt()).isEqualTo(2);
    assertThat(texts(question)).contains("note: object1 is ada1");
    assertThat(question.body()).doesNotContain("chat 1");
  }

  @Test
  void conversationsOfDifferentScopes_areNotMixed_unlessAllowed() {
    Scope ben = Scope.user("ben");
    List<Scope> chats = new ArrayList<>();
    List<Scope> adas = said(ADA, 3);
    List<Scope> bens = said(ben, 3);
    for (int i = 0; i < 3; i++) {
      chats.addAll(List.of(adas.get(i), bens.get(i)));
    }
    // One with an agent has facts in a scope of their own, and one with a run alone in itself.
    Scope withAgent = new Scope("ada", "bot", "chat 9");
    Scope alone = new Scope(null, null, "chat 9");
    stage.say(withAgent, "note: thing9 is ada9");
    stage.say(alone, "note: thing8 is ada8");
    chats.addAll(List.of(withAgent, alone));

    remember(extractor, chats);

    assertThat(packed()).hasSize(2);
    assertThat(extractions()).hasSize(4);
    assertThat(packed()).allSatisfy(question -> assertThat(texts(question).stream()
        .filter(text -> text.startsWith("note")).map(text -> text.replaceAll(".* is |\\d", "")).distinct()).hasSize(1));

    adas.forEach(chat -> stage.say(chat, "note: pet is a cat"));
    bens.forEach(chat -> stage.say(chat, "note: pet is a dog"));
    remember(builder -> builder.packAcrossScopes(true), chats);
    assertThat(packed()).hasSize(3);
    assertThat(texts(packed().getLast())).contains("note: pet is a cat", "note: pet is a dog");
  }

  @Test
  void longConversation_goesAlone_andSoDoesTheOnlyShortOne() {
    List<Scope> chats = chats(ADA, 2);
    stage.say(chats.get(0), IntStream.range(0, 60).mapToObj(i -> "Message " + i).toArray(String[]::new));
    stage.say(chats.get(1), "note: thing1 is ada1");
    remember(extractor, chats);
    assertThat(packed()).isEmpty();

    stage.say(chats.get(0), "A long one. ".repeat(600), "B");
    stage.say(chats.get(1), "C");
    remember(builder -> builder.tokensPerPackedCall(1_000), chats);
    assertThat(packed()).isEmpty();

    stage.say(chats.get(0), "A long one. ".repeat(600), "B");
    stage.say(chats.get(1), "C");
    remember(extractor, chats);
    assertThat(packed()).hasSize(1);
  }

  @Test
  void longConversation_doesNotKeepTheShortOnesApart() {
    List<Scope> chats = chats(ADA, 3);
    stage.say(chats.get(0), "A");
    stage.say(chats.get(1), "A long one. ".repeat(600));
    stage.say(chats.get(2), "C");

    remember(builder -> builder.tokensPerPackedCall(1_000), chats);

    assertThat(packed()).hasSize(1);
    assertThat(texts(packed().getFirst())).containsExactlyInAnyOrder("A", "C");
  }

  @Test
  void pack_hasNoMoreTokensThanAllowed() {
    List<Scope> chats = chats(ADA, 6);
    chats.forEach(chat -> stage.say(chat, "word ".repeat(300), "note: of " + chat.run()));

    remember(builder -> builder.tokensPerPackedCall(1_000), chats);

    assertThat(packed()).extracting(question -> NoteScript.data(question).get("conversations").size())
        .containsExactly(2, 2, 2);
  }

  @Test
  void conversationsWithOtherInstructions_orWithoutFacts_areNotPacked() {
    List<Scope> chats = said(ADA, 4);
    List<RememberRequest> requests = List.of(RememberRequest.of(chats.get(0)),
        RememberRequest.of(chats.get(1)).withInstructions("Only things."),
        RememberRequest.of(chats.get(2)).withMode(RememberMode.MESSAGES),
        RememberRequest.of(chats.get(3)).withMode(RememberMode.BOTH));

    List<RememberReport> reports = extractor.rememberAll(requests).stream().map(RememberStage::get).toList();

    assertThat(reports).extracting(RememberReport::messages).containsExactly(2L, 2L, 2L, 2L);
    assertThat(packed()).hasSize(1);
    assertThat(texts(packed().getFirst())).contains("note: thing0 is ada0", "note: thing3 is ada3").hasSize(3);
    assertThat(extractions()).hasSize(2);
    assertThat(stage.memory.blocking().list(ADA, RememberedMessage.filter(), null, 10).memories()).hasSize(4);
  }

  @Test
  void oneConversation_severalTimes_orWithNothingNew_isReadOnce() {
    List<Scope> chats = said(ADA, 3);
    Scope nothing = ADA.withRun("nothing");
    remember(extractor, List.of(chats.get(0), chats.get(1), chats.get(0), nothing, chats.get(2)));
    assertThat(extractions()).hasSize(1);
    assertAllRemembered(3);

    remember(extractor, chats);
    assertThat(extractions()).hasSize(1);
  }

  @Test
  void conversationThatIsBeingRemembered_isNotPacked() {
    List<Scope> chats = said(ADA, 3);
    CompletableFuture<Void> asked = new CompletableFuture<>();
    CompletableFuture<Void> answer = new CompletableFuture<>();
    provider.script(question -> asked.complete(null)
        ? script.apply(question).after(answer)
        : script.apply(question));
    CompletableFuture<RememberReport> first = extractor.remember(chats.getFirst());
    get(asked);

    List<CompletableFuture<RememberReport>> reports = extractor
        .rememberAll(chats.stream().map(RememberRequest::of).toList());
    reports.subList(1, 3).forEach(RememberStage::get);
    answer.complete(null);
    get(first);
    reports.forEach(RememberStage::get);

    assertThat(packed()).hasSize(1);
    assertThat(texts(packed().getFirst())).contains("note: thing1 is ada1", "note: thing2 is ada2")
        .doesNotContain("note: thing0 is ada0");
    assertThat(extractions()).hasSize(2);
    assertAllRemembered(3);
  }

  @Test
  void conversationsOfAPack_areRememberedInTheirOrder() {
    List<Scope> chats = chats(ADA, 10);
    for (int i = 0; i < 10; i++) {
      stage.say(chats.get(i), "note: home is place" + i);
    }

    List<RememberReport> reports = remember(extractor, chats);

    assertThat(packed()).hasSize(1);
    assertThat(reports).flatExtracting(RememberReport::facts).extracting(FactOutcome::action).containsExactly(
        Stream.concat(Stream.of(FactOutcome.Action.ADD), Stream.generate(() -> FactOutcome.Action.SUPERSEDE).limit(9))
            .toArray(FactOutcome.Action[]::new));
    assertThat(stage.contents()).containsExactly("home is place9");
    assertThat(FactVersion.of(stage.facts().getFirst(),
        stage.memory.blocking().history(stage.facts().getFirst().id()))).extracting(FactVersion::content)
        .containsExactly(IntStream.range(0, 10).mapToObj(i -> "home is place" + i).toArray(String[]::new));
  }

  @Test
  void oneConversationAtATime_isOneAfterTheOther_alsoLongOnesAndAnsweredOnes() {
    List<Scope> chats = chats(ADA, 25);
    for (int i = 0; i < 25; i++) {
      String[] others = IntStream.range(0, i % 7 == 3 ? 60 : 1).mapToObj(each -> "Hm.").toArray(String[]::new);
      stage.say(chats.get(i), others);
      stage.say(chats.get(i), "note: home is place" + i);
    }
    // Some have answers already, and decisions fail.
    provider
        .script(question -> NoteScript.isExtraction(question) ? script.apply(question) : ChatReply.status(500, "{}"));
    extractor.rememberAll(chats.subList(4, 9).stream().map(RememberRequest::of).toList())
        .forEach(report -> report.handle((result, failure) -> null).join());
    provider.script(script);

    remember(builder -> builder.concurrency(1), chats);

    assertThat(stage.contents()).containsExactly("home is place24");
  }

  @Test
  void closedExtractor_failsALongChainOfCalls() {
    List<Scope> chats = chats(ADA, 9_000);
    MemoryExtractor closed = extractor(builder -> builder.concurrency(1));
    List<CompletableFuture<RememberReport>> reports = closed
        .rememberAll(chats.stream().map(RememberRequest::of).toList());

    closed.close();

    reports.forEach(report -> report.handle((result, failure) -> result).orTimeout(60, TimeUnit.SECONDS).join());
  }

  @Test
  void messagesBefore_areShownWithTheirConversation() {
    List<Scope> chats = said(ADA, 2);
    remember(extractor, chats);
    chats.forEach(chat -> stage.say(chat, "And more."));

    remember(extractor, chats);

    JsonNode conversations = NoteScript.data(packed().getLast()).get("conversations");
    assertThat(conversations.get(1).get("before").findValuesAsText("text")).containsExactly("Hello!",
        "note: thing1 is ada1");
    assertThat(conversations.get(1).get("messages").findValuesAsText("text")).containsExactly("And more.");
  }

  @Test
  void requestThatIsRefused_failsAlone_andAClosedExtractorFailsAll() {
    List<Scope> chats = said(ADA, 2);
    try (MemoryExtractor broken = extractor(builder -> builder.instructionsByScope(chat -> {
      if (chat.equals(chats.get(0))) {
        throw new IllegalStateException("no such tenant");
      }
      return null;
    }))) {
      List<CompletableFuture<RememberReport>> reports = broken
          .rememberAll(chats.stream().map(RememberRequest::of).toList());
      assertThatThrownBy(() -> reports.getFirst().join()).hasRootCauseMessage("no such tenant");
      assertThat(get(reports.getLast()).messages()).isEqualTo(2);
    }
    extractor.close();
    assertThat(extractor.rememberAll(chats.stream().map(RememberRequest::of).toList()))
        .allSatisfy(report -> assertThatThrownBy(report::join).hasMessageContaining("has been closed"));
    for (int wrong : new int[]{0, 51}) {
      assertThatThrownBy(() -> extractor(builder -> builder.conversationsPerCall(wrong)))
          .isInstanceOf(InvalidInputException.class).hasMessageContaining("1 and at most 50");
    }
  }

  @Test
  void extractorThatIsClosed_whileThePackIsRead_failsAllCalls() {
    List<Scope> chats = said(ADA, 25);
    CompletableFuture<Void> asked = new CompletableFuture<>();
    provider.script(question -> {
      asked.complete(null);
      return ChatReply.text("too late").after(new CompletableFuture<>());
    });
    MemoryExtractor closed = extractor(builder -> builder.concurrency(1));
    List<CompletableFuture<RememberReport>> reports = closed
        .rememberAll(chats.stream().map(RememberRequest::of).toList());
    get(asked);

    closed.close();

    assertThat(reports).hasSize(25).allSatisfy(
        report -> assertThatThrownBy(() -> get(report)).hasStackTraceContaining("closed"));
    provider.script(script);
    remember(extractor, chats);
    assertAllRemembered(25);
  }

  // What it may say

  private static String fact(String text, String messages) {
    return "{\"text\":\"" + text + "\",\"kind\":\"fact\",\"subject\":\"x\",\"importance\":3,\"messages\":" + messages
        + ",\"about\":null}";
  }

  private static String item(int conversation, String... facts) {
    return "{\"conversation\":" + conversation + ",\"facts\":[" + String.join(",", facts) + "]}";
  }

  private static String answer(String... items) {
    return "{\"conversations\":[" + String.join(",", items) + "]}";
  }

  /** Conversation 1 has messages 1 and 2, and conversation 2 has 3 and 4. */
  static Map<String, ChatReply> invalidAnswers() {
    String one = item(1, fact("thing0 is ada0", "[2]"));
    String two = item(2, fact("thing1 is ada1", "[4]"));
    Map<String, String> answers = new TreeMap<>();
    answers.put("a fact with a message of another conversation", answer(one, item(2, fact(SECRET, "[2]"))));
    answers.put("a fact with messages of both", answer(item(1, fact(SECRET, "[2,4]")), two));
    answers.put("a message that is not there", answer(one, item(2, fact(SECRET, "[5]"))));
    answers.put("numbers that begin anew", answer(one, item(2, fact(SECRET, "[1]"))));
    answers.put("no message", answer(one, item(2, fact(SECRET, "[]"))));
    answers.put("a conversation too few", answer(one));
    answers.put("a conversation twice", answer(one, one));
    answers.put("a conversation too many", answer(one, two, item(3)));
    answers.put("a conversation that is not there", answer(one, item(3)));
    answers.put("an unknown category", answer(one,
        item(2, fact(SECRET, "[4]").replace("\"about\":null", "\"about\":null,\"categories\":[\"health\"]"))));
    answers.put("a field too many", answer(one, two.replace("\"conversation\"", "\"user\":\"bob\",\"conversation\"")));
    answers.put("no list of facts", answer(one, "{\"conversation\":2,\"facts\":{}}"));
    answers.put("a fact that is none", answer(one, item(2, "7")));
    answers.put("the answer about one conversation", "{\"facts\":[" + fact(SECRET, "[2]") + "]}");
    answers.put("no JSON", "I'd say: " + SECRET);
    Map<String, ChatReply> replies = new TreeMap<>();
    answers.forEach((name, text) -> replies.put(name, ChatReply.text(text)));
    replies.put("a refusal", ChatReply.refusal("I can't help with that."));
    replies.put("an answer that was cut off", ChatReply.cutOff(answer(one, two)));
    replies.put("a refused request", ChatReply.status(400, "{\"error\":{\"message\":\"too long\"}}"));
    replies.put("no answer", ChatReply.status(500, "{}"));
    return replies;
  }

  static Set<String> invalid() {
    return invalidAnswers().keySet();
  }

  @ParameterizedTest
  @MethodSource("invalid")
  void answerThatIsNotValid_changesNothing_andEachIsReadAlone(String name) {
    List<Scope> chats = said(ADA, 2);
    provider.next(Objects.requireNonNull(invalidAnswers().get(name)));

    List<RememberReport> reports = remember(extractor, chats);

    assertThat(packed()).hasSize(1);
    assertThat(extractions()).hasSize(3);
    assertThat(reports).extracting(RememberReport::deadLetters).containsOnly(0);
    assertThat(provider.questions()).noneMatch(question -> question.body().contains(SECRET));
    assertAllRemembered(2);
  }

  @Test
  void unknownCategory_isNotValid() {
    List<Scope> chats = chats(ADA, 2);
    chats.forEach(chat -> stage.say(chat, "note: food of " + chat.run() + " is vegan #health"));
    chats.forEach(chat -> stage.say(chat, "Bye."));
    provider.script(question -> NoteScript.isPacked(question)
        ? script.apply(question)
        : ChatReply.text("{\"facts\":[]}"));

    List<RememberReport> reports = remember(
        builder -> builder.categories(List.of(new FactCategory("diet", "What they eat."))), chats);

    assertThat(extractions()).hasSize(3);
    assertThat(reports).extracting(RememberReport::deadLetters).containsOnly(0);
    assertThat(stage.facts()).isEmpty();
  }

  @Test
  void validAnswer_inAnotherOrder_isReadByTheNumbers() {
    List<Scope> chats = said(ADA, 2);
    provider.next(ChatReply.text("Here: " + answer(item(2, fact("thing1 is ada1", "[4,3]")),
        item(1, fact("thing0 is ada0", "[2]")))));

    remember(extractor, chats);

    assertThat(extractions()).hasSize(1);
    assertAllRemembered(2);
    assertThat(stage.facts()).extracting(each -> Fact.of(each).orElseThrow().sources().getFirst().conversation().run()
        + " " + each.content()).containsExactlyInAnyOrder("chat 0 thing0 is ada0", "chat 1 thing1 is ada1");
  }

  @Test
  void conversationThatCantBeRemembered_isADeadLetterAlone_withItsOwnAnswers() {
    List<Scope> chats = said(ADA, 3);
    provider.script(question -> !NoteScript.isPacked(question) && texts(question).contains("note: thing1 is ada1")
        ? ChatReply.text("useless")
        : NoteScript.isPacked(question) ? ChatReply.text(SECRET) : script.apply(question));

    List<RememberReport> reports = remember(extractor, chats);

    assertThat(reports).extracting(RememberReport::deadLetters).containsExactly(0, 1, 0);
    ConversationDeadLetter dead = get(stage.extractor.deadLetters(ADA, 10)).getFirst();
    assertThat(dead.conversation()).isEqualTo(chats.get(1));
    assertThat(dead.answers()).containsExactly("useless", "useless");
    provider.script(script);
    get(extractor.retry(dead));
    assertAllRemembered(3);
  }

  // Crashes

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void answeredCall_isNotMadeAgain_byTheNextProcess(boolean valid) {
    List<Scope> chats = said(ADA, 3);
    if (valid) {
      // Something is known, so that decisions are asked for, which fail.
      stage.say("note: home is Porto");
      stage.remember();
    }
    int before = extractions().size();
    provider.script(question -> NoteScript.isPacked(question)
        ? valid ? script.apply(question) : ChatReply.text("useless")
        : ChatReply.status(500, "{}"));
    extractor.rememberAll(chats.stream().map(RememberRequest::of).toList())
        .forEach(report -> assertThatThrownBy(report::join).hasCauseInstanceOf(ChatException.class));
    assertThat(packed()).hasSize(1);
    int asked = extractions().size();
    assertThat(asked - before).isEqualTo(valid ? 1 : 4);
    List<String> kept = stage.database.readNow("reading", handle -> handle
        .createQuery("select answer from remembered_answer").mapTo(String.class).list());
    assertThat(kept).hasSize(3).noneMatch(answer -> answer.contains("useless"));

    provider.script(script);
    remember(builder -> builder, chats);

    assertThat(packed()).hasSize(1);
    assertThat(extractions().size() - asked).isEqualTo(valid ? 0 : 3);
    assertThat(stage.contents()).contains("thing0 is ada0", "thing1 is ada1", "thing2 is ada2");
    assertThat(stage.rows("remembered_answer")).isZero();
  }

  @Test
  void conversationThatIsAppendedTo_meanwhile_keepsItsSlice() {
    List<Scope> chats = said(ADA, 2);
    script.before(question -> {
      if (NoteScript.isPacked(question)) {
        stage.say(chats.get(0), "note: later is now");
      }
    });

    List<RememberReport> reports = remember(extractor, chats);

    assertThat(reports.getFirst().messages() + reports.getLast().messages()).isGreaterThanOrEqualTo(4);
    get(extractor.remember(chats.get(0)));
    assertThat(stage.contents()).contains("thing0 is ada0", "thing1 is ada1", "later is now");
  }

  // Budgets

  @Test
  void packThatMayCostTooMuch_isNotAskedAbout() {
    List<Scope> chats = said(ADA, 10);
    long most = QuestionEstimate.least(Guidance.NONE) + 4_096 + 100;

    remember(builder -> builder.budget(TokenBudget.in(stage.database).withTokensACall(most)), chats);

    assertThat(packed()).isEmpty();
    assertAllRemembered(10);
  }

  @Test
  void budgetOfTheDay_isReservedAndSettledAsForAnyCall() {
    List<Scope> chats = said(ADA, 10);
    TokenBudget budget = TokenBudget.in(stage.database).withTokensADay(1_000_000);
    CompletableFuture<Long> reserved = new CompletableFuture<>();
    script.before(question -> {
      if (NoteScript.isPacked(question)) {
        reserved.complete(stage.database.readNow("reading", handle -> handle
            .createQuery("select sum(tokens) from token_reservation").mapTo(Long.class).one()));
      }
    });

    List<RememberReport> reports = remember(builder -> builder.budget(budget), chats);

    assertThat(packed()).hasSize(1);
    // The answer, and everything that was sent.
    assertThat(get(reserved)).isGreaterThan(4_096 + (long) Prompts.EXTRACT.length() / 5 + Prompts.SEVERAL.length() / 5);
    assertThat(tokens(reports)).isEqualTo(stage.database.readNow("reading", handle -> handle
        .createQuery("select sum(tokens) from token_day").mapTo(Long.class).one()));
    assertThat(stage.rows("token_reservation")).isZero();
  }

  @Test
  void budgetThatIsUsedUp_isSaidByEach_andNothingIsLost() throws InterruptedException {
    List<Scope> chats = said(ADA, 3);
    TokenBudget tight = TokenBudget.in(stage.database).withTokensADay(20_000);
    tight.reserve(18_000, Duration.ofSeconds(1)).end(18_000);

    List<RememberReport> reports = remember(builder -> builder.budget(tight), chats);

    assertThat(reports).allSatisfy(report -> assertThat(report.pause()).isNotNull());
    assertThat(provider.questions()).isEmpty();
    remember(extractor, chats);
    assertThat(packed()).hasSize(1);
    assertAllRemembered(3);
  }

  @Test
  void onSlice_isNotifiedOfTheCallAndOfEachSlice_soThatAllIsCountedOnce() {
    List<Scope> chats = said(ADA, 10);
    List<RememberReport> slices = new CopyOnWriteArrayList<>();

    List<RememberReport> reports = remember(builder -> builder.onSlice(slices::add), chats);

    assertThat(slices).hasSize(11);
    assertThat(slices.stream().mapToLong(slice -> slice.usage().calls()).sum()).isEqualTo(provider.questions().size());
    assertThat(slices.stream().mapToLong(RememberReport::messages).sum()).isEqualTo(20);
    assertThat(reports.getFirst().usage().calls()).isGreaterThanOrEqualTo(1);
  }
}
