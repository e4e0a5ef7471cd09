package dev.memlane.spring.boot.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.extraction.BackgroundRemembering;
import dev.memlane.extraction.ChatAnswer;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.ChatModelPool;
import dev.memlane.extraction.ChatRequest;
import dev.memlane.extraction.Fact;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.OpenAiChatModel;
import dev.memlane.extraction.ProfileKeeper;
import dev.memlane.extraction.RememberReport;
import dev.memlane.extraction.RememberRequest;
import dev.memlane.extraction.TokenBudget;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.spring.ai.MemlaneAdvisor;
import dev.memlane.spring.ai.MemlaneToolCallbacks;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.model.ToolContext;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.ToolCallbackProvider;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What remembers conversations, as beans: which chat model it asks, what makes it step back, and how it stops. */
@Tag("programs")
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MemlaneExtractionAutoConfigurationTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Scope ADA = Scope.user("ada");
  private static final Scope MONDAY = ADA.withRun("monday");
  private static final String NOTHING = "{\"facts\":[]}";

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path directory;
  @SuppressWarnings("NullAway.Init") // set before each test
  private ChatProvider provider;
  @SuppressWarnings("NullAway.Init") // set before each test
  private String url;

  @BeforeEach
  void start() {
    provider = ChatProvider.start(new NoteScript());
    url = TestServer.freshDatabase(TABLES);
  }

  @AfterEach
  void stop() {
    provider.close();
  }

  private ApplicationContextRunner context() {
    return MemlaneContext.withHashesIn(directory).withPropertyValues("memlane.db.url=" + url);
  }

  private ApplicationContextRunner contextWithModel() {
    return context().withPropertyValues("memlane.chat.model=m", "memlane.chat.url=" + provider.url());
  }

  private ChatModel model() {
    return OpenAiChatModel.at(provider.url(), "own").build();
  }

  private static RememberReport remember(MemoryExtractor extractor, BlockingMemory memory, String text) {
    append(memory, text);
    return extractor.remember(MONDAY).join();
  }

  private static void append(BlockingMemory memory, String text) {
    memory.conversations().append(MONDAY, List.of(NewMessage.of(MessageRole.USER, text, "text", "")));
  }

  private static List<String> facts(BlockingMemory memory) {
    return memory.list(ADA, Fact.filter(), null, 10).memories().stream().map(Memory::content).toList();
  }

  private static Throwable rootOf(@Nullable Throwable failure) {
    Throwable root = Objects.requireNonNull(failure, "the context started");
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  private static void assertRefused(ApplicationContextRunner runner, String... words) {
    runner.run(context -> assertThat(context).getFailure().hasStackTraceContaining("MemoryOpeningException")
        .satisfies(failure -> {
          Throwable each = failure;
          while (!(each instanceof MemoryOpeningException)) {
            each = Objects.requireNonNull(each.getCause());
          }
          assertThat(each).hasMessageContainingAll(words);
        }));
  }

  @Test
  void modelOfTheProperties_remembersWithinTheBudget() {
    contextWithModel().withPropertyValues("memlane.chat.key=sesame", "memlane.chat.tokens-a-day=100000",
        "memlane.chat.redact=true").run(context -> {
          BlockingMemory memory = context.getBean(BlockingMemory.class);

          RememberReport report = remember(context.getBean(MemoryExtractor.class), memory,
              "note: address is ada@example.org");

          assertThat(report.facts()).hasSize(1);
          assertThat(facts(memory)).containsExactly("address is [e-mail]");
          assertThat(provider.questions()).singleElement().extracting(ChatQuestion::key).isEqualTo("sesame");
          assertThat(context.getBean(TokenBudget.class).usedToday()).isPositive();
          assertThat(context.getBean(ProfileKeeper.class).refresh(ADA).join()).isPresent();
          assertThat(context).hasSingleBean(BackgroundRemembering.class).hasSingleBean(ChatModel.class)
              .hasSingleBean(Database.class);
        });
  }

  @Test
  void budgetOfTheProperties_stopsTheModel() {
    contextWithModel().withPropertyValues("memlane.chat.tokens-a-day=6000").run(context -> {
      provider.script(question -> ChatReply.text(NOTHING));
      BlockingMemory memory = context.getBean(BlockingMemory.class);
      MemoryExtractor extractor = context.getBean(MemoryExtractor.class);
      assertThat(remember(extractor, memory, "Hello ".repeat(500)).pause()).isNull();

      RememberReport report = remember(extractor, memory, "Hello again");

      assertThat(report.pause()).isNotNull();
      assertThat(provider.questions()).hasSize(1);
    });
  }

  @Test
  void mode_ofTheProperties_isThatOfTheExtractor() {
    contextWithModel().withPropertyValues("memlane.chat.mode=both").run(context -> {
      BlockingMemory memory = context.getBean(BlockingMemory.class);
      remember(context.getBean(MemoryExtractor.class), memory, "note: home is Porto");
      assertThat(contents(memory)).containsExactlyInAnyOrder("note: home is Porto", "home is Porto");
    });
  }

  @Test
  void instructionsAndCategories_ofTheProperties_areThoseOfTheExtractor() {
    contextWithModel().withPropertyValues("memlane.chat.instructions=Only \"diets\".",
        "memlane.chat.categories.diet=What they eat, and what not.", "memlane.chat.categories.work=Their job.",
        "memlane.chat.conversations-per-call=2", "memlane.chat.pack-across-scopes=true").run(context -> {
          BlockingMemory memory = context.getBean(BlockingMemory.class);
          List<Scope> chats = IntStream.range(0, 4).mapToObj(i -> Scope.user("user " + i).withRun("chat")).toList();
          chats.forEach(chat -> memory.conversations().append(chat,
              List.of(NewMessage.of(MessageRole.USER, "note: food is vegan #diet", "text", ""))));

          context.getBean(MemoryExtractor.class).rememberAll(chats.stream().map(RememberRequest::of).toList())
              .forEach(CompletableFuture::join);

          assertThat(provider.questions()).hasSize(2).allSatisfy(question -> assertThat(
              question.messages().getFirst().text()).contains("{\"instructions\":\"Only \\\"diets\\\".\"}")
              .contains("{\"diet\":\"What they eat, and what not.\",\"work\":\"Their job.\"}"));
          assertThat(memory.list(Scope.user("user 3"), Filter.equal(Fact.CATEGORIES, "diet"), null, 10).memories())
              .hasSize(1);
        });
    assertRefused(contextWithModel().withPropertyValues("memlane.chat.categories[a.b]=Both"), "memlane.chat: ",
        "letters, digits");
  }

  @Test
  void limits_outOfTheirRange_nameTheProperty() {
    contextWithModel().withPropertyValues("memlane.chat.tokens-a-day=0")
        .run(context -> assertThat(rootOf(context.getStartupFailure()))
            .isInstanceOf(InvalidConfigurationPropertyValueException.class)
            .hasMessageContaining("memlane.chat.tokens-a-day"));
    contextWithModel().withPropertyValues("memlane.chat.grace=-1s")
        .run(context -> assertThat(rootOf(context.getStartupFailure()))
            .isInstanceOf(InvalidConfigurationPropertyValueException.class)
            .hasMessageContaining("memlane.chat.grace"));
    assertRefused(contextWithModel().withPropertyValues("memlane.chat.tokens-a-call=10"), "memlane.chat: ",
        "raise the budget");
    assertRefused(contextWithModel().withPropertyValues("memlane.chat.concurrency=0"), "memlane.chat: ", "at least 1");
  }

  @Test
  void endpointsOfTheProperties_areOnePool() {
    context().withPropertyValues("memlane.chat.model=m", "memlane.chat.endpoints[0].url=" + provider.url(),
        "memlane.chat.endpoints[0].key-from=KEY_EAST", "memlane.chat.endpoints[0].concurrency=1",
        "memlane.chat.endpoints[1].name=west", "memlane.chat.endpoints[1].url=" + provider.url(),
        "memlane.chat.endpoints[1].key-from=KEY_WEST", "KEY_EAST=one", "KEY_WEST=two").run(context -> {
          provider.deny("one");
          BlockingMemory memory = context.getBean(BlockingMemory.class);
          MemoryExtractor extractor = context.getBean(MemoryExtractor.class);

          remember(extractor, memory, "note: home is Porto");

          assertThat(facts(memory)).containsExactly("home is Porto");
          assertThat(provider.questions()).extracting(ChatQuestion::key).contains("two");
          assertThat(((ChatModelPool) context.getBean(ChatModel.class)).endpointStatistics()).hasSize(2);
        });
  }

  @Test
  void endpoints_thatAreIncomplete_areRefusedWithoutTheirSecrets() {
    assertRefused(context().withPropertyValues("memlane.chat.endpoints[0].url=" + provider.url()),
        "memlane.chat: the model is missing");
    assertRefused(context().withPropertyValues("memlane.chat.url=" + provider.url()),
        "memlane.chat: the model is missing");
    assertRefused(context().withPropertyValues("memlane.chat.model=m"), "memlane.chat.key", "memlane.chat.url");
    assertRefused(contextWithModel().withPropertyValues("memlane.chat.endpoints[0].url=" + provider.url()),
        "url and key are of a single endpoint");
    context().withPropertyValues("memlane.chat.model=m", "memlane.chat.endpoints[0].key-from=sk-secret")
        .run(context -> assertThat(context).getFailure().hasStackTraceContaining("key-from of endpoint 1")
            .satisfies(failure -> assertThat(String.valueOf(rootOf(failure).getMessage())).doesNotContain("secret")));
  }

  @Test
  void context_withoutAChatModel_hasNothingThatRemembers() {
    context().run(context -> assertThat(context).hasNotFailed().hasSingleBean(MemoryOrchestrator.class)
        .doesNotHaveBean(MemoryExtractor.class).doesNotHaveBean(BackgroundRemembering.class)
        .doesNotHaveBean(TokenBudget.class).doesNotHaveBean(Database.class).doesNotHaveBean(ProfileKeeper.class));
    contextWithModel().withPropertyValues("memlane.enabled=false")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(MemoryExtractor.class));
  }

  @Test
  void context_withoutExtraction_startsAsBefore() {
    contextWithModel().withClassLoader(new FilteredClassLoader("dev.memlane.extraction"))
        .withBean(org.springframework.ai.chat.model.ChatModel.class, Noting::new)
        .run(context -> assertThat(context).hasNotFailed().hasSingleBean(MemoryOrchestrator.class)
            .hasSingleBean(MemlaneAdvisor.class).doesNotHaveBean(ChatModelSource.class)
            .doesNotHaveBean(Database.class));
  }

  @Test
  void modelOfTheApplication_isAsked_andClosedByTheContext() {
    List<String> events = new ArrayList<>();
    context().withBean("own", ChatModel.class, () -> new Closing(model(), events)).run(context -> {
      BlockingMemory memory = context.getBean(BlockingMemory.class);
      remember(context.getBean(MemoryExtractor.class), memory, "note: home is Porto");

      assertThat(facts(memory)).containsExactly("home is Porto");
      assertThat(context).hasSingleBean(ChatModel.class);
      assertThat(events).isEmpty();
    });
    assertThat(events).containsExactly("closed");
  }

  @Test
  void poolOfTheApplication_goesBeforeItsParts() {
    context().withBean("part", ChatModel.class, this::model)
        .withBean("pool", ChatModelPool.class, () -> ChatModelPool.builder().endpoint("pooled", model()).build())
        .run(context -> {
          remember(context.getBean(MemoryExtractor.class), context.getBean(BlockingMemory.class),
              "note: home is Porto");
          assertThat(context.getBean(ChatModelPool.class).endpointStatistics().getFirst().succeeded()).isOne();
        });
    assertRefused(context().withBean("one", ChatModel.class, this::model).withBean("two", ChatModel.class, this::model),
        "ChatModel beans of Memlane's: one, two", "@Primary");
  }

  @Test
  void modelOfTheApplication_besideOneOfTheProperties_isRefused() {
    assertRefused(contextWithModel().withBean("own", ChatModel.class, this::model), "memlane.chat",
        "remove one of them");
  }

  @Test
  void modelOfSpringAi_isAsked_unlessThePropertiesNameOne() {
    Noting noting = new Noting();
    context().withBean(org.springframework.ai.chat.model.ChatModel.class, () -> noting).run(context -> {
      remember(context.getBean(MemoryExtractor.class), context.getBean(BlockingMemory.class), "note: home is Porto");
      assertThat(facts(context.getBean(BlockingMemory.class))).containsExactly("home is Porto");
    });
    assertThat(noting.asked).hasSize(1);

    contextWithModel().withBean(org.springframework.ai.chat.model.ChatModel.class, () -> noting)
        .run(context -> remember(
            context.getBean(MemoryExtractor.class), context.getBean(BlockingMemory.class), "note: dog is Rex"));
    assertThat(noting.asked).hasSize(1);
    assertThat(provider.questions()).isNotEmpty();
  }

  @Test
  void modelsOfSpringAi_withoutAPrimary_areRefusedByTheirNames() {
    assertRefused(context().withBean("two", org.springframework.ai.chat.model.ChatModel.class, Noting::new)
        .withBean("one", org.springframework.ai.chat.model.ChatModel.class, Noting::new),
        "ChatModel beans of Spring AI: one, two", "@Primary", "memlane.chat.model");
  }

  @Test
  void modelOfLangChain4j_isAsked_butNotOneOfTwoFrameworks() {
    var langchain4j = context().withBean(dev.langchain4j.model.chat.ChatModel.class, LangChain4jNoting::new);
    langchain4j.run(context -> {
      remember(context.getBean(MemoryExtractor.class), context.getBean(BlockingMemory.class), "note: home is Porto");
      assertThat(facts(context.getBean(BlockingMemory.class))).containsExactly("home is Porto");
    });
    assertRefused(langchain4j.withBean("spring", org.springframework.ai.chat.model.ChatModel.class, Noting::new),
        "ChatModel beans of ", "Spring AI", "LangChain4j", "memlane.chat.model");
  }

  @Test
  void extractorOfTheApplication_leavesOnlyWhatBuildsOnIt() {
    contextWithModel().withUserConfiguration(OwnExtractor.class).withBean("own", ChatModel.class, this::model)
        .run(context -> {
          assertThat(context).hasSingleBean(MemoryExtractor.class).hasBean("ownExtractor")
              .hasSingleBean(BackgroundRemembering.class).doesNotHaveBean("memlaneDatabase")
              .doesNotHaveBean(TokenBudget.class).doesNotHaveBean("memlaneChatModel");
          BlockingMemory memory = context.getBean(BlockingMemory.class);
          append(memory, "note: home is Porto");
          context.getBean(BackgroundRemembering.class).remember(MONDAY);
          await().atMost(Duration.ofSeconds(60))
              .untilAsserted(() -> assertThat(facts(memory)).containsExactly("home is Porto"));
        });
  }

  @Test
  void budgetAndBackgroundOfTheApplication_replaceOurs() {
    contextWithModel().withUserConfiguration(OwnParts.class).run(context -> assertThat(context).hasNotFailed()
        .hasSingleBean(TokenBudget.class).hasBean("ownBudget").hasSingleBean(BackgroundRemembering.class)
        .hasBean("ownBackground").hasSingleBean(MemoryExtractor.class));
  }

  @Test
  void memoryOfTheApplication_needsItsDatabaseNamed() {
    var own = MemlaneContext.withHashesIn(directory.resolve("unused")).withUserConfiguration(OwnMemory.class)
        .withPropertyValues("memlane.chat.model=m", "memlane.chat.url=" + provider.url(), "own.url=" + url,
            "own.directory=" + directory.resolve("own"));
    assertRefused(own, "memlane.db.url", "memlane.db.data-source", "Database bean");
    own.withPropertyValues("memlane.db.url=" + url).run(context -> {
      BlockingMemory memory = context.getBean(BlockingMemory.class);
      remember(context.getBean(MemoryExtractor.class), memory, "note: home is Porto");
      assertThat(facts(memory)).containsExactly("home is Porto");
    });
  }

  @Test
  void dataSourceOfTheApplication_isUsed_alsoWithoutEmbedded() {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(url);
    var runner = MemlaneContext.withHashesIn(directory).withBean("dataSource", PGSimpleDataSource.class, () -> source)
        .withPropertyValues("memlane.db.data-source=dataSource", "memlane.db.schema=other", "memlane.chat.model=m",
            "memlane.chat.url=" + provider.url());
    runner.run(context -> remember(context.getBean(MemoryExtractor.class), context.getBean(BlockingMemory.class),
        "note: home is Porto"));
    runner.withClassLoader(new FilteredClassLoader(Memlane.class)).run(context -> {
      BlockingMemory memory = context.getBean(BlockingMemory.class);
      assertThat(facts(memory)).containsExactly("home is Porto");
      assertThat(remember(context.getBean(MemoryExtractor.class), memory, "note: dog is Rex").facts()).hasSize(1);
    });
  }

  private static void chat(MemlaneAdvisor advisor, String text) {
    String answer = ChatClient.builder(new Noting()).defaultAdvisors(advisor).build().prompt(text)
        .advisors(each -> each.param(MemlaneAdvisor.USER, "ada").param(ChatMemory.CONVERSATION_ID, "monday")).call()
        .content();
    assertThat(answer).isEqualTo("How nice!");
  }

  private static List<String> contents(BlockingMemory memory) {
    return memory.list(ADA, null, null, 10).memories().stream().map(Memory::content).toList();
  }

  @Test
  void advisor_remembersFacts_ifThePropertySaysSo() {
    contextWithModel().withPropertyValues("memlane.chat.remember=true").run(context -> {
      chat(context.getBean(MemlaneAdvisor.class), "note: home is Porto");
      context.getBean(BackgroundRemembering.class).close();
      assertThat(contents(context.getBean(BlockingMemory.class))).containsExactly("home is Porto");
    });
  }

  @Test
  void advisor_withoutTheProperty_remembersWhatTheUserSaid() {
    contextWithModel().run(context -> {
      chat(context.getBean(MemlaneAdvisor.class), "note: home is Porto");
      context.getBean(BackgroundRemembering.class).close();
      assertThat(contents(context.getBean(BlockingMemory.class))).containsExactly("note: home is Porto");
      assertThat(provider.questions()).isEmpty();
    });
  }

  private static List<String> tools(ToolCallbackProvider provider) {
    return Stream.of(provider.getToolCallbacks()).map(tool -> tool.getToolDefinition().name()).toList();
  }

  @Test
  void toolCallbacks_haveTheToolThatRemembers_ifThereIsAModel() {
    context().run(context -> assertThat(tools(context.getBean(MemlaneToolCallbacks.class)))
        .doesNotContain("memory_remember"));
    contextWithModel().run(context -> {
      MemlaneToolCallbacks callbacks = context.getBean(MemlaneToolCallbacks.class);
      assertThat(tools(callbacks)).contains("memory_remember");
      ToolCallback remember = Stream.of(callbacks.getToolCallbacks())
          .filter(tool -> tool.getToolDefinition().name().equals("memory_remember")).findFirst().orElseThrow();

      remember.call("{\"messages\": [{\"text\": \"note: home is Porto\"}]}",
          new ToolContext(Map.of(MemlaneAdvisor.USER, "ada")));

      assertThat(facts(context.getBean(BlockingMemory.class))).containsExactly("home is Porto");
    });
  }

  @Test
  void remembering_thatNothingCanDo_isRefused() {
    assertRefused(context().withPropertyValues("memlane.chat.remember=true"), "there is no chat model",
        "memlane.chat.model");
    assertRefused(contextWithModel().withPropertyValues("memlane.chat.remember=true")
        .withClassLoader(new FilteredClassLoader("dev.memlane.extraction")), "Add memlane-extraction");
  }

  @Test
  void shutdown_letsWhatIsUnderWayFinish() {
    CompletableFuture<Void> asked = new CompletableFuture<>();
    CompletableFuture<Void> stopping = new CompletableFuture<>();
    provider.script(held(asked, stopping));
    contextWithModel().withPropertyValues("memlane.chat.grace=60s").run(context -> {
      BackgroundRemembering background = context.getBean(BackgroundRemembering.class);
      append(context.getBean(BlockingMemory.class), "note: home is Porto");
      background.remember(MONDAY);
      asked.join();
      // Nothing is accepted any more once it waits for what is under way.
      Thread unused = Thread.ofVirtual().start(() -> {
        await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(5)).until(() -> {
          background.remember(ADA.withRun("later"));
          return background.counts().refused() > 0;
        });
        stopping.complete(null);
      });
    });

    contextWithModel().run(context -> assertThat(facts(context.getBean(BlockingMemory.class)))
        .containsExactly("home is Porto"));
  }

  @Test
  void shutdown_doesNotWaitForAModelThatIsSilent() {
    CompletableFuture<Void> asked = new CompletableFuture<>();
    provider.script(held(asked, new CompletableFuture<>()));
    List<BackgroundRemembering> closed = Collections.synchronizedList(new ArrayList<>());
    contextWithModel().withPropertyValues("memlane.chat.grace=0s").run(context -> {
      closed.add(context.getBean(BackgroundRemembering.class));
      append(context.getBean(BlockingMemory.class), "note: home is Porto");
      closed.getFirst().remember(MONDAY);
      asked.join();
    });
    assertThat(closed.getFirst().counts().underWay()).isZero();

    // The next start goes on with it.
    provider.script(new NoteScript());
    contextWithModel().run(context -> {
      BlockingMemory memory = context.getBean(BlockingMemory.class);
      context.getBean(MemoryExtractor.class).remember(MONDAY).join();
      assertThat(facts(memory)).containsExactly("home is Porto");
    });
  }

  private static Function<ChatQuestion, ChatReply> held(CompletableFuture<Void> asked,
      CompletableFuture<Void> until) {
    NoteScript notes = new NoteScript();
    return question -> {
      asked.complete(null);
      return notes.apply(question).after(until);
    };
  }

  /** A model that says when it is closed. */
  private record Closing(ChatModel asked, List<String> events) implements ChatModel {

    @Override
    public String model() {
      return asked.model();
    }

    @Override
    public CompletableFuture<ChatAnswer> chat(ChatRequest request) {
      return asked.chat(request);
    }

    @Override
    public void close() {
      asked.close();
      events.add("closed");
    }
  }

  private static String answer(String asked) {
    int note = asked.indexOf("note: ");
    return !asked.contains("one JSON object")
        ? "How nice!"
        : note < 0
            ? NOTHING
            : "{\"facts\":[{\"text\":\"" + asked.substring(note + "note: ".length(), asked.indexOf('"', note))
                + "\",\"kind\":\"fact\",\"subject\":\"home\",\"importance\":4,\"messages\":[1],\"about\":null}]}";
  }

  /** A model of Spring AI that is nice to users, and notes what they say. */
  private static final class Noting implements org.springframework.ai.chat.model.ChatModel {

    private final List<Prompt> asked = Collections.synchronizedList(new ArrayList<>());

    @Override
    public org.springframework.ai.chat.model.ChatResponse call(Prompt prompt) {
      asked.add(prompt);
      return new org.springframework.ai.chat.model.ChatResponse(
          List.of(new Generation(new AssistantMessage(answer(prompt.getContents())))));
    }
  }

  /** The same of LangChain4j. */
  private static final class LangChain4jNoting implements dev.langchain4j.model.chat.ChatModel {

    @Override
    public ChatResponse doChat(dev.langchain4j.model.chat.request.ChatRequest request) {
      return ChatResponse.builder().aiMessage(AiMessage.from(answer(asked(request)))).build();
    }

    private static String asked(dev.langchain4j.model.chat.request.ChatRequest request) {
      StringBuilder all = new StringBuilder();
      request.messages().forEach(message -> all.append(
          message instanceof dev.langchain4j.data.message.UserMessage user ? user.singleText() : "one JSON object"));
      return all.toString();
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class OwnExtractor {

    @Bean
    Database ownDatabase(Memlane memlane) {
      return memlane.database().open();
    }

    @Bean
    MemoryExtractor ownExtractor(MemoryOrchestrator memory, Database database, ChatModel model) {
      return MemoryExtractor.builder(memory, database, model).build();
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class OwnParts {

    @Bean
    TokenBudget ownBudget(Database database) {
      return TokenBudget.in(database);
    }

    @Bean
    BackgroundRemembering ownBackground(MemoryExtractor extractor) {
      return BackgroundRemembering.of(extractor);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class OwnMemory {

    @Bean
    MemoryOrchestrator own(org.springframework.core.env.Environment environment) {
      return MemoryOrchestrator.builder().postgres(environment.getRequiredProperty("own.url"), null, null)
          .indexDirectory(Path.of(environment.getRequiredProperty("own.directory"))).embedder(new HashEmbedder())
          .open();
    }
  }
}
