package dev.memlane.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.core.domain.properties.HasModifiers.Predicates.modifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import dev.memlane.model.MemlaneException;

/** Which module may know which. Every rule must find classes that it is about. */
@AnalyzeClasses(packages = "dev.memlane", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  private static final String MODEL = "dev.memlane.model..";
  private static final String LANES = "dev.memlane.lanes";
  private static final String ENDPOINTS = "dev.memlane.endpoints";
  private static final String ENDPOINTS_HTTP = "dev.memlane.endpoints.http";
  private static final String EMBEDDING = "dev.memlane.embedding..";
  private static final String ORCHESTRATOR = "dev.memlane.orchestrator..";
  private static final String EMBEDDED = "dev.memlane.embedded";
  private static final String MEMORY_TOOLS = "dev.memlane.memory.tools";
  private static final String LANGCHAIN4J = "dev.memlane.langchain4j";
  private static final String FLINK = "dev.memlane.flink";
  private static final String SPARK = "dev.memlane.spark";
  private static final String MICROMETER = "dev.memlane.micrometer";
  private static final String SPRING_AI = "dev.memlane.spring.ai";
  private static final String SPRING_BOOT = "dev.memlane.spring.boot.autoconfigure";
  private static final String[] STARTERS = {"dev.memlane.spring.boot.starter", "dev.memlane.spring.boot3.starter"};
  private static final String SERVER = "dev.memlane.server..";
  private static final String CLI = "dev.memlane.cli..";
  private static final String ARCHIVE = "dev.memlane.archive";
  private static final String ARCHIVE_PARQUET = "dev.memlane.archive.parquet";
  private static final String EXTRACTION = "dev.memlane.extraction";
  private static final String STORAGE = "dev.memlane.storage..";
  private static final String CORE = "dev.memlane.storage.core";
  private static final String HISTORY = "dev.memlane.storage.history";
  private static final String VECTOR = "dev.memlane.storage.vector";
  private static final String OPENSEARCH = "dev.memlane.storage.opensearch";
  private static final String CONVERSATION = "dev.memlane.storage.conversation";
  private static final String TASKS = "dev.memlane.storage.tasks";

  private static final DescribedPredicate<JavaClass> IS_INTERNAL = resideInAPackage("dev.memlane..internal..");

  @ArchTest
  static final ArchRule model_knowsOnlyJavaAndWhatDescribesItAsJson = classes().that().resideInAPackage(MODEL).should()
      .onlyDependOnClassesThat()
      .resideInAnyPackage(MODEL, "java..", "org.jspecify..", "com.google.errorprone.annotations..",
          "com.fasterxml.jackson.annotation..");

  @ArchTest
  static final ArchRule endpoints_doNotKnowWhatIsCarried = classes().that().resideInAPackage(ENDPOINTS).should()
      .onlyDependOnClassesThat().resideInAnyPackage(ENDPOINTS, MODEL, "java..", "org.jspecify..",
          "com.google.errorprone.annotations..", "org.HdrHistogram..");

  @ArchTest
  static final ArchRule endpointsOverHttp_knowEndpointsAndJson = classes().that().resideInAPackage(ENDPOINTS_HTTP)
      .should().onlyDependOnClassesThat().resideInAnyPackage(ENDPOINTS_HTTP, ENDPOINTS, MODEL, "java..",
          "org.jspecify..", "com.google.errorprone.annotations..", "com.fasterxml.jackson.core..");

  @ArchTest
  static final ArchRule lanes_knowOnlyJava = classes().that().resideInAPackage(LANES).should()
      .onlyDependOnClassesThat()
      .resideInAnyPackage(LANES, "java..", "org.jspecify..", "com.google.errorprone.annotations..");

  @ArchTest
  static final ArchRule memoryTools_knowTheOrchestratorTheExtractorAndLanes = classes().that()
      .resideInAPackage(MEMORY_TOOLS)
      .should().onlyDependOnClassesThat()
      .resideInAnyPackage(MEMORY_TOOLS, LANES, EXTRACTION, ORCHESTRATOR, MODEL, "java..", "org.jspecify..",
          "com.google.errorprone.annotations..",
          "com.fasterxml.jackson..");

  @ArchTest
  static final ArchRule archive_knowsTheOrchestratorAndJson = classes().that().resideInAPackage(ARCHIVE).should()
      .onlyDependOnClassesThat()
      .resideInAnyPackage(ARCHIVE, ORCHESTRATOR, MODEL, "java..", "org.jspecify..",
          "com.google.errorprone.annotations..",
          "com.fasterxml.jackson..");

  @ArchTest
  static final ArchRule archiveAsParquet_knowsTheArchiveItsValuesAndParquetWithoutHadoop = classes().that()
      .resideInAPackage(ARCHIVE_PARQUET).should().onlyDependOnClassesThat()
      .resideInAnyPackage(ARCHIVE_PARQUET, ARCHIVE, MODEL, "java..", "org.jspecify..",
          "com.google.errorprone.annotations..", "com.fasterxml.jackson..", "com.github.luben.zstd..",
          "org.apache.parquet..", "shaded.parquet..");

  @ArchTest
  static final ArchRule onlyTheCommandLineKnowsParquet = noClasses()
      .that(resideInAPackage("dev.memlane..").and(not(resideInAnyPackage(ARCHIVE_PARQUET, CLI, "dev.memlane.perf.."))))
      .should()
      .dependOnClassesThat().resideInAnyPackage(ARCHIVE_PARQUET, "org.apache.parquet..");

  @ArchTest
  static final ArchRule extraction_knowsTheOrchestratorConversationsEndpointsAndJson = classes().that()
      .resideInAPackage(EXTRACTION).should().onlyDependOnClassesThat()
      .resideInAnyPackage(EXTRACTION, ORCHESTRATOR, CONVERSATION, "dev.memlane.storage.postgres", ENDPOINTS,
          ENDPOINTS_HTTP, MODEL, "java..", "org.jspecify..", "com.google.errorprone.annotations..",
          "com.fasterxml.jackson..");

  @ArchTest
  static final ArchRule onlyWhatIsAboveKnowsExtraction = noClasses()
      .that(resideInAPackage("dev.memlane..").and(not(resideInAnyPackage(EXTRACTION, MEMORY_TOOLS, LANGCHAIN4J,
          SPRING_AI, SPRING_BOOT, CLI, SERVER))))
      .should()
      .dependOnClassesThat().resideInAPackage(EXTRACTION);

  @ArchTest
  static final ArchRule langchain4j_knowsTheMemoryItsToolsAndLangChain4j = classes().that()
      .resideInAPackage(LANGCHAIN4J).should().onlyDependOnClassesThat()
      .resideInAnyPackage(LANGCHAIN4J, EXTRACTION, MEMORY_TOOLS, LANES, ORCHESTRATOR, EMBEDDING, ENDPOINTS, MODEL,
          "java..", "org.jspecify..", "com.google.errorprone.annotations..", "com.fasterxml.jackson..",
          "dev.langchain4j..");

  @ArchTest
  static final ArchRule flink_knowsTheOrchestratorAndFlink = classes().that().resideInAPackage(FLINK).should()
      .onlyDependOnClassesThat()
      .resideInAnyPackage(FLINK, ORCHESTRATOR, MODEL, "java..", "org.jspecify..",
          "com.google.errorprone.annotations..", "org.apache.flink..");

  @ArchTest
  static final ArchRule spark_knowsTheOrchestratorEmbeddersAndSpark = classes().that().resideInAPackage(SPARK).should()
      .onlyDependOnClassesThat()
      .resideInAnyPackage(SPARK, ORCHESTRATOR, "dev.memlane.embedding", ENDPOINTS_HTTP, "dev.memlane.storage.postgres",
          MODEL, "java..", "scala..", "org.jspecify..", "com.google.errorprone.annotations..", "org.apache.spark..");

  @ArchTest
  static final ArchRule micrometer_knowsTheMemoryLanesAndMicrometer = classes().that().resideInAPackage(MICROMETER)
      .should().onlyDependOnClassesThat()
      .resideInAnyPackage(MICROMETER, ORCHESTRATOR, LANES, "dev.memlane.embedding", ENDPOINTS, MODEL,
          "dev.memlane.model.listen", "java..", "org.jspecify..", "com.google.errorprone.annotations..",
          "com.fasterxml.jackson.core..", "io.micrometer..");

  @ArchTest
  static final ArchRule springAi_knowsTheMemoryItsToolsAndSpring = classes().that().resideInAPackage(SPRING_AI).should()
      .onlyDependOnClassesThat()
      .resideInAnyPackage(SPRING_AI, EXTRACTION, MEMORY_TOOLS, LANES, ORCHESTRATOR, "dev.memlane.embedding", ENDPOINTS,
          MODEL, "java..", "org.jspecify..", "com.google.errorprone.annotations..", "com.fasterxml.jackson.core..",
          "org.springframework..", "io.micrometer.observation..", "reactor.core..", "org.reactivestreams..");

  @ArchTest
  static final ArchRule server_knowsTheMemoryItsArchiveItsToolsItsExtractorAndJetty = classes().that()
      .resideInAPackage(SERVER)
      .should().onlyDependOnClassesThat()
      .resideInAnyPackage(SERVER, ARCHIVE, EXTRACTION, MEMORY_TOOLS, LANES, TASKS, ORCHESTRATOR,
          "dev.memlane.embedding", ENDPOINTS,
          MODEL,
          "java..", "javax.crypto..", "org.jspecify..", "com.google.errorprone.annotations..",
          "com.fasterxml.jackson..",
          "com.github.benmanes.caffeine..", "org.HdrHistogram..", "org.eclipse.jetty..", "io.modelcontextprotocol..",
          "jakarta.servlet..",
          "reactor.core..", "org.reactivestreams..");

  @ArchTest
  static final ArchRule onlyTheCommandKnowsTheServer = noClasses()
      .that(resideInAPackage("dev.memlane..").and(not(resideInAnyPackage(SERVER, CLI)))).should().dependOnClassesThat()
      .resideInAPackage(SERVER);

  @ArchTest
  static final ArchRule springBoot_knowsWhatItMakesBeansOf = classes().that().resideInAPackage(SPRING_BOOT).should()
      .onlyDependOnClassesThat()
      .resideInAnyPackage(SPRING_BOOT, EMBEDDED, EXTRACTION, "dev.memlane.storage.postgres",
          "dev.memlane.storage.opensearch", MEMORY_TOOLS, LANES,
          ORCHESTRATOR, EMBEDDING, ENDPOINTS, ENDPOINTS_HTTP, MODEL,
          LANGCHAIN4J, SPRING_AI, MICROMETER, "java..", "javax.sql..", "org.jspecify..", "org.springframework..",
          "dev.langchain4j..", "io.micrometer..");

  /** The lines have these packages in different places, so what uses them is in the starters, once for each line. */
  @ArchTest
  static final ArchRule springBoot_knowsNoLine = noClasses().that().resideInAPackage(SPRING_BOOT).should()
      .dependOnClassesThat().resideInAnyPackage("org.springframework.boot.actuate.health..",
          "org.springframework.boot.health..", "org.springframework.boot.micrometer..",
          "org.springframework.boot.actuate.autoconfigure.metrics..",
          "org.springframework.boot.actuate.autoconfigure.health..");

  @ArchTest
  static final ArchRule starters_knowTheAutoConfigurationAndSpringBoot = classes().that().resideInAnyPackage(STARTERS)
      .should().onlyDependOnClassesThat()
      .resideInAnyPackage(STARTERS[0], STARTERS[1], SPRING_BOOT, ORCHESTRATOR, "java..", "org.jspecify..",
          "org.springframework..");

  @ArchTest
  static final ArchRule nothing_knowsSpringBoot = noClasses()
      .that(resideInAPackage("dev.memlane..")
          .and(not(resideInAnyPackage("dev.memlane.spring.boot..", "dev.memlane.spring.boot3.."))))
      .should().dependOnClassesThat()
      .resideInAnyPackage("dev.memlane.spring.boot..", "dev.memlane.spring.boot3..", "org.springframework.boot..");

  @ArchTest
  static final ArchRule onlySpringBootKnowsSpringAi = noClasses()
      .that(resideInAPackage("dev.memlane..").and(not(resideInAPackage("dev.memlane.spring..")))).should()
      .dependOnClassesThat().resideInAPackage(SPRING_AI);

  @ArchTest
  static final ArchRule onlySpringBootKnowsLangChain4j = noClasses()
      .that(resideInAPackage("dev.memlane..").and(not(resideInAnyPackage(LANGCHAIN4J, "dev.memlane.spring.boot.."))))
      .should().dependOnClassesThat().resideInAPackage(LANGCHAIN4J);

  @ArchTest
  static final ArchRule embedding_knowsModelEndpointsCacheAndJson = classes().that()
      .resideInAPackage("dev.memlane.embedding").should().onlyDependOnClassesThat()
      .resideInAnyPackage("dev.memlane.embedding", ENDPOINTS, ENDPOINTS_HTTP, MODEL, "java..", "org.jspecify..",
          "com.google.errorprone.annotations..",
          "com.github.benmanes.caffeine..", "com.fasterxml.jackson.core..");

  @ArchTest
  static final ArchRule core_doesNotKnowOtherStores = noClasses().that().resideInAPackage(CORE).should()
      .dependOnClassesThat().resideInAnyPackage(HISTORY, VECTOR, CONVERSATION, TASKS);

  @ArchTest
  static final ArchRule history_doesNotKnowOtherStores = noClasses().that().resideInAPackage(HISTORY).should()
      .dependOnClassesThat().resideInAnyPackage(CORE, VECTOR, CONVERSATION, TASKS);

  @ArchTest
  static final ArchRule vector_doesNotKnowOtherStores = noClasses().that().resideInAPackage(VECTOR).should()
      .dependOnClassesThat().resideInAnyPackage(CORE, HISTORY, CONVERSATION, TASKS, "dev.memlane.storage.postgres");

  /** It finds what the local index finds, because it has its words and its scores from there. */
  @ArchTest
  static final ArchRule openSearch_knowsTheLocalIndexAndJson = classes().that().resideInAPackage(OPENSEARCH).should()
      .onlyDependOnClassesThat()
      .resideInAnyPackage(OPENSEARCH, VECTOR, MODEL, "java..", "javax.net.ssl..", "org.jspecify..",
          "com.google.errorprone.annotations..", "com.fasterxml.jackson..", "org.apache.lucene..");

  @ArchTest
  static final ArchRule otherStores_doNotKnowOpenSearch = noClasses()
      .that(resideInAPackage(STORAGE).and(not(resideInAPackage(OPENSEARCH)))).should()
      .dependOnClassesThat().resideInAPackage(OPENSEARCH);

  @ArchTest
  static final ArchRule conversation_doesNotKnowOtherStores = noClasses().that().resideInAPackage(CONVERSATION)
      .should().dependOnClassesThat().resideInAnyPackage(CORE, HISTORY, VECTOR, TASKS);

  @ArchTest
  static final ArchRule tasks_knowLanesAndTheDatabase = classes().that().resideInAPackage(TASKS).should()
      .onlyDependOnClassesThat()
      .resideInAnyPackage(TASKS, LANES, "dev.memlane.storage.postgres", MODEL, "java..", "org.jspecify..",
          "com.google.errorprone.annotations..", "com.fasterxml.jackson.core..", "org.jdbi..");

  @ArchTest
  static final ArchRule postgres_doesNotKnowTheStores = noClasses().that()
      .resideInAPackage("dev.memlane.storage.postgres").should().dependOnClassesThat()
      .resideInAnyPackage(CORE, HISTORY, VECTOR, CONVERSATION, TASKS);

  @ArchTest
  static final ArchRule stores_doNotKnowWhatIsAbove = noClasses().that().resideInAPackage(STORAGE).should()
      .dependOnClassesThat().resideInAnyPackage(ORCHESTRATOR, EMBEDDED, EMBEDDING);

  @ArchTest
  static final ArchRule embedding_doesNotKnowWhatIsAbove = noClasses().that().resideInAPackage(EMBEDDING).should()
      .dependOnClassesThat().resideInAnyPackage(ORCHESTRATOR, EMBEDDED, STORAGE);

  @ArchTest
  static final ArchRule orchestrator_namesStoresOnlyWhereItOpensThem = noClasses().that()
      .resideInAPackage(ORCHESTRATOR).and(not(simpleName("OrchestratorBuilder")))
      .and(not(simpleName("OrchestratorOpening"))).and(not(simpleName("IndexDirectories")))
      .and(not(simpleName("NextEngine"))).and(not(simpleName("MemoryReader"))).should().dependOnClassesThat()
      .resideInAPackage(STORAGE);

  @ArchTest
  static final ArchRule orchestrator_doesNotKnowWhatIsAbove = noClasses().that().resideInAPackage(ORCHESTRATOR).should()
      .dependOnClassesThat().resideInAPackage(EMBEDDED);

  @ArchTest
  static final ArchRule nothing_knowsTheCommand = noClasses()
      .that(resideInAPackage("dev.memlane..").and(not(resideInAPackage(CLI)))).should().dependOnClassesThat()
      .resideInAPackage(CLI);

  /** Otherwise what several callers get would lose its type. */
  @ArchTest
  static void exceptions_areCopiedAsTheirOwnType(JavaClasses all) {
    JavaClasses exceptions = all.that(assignableTo(MemlaneException.class).and(not(modifier(JavaModifier.ABSTRACT))));
    assertThat(exceptions).hasSizeGreaterThan(10).allSatisfy(each -> assertThat(each.getMethods())
        .anyMatch(method -> method.getName().equals("copy") && method.getRawReturnType().equals(each)));
  }

  /** A class in a package named "internal", or below one, is public only for the other packages of its module. */
  @ArchTest
  static final ArchRule internalPackages_areUsedByTheirOwnModuleOnly = classes().that(IS_INTERNAL)
      .should(new ArchCondition<>("be used by their own module only") {
        @Override
        public void check(JavaClass internal, ConditionEvents events) {
          internal.getDirectDependenciesToSelf().stream()
              .filter(dependency -> !module(dependency.getOriginClass()).equals(module(internal)))
              .forEach(dependency -> events.add(SimpleConditionEvent.violated(internal, dependency.getDescription())));
        }
      });

  /** The packages of one module may use each other; those below "internal" are looked at by the rule that follows. */
  @ArchTest
  static final ArchRule modules_haveNoCycles = slices().assignedFrom(new SliceAssignment() {
    @Override
    public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
      return SliceIdentifier.of(module(javaClass));
    }

    @Override
    public String getDescription() {
      return "modules";
    }
  }).should().beFreeOfCycles();

  @ArchTest
  static final ArchRule internalPackages_haveNoCycles = slices().assignedFrom(new SliceAssignment() {
    @Override
    public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
      return IS_INTERNAL.test(javaClass) ? SliceIdentifier.of(javaClass.getPackageName()) : SliceIdentifier.ignore();
    }

    @Override
    public String getDescription() {
      return "internal packages";
    }
  }).should().beFreeOfCycles();

  /** The package of a class, without the part from "internal" on. */
  private static String module(JavaClass javaClass) {
    return javaClass.getPackageName().replaceFirst("\\.internal(\\..*)?$", "");
  }

  /** A rule about dependencies holds trivially where a module is missing or the exempted class knows no store. */
  @ArchTest
  static void rules_areAboutClassesThatAreThere(JavaClasses all) {
    for (String module : new String[]{MODEL, LANES, ENDPOINTS, ENDPOINTS_HTTP, "dev.memlane.embedding", CORE, HISTORY,
        VECTOR, OPENSEARCH,
        CONVERSATION, "dev.memlane.storage.postgres", ORCHESTRATOR, EMBEDDED, MEMORY_TOOLS, ARCHIVE, ARCHIVE_PARQUET,
        EXTRACTION,
        LANGCHAIN4J, FLINK, SPARK,
        MICROMETER, SPRING_AI, SPRING_BOOT, SERVER, CLI}) {
      assertThat(all.that(resideInAPackage(module)).size()).as(module).isGreaterThan(3);
    }
    for (String starter : STARTERS) {
      assertThat(all.that(resideInAPackage(starter)).size()).as(starter).isGreaterThan(1);
    }
    assertThat(all.get("dev.memlane.orchestrator.OrchestratorBuilder").getDirectDependenciesFromSelf())
        .anyMatch(dependency -> resideInAnyPackage(STORAGE).test(dependency.getTargetClass()));
    assertThat(all.that(resideInAPackage(CLI)).stream().flatMap(c -> c.getDirectDependenciesFromSelf().stream()))
        .anyMatch(dependency -> resideInAPackage(ORCHESTRATOR).test(dependency.getTargetClass()));
  }
}
