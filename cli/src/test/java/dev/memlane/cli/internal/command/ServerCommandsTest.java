package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.memlane.cli.internal.command.CommandRunner.Run;
import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.ApiKeys;
import dev.memlane.server.Grant;
import dev.memlane.server.MemlaneServer;
import dev.memlane.server.Role;
import dev.memlane.server.ServerFile;
import dev.memlane.server.SharedMemory;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.PlainMessages;
import dev.memlane.testing.TestCertificates;
import dev.memlane.testing.TestServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Commands through a server print what they print over the same data in this process, with the same exit status. */
@Tag("programs")
class ServerCommandsTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final String NO_SUCH_ID = "0198c5a2-7c1e-7a50-9d53-0242ac120002";
  private static final Pattern CHANGING = Pattern.compile(
      "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(?::[\\d.]+Z)?|"
          + "\"seconds\":[\\d.]+|in [\\d.]+ s|\\([\\d,]+/s\\)|(?:local|served)\\b");

  private static final String AWAY = "{\"type\": \"urn:memlane:problem:unavailable\", \"status\": 503, "
      + "\"detail\": \"the database is away; try again\"}";

  @TempDir
  private static Path files;

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static MemoryOrchestrator localMemory;
  @SuppressWarnings("NullAway.Init")
  private static MemoryOrchestrator servedMemory;
  @SuppressWarnings("NullAway.Init")
  private static MemlaneServer server;
  @SuppressWarnings("NullAway.Init")
  private static ApiKeys keys;
  @SuppressWarnings("NullAway.Init")
  private static CommandRunner here;
  @SuppressWarnings("NullAway.Init")
  private static CommandRunner there;

  @BeforeAll
  static void start() throws IOException {
    localMemory = memory("local");
    servedMemory = memory("served");
    keys = ApiKeys.in(files.resolve("keys.json"));
    server = MemlaneServer.builder(servedMemory).port(0).keys(keys).start();
    here = runner(localMemory);
    there = served();
    there.variable("MEMLANE_API_KEY", keys.create("admin", Role.ADMIN, new Grant.Everything(), null));
    write("chat.jsonl", """
        {"content":"one","actor":"Ada"}
        not json
        {"content":"two","key":"k","colour":"red"}
        {"content":"three","occurredAt":"2026-03-02T09:14:00Z","metadata":{"n":[1,2.5],"b":true}}""");
    write("broken.jsonl", "{\"content\":");
    write("wrong-archive.jsonl", "{\"content\":\"x\"}");
  }

  private static void write(String name, String text) throws IOException {
    Files.writeString(files.resolve(name), text);
  }

  private static MemoryOrchestrator memory(String name) {
    // A sweep in one of the two would tell them apart.
    return MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(TABLES), null, null)
        .indexDirectory(files.resolve(name)).embedder(new HashEmbedder()).expiredGrace(Duration.ofDays(36_500)).open();
  }

  private static CommandRunner runner(MemoryOrchestrator memory) {
    return new CommandRunner(builder -> new SharedMemory.Opened(memory, () -> {}), files.resolve("data"), files);
  }

  /** Commands that work through the server, without an API key. */
  private static CommandRunner served() {
    CommandRunner commands = new CommandRunner(builder -> {
      throw new AssertionError("the command opens data of its own");
    }, files.resolve("data"), files);
    commands.variable("MEMLANE_SERVER", server.uri().toString());
    return commands;
  }

  @AfterAll
  static void stop() {
    server.close();
    localMemory.close();
    servedMemory.close();
  }

  private static Arguments command(String... arguments) {
    return Arguments.of((Object) arguments);
  }

  /** In this order, each over what the ones before it left. {@code @k} is the id of the memory with the key k. */
  static Stream<Arguments> commands() {
    return Stream.of(
        command("add", "Ada plays the oboe", "--user", "ada", "--key", "k", "--actor", "Ada", "-m", "topic=music",
            "-m", "tags=a|b", "-m", "n=4", "-m", "share=2.5", "--occurred-at", "2026-03-02T10:14:00+01:00",
            "--expires-at", "2999-01-01"),
        command("add", "another", "--user", "ada", "--key", "k"),
        command("add", "Prefers tea & cake, \"always\" \u00e9\u4e16", "--user", "ada+b&c=d e"),
        command("add", "gone", "--user", "ada", "--key", "k2", "--expires-at", "2020-01-01"),
        command("add", "Ada lives in Porto", "--user", "ada", "--run", "7", "--key", "home"),
        command("get", "@k"), command("get", "@k2"), command("get", "@k2", "--expired"), command("get", NO_SUCH_ID),
        command("list", "--user", "ada"), command("list", "--user", "ada", "--expired", "--by", "time"),
        command("list", "--newest", "-n", "2"), command("list", "--filter", "topic=music", "--filter", "n>=3"),
        command("list", "--user", "nobody"), command("list", "--limit", "5000"), command("list", "--limit", "0"),
        command("list", "--by", "time", "--after", "odd"),
        command("search", "which instrument?", "--user", "ada"),
        command("search", "oboe", "--everywhere", "--explain", "-k", "3", "--diversity", "0.3"),
        // So short that it is the same at all times of the test.
        command("search", "oboe", "--user", "ada", "--mode", "lexical", "--explain", "--half-life", "1m"),
        command("search", "tea", "--user", "ada+b&c=d e", "--mode", "lexical", "--min-words", "1"),
        command("search", "oboe", "--user", "ada", "--since", "2026-01-01", "--until", "2026-12-31", "--expired"),
        command("search", "oboe", "--user", "ada", "--mode", "semantic", "--min-similarity", "0.1", "--by-rank"),
        command("search", "oboe", "--user", "ada", "--mode", "lexical", "--as-of", "2020-01-01"),
        command("search", "nothing of that", "--user", "ada", "--filter", "!topic", "--mode", "lexical"),
        command("search", " ", "--user", "ada"), command("search", "x"),
        command("update", "@k", "Ada plays the cello", "--actor", "Eve"),
        command("update", "@k", "--clear", "expires-at", "--said-by", "Bob", "--occurred-at", "2026-05-01"),
        command("update", "@k", "-m", "topic=strings"), command("update", NO_SUCH_ID, "x"),
        command("update", "@k", "x", "--expect", NO_SUCH_ID), command("update", "@k"),
        command("history", "@k"), command("history", "@k", "--limit", "1"),
        command("history", "@k", "--before", "2"), command("history", NO_SUCH_ID),
        command("history", "@k", "--limit", "0"), command("history", "@k", "--before", "1"),
        command("operation", "@k", NO_SUCH_ID),
        command("ingest", "@chat.jsonl", "--user", "ben"), command("ingest", "@chat.jsonl", "--user", "ben"),
        command("ingest", "@broken.jsonl", "--user", "ben"), command("ingest", "@none.jsonl"),
        command("export", "@whole.jsonl"), command("export", "@whole.jsonl"),
        command("export", "@ada.jsonl", "--user", "ada", "--no-vectors"), command("export", "--user", "ben"),
        command("import", "@whole.jsonl"), command("import", "@wrong-archive.jsonl"),
        command("import", "@ada.jsonl", "--accept-edits"),
        command("export", "@whole.parquet", "--format", "parquet"), command("import", "@whole.parquet"),
        command("export", "@ada.parquet", "--format", "parquet", "--user", "ada", "--no-vectors"),
        command("import", "@ada.parquet", "--accept-edits"), command("export", "@odd.csv", "--format", "csv"),
        command("delete", "@k2", "--expect", NO_SUCH_ID), command("delete", "@k2", "--actor", "Ada"),
        command("delete", "@k2"), command("add", "again", "--user", "ada", "--key", "k2"),
        command("add", "again", "--user", "ada", "--key", "k2", "--revive"),
        command("delete", "--all", "--user", "ben"),
        command("delete", "--all", "--user", "ben", "--filter", "b=true", "--yes"),
        command("delete", "--all", "--user", "ben", "--yes"), command("history", "@k2"),
        command("delete", "@k", "--purge-history"), command("history", "@k"),
        command("delete", "--all", "--user", "ada", "--purge-history", "--yes"),
        command("verify"), command("verify", "--repair"), command("list"));
  }

  @Tag("slow")
  @Test
  void eachCommand_printsTheSame() {
    SoftAssertions all = new SoftAssertions();
    commands().map(each -> (String[]) each.get()[0]).forEach(each -> compare(each, all));
    all.assertAll();
  }

  private static void compare(String[] arguments, SoftAssertions all) {
    for (boolean json : List.of(false, true)) {
      boolean changes = Stream.of("add", "update", "delete", "ingest").anyMatch(arguments[0]::equals);
      if (json && (changes && List.of(arguments).size() % 2 == 0 || List.of(arguments).contains("--user")
          && arguments[0].equals("export") && arguments.length == 3)) {
        // Half of the changes are made once, so that the others see what they left; and an export goes to one place.
        continue;
      }
      Run local = run(here, "local", json, arguments);
      Run served = run(there, "served", json, arguments);
      String what = String.join(" ", arguments) + (json ? " --json" : "");
      all.assertThat(served.status()).as("%s: %s", what, served.err()).isEqualTo(local.status());
      all.assertThat(plain(served.out())).as(what).isEqualTo(plain(local.out()));
      all.assertThat(plain(served.err())).as(what).isEqualTo(plain(local.err()));
    }
  }

  private static Run run(CommandRunner commands, String name, boolean json, String... arguments) {
    Stream<String> resolved = Stream.of(arguments).map(each -> each.equals("@k") || each.equals("@k2")
        ? MemoryId.derive(Scope.user("ada"), each.substring(1)).toString()
        : each.startsWith("@")
            // Archives are each's own; what is ingested has one name, from which keys are derived.
            ? files
                .resolve(
                    each.matches("@(whole|ada)\\.(jsonl|parquet)") ? name + "-" + each.substring(1) : each.substring(1))
                .toString()
            : each);
    return commands.run(Stream.concat(resolved, json ? Stream.of("--json") : Stream.of()).toArray(String[]::new));
  }

  /** Ids that are not derived from keys, times and durations differ; equal ones must be equal in both. */
  private static String plain(String output) {
    Matcher matcher = CHANGING.matcher(output.replaceAll("\"embedded\":(?:\\d+|null)", "\"embedded\":0"));
    Map<String, String> seen = new LinkedHashMap<>();
    return matcher.replaceAll(found -> found.group().matches("(?s)[0-9a-f]{8}-.*")
        ? seen.computeIfAbsent(found.group(), id -> "id-" + seen.size())
        : "changing");
  }

  @Test
  void stats_showsTheStoresOfTheServer() {
    Run run = there.run("stats", "--json");

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.json().fieldNames()).toIterable()
        .containsExactlyElementsOf(() -> here.json("stats").fieldNames());
    assertThat(run.json().path("memories").asLong())
        .isEqualTo(servedMemory.blocking().statistics().memories());
    assertThat(there.run("stats").out()).contains("memories", "unsettled", "endpoints");
  }

  static Stream<Arguments> notForAServer() {
    return Stream.of(Arguments.of("reindex", new String[]{"reindex"}),
        Arguments.of("serve", new String[]{"serve", "--port", "0"}),
        Arguments.of("mcp", new String[]{"mcp", "-u", "a"}),
        Arguments.of("demo", new String[]{"demo"}), Arguments.of("keys", new String[]{"keys", "list"}),
        Arguments.of("keys", new String[]{"keys", "create", "x", "--role", "read"}),
        Arguments.of("keys", new String[]{"keys", "revoke", "admin"}), Arguments.of("schema", new String[]{"schema"}),
        Arguments.of("eval", new String[]{"eval", "--locomo", "x"}),
        Arguments.of("add --once", new String[]{"add", "x", "-u", "a", "--once"}),
        Arguments.of("ingest --once", new String[]{"ingest", "-", "-u", "a", "--once"}));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("notForAServer")
  void commandThatNeedsTheData_isRefused(String name, String[] arguments) {
    Run run = runner(localMemory).run(Stream.concat(Stream.of(arguments),
        Stream.of("--server", server.uri().toString())).toArray(String[]::new));

    assertThat(run.status()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains("server");
    PlainMessages.assertPlain(run.err());
  }

  private static Run through(String url, String key, String... arguments) {
    CommandRunner commands = served();
    commands.variable("MEMLANE_API_KEY", key);
    return commands.run(Stream.concat(Stream.of(arguments), Stream.of("--server", url)).toArray(String[]::new));
  }

  private static void assertFails(Run run, int status, String... says) {
    assertThat(run.status()).as(run.err()).isEqualTo(status);
    assertThat(run.err()).contains(says);
    assertThat(run.out()).isEmpty();
    PlainMessages.assertPlain(run.err());
  }

  @Test
  void serverThatIsNotThere_isSaid() {
    assertFails(through("http://127.0.0.1:1", "", "list"), 1, "no server answers at http://127.0.0.1:1",
        "memlane serve");
    assertFails(through("http://no-such-host.invalid", "", "list"), 1, "no-such-host.invalid");
    assertFails(through("https://127.0.0.1:" + server.port(), "", "list"), 1, "https");
  }

  @Test
  void addressThatIsNone_isWrongUsage() {
    assertFails(through("localhost:7437", "", "list"), 2, "http://127.0.0.1:7437");
    assertFails(through("ftp://localhost", "", "list"), 2, "http://127.0.0.1:7437");
    assertFails(through("http://me:secret@localhost", "", "list"), 2, "MEMLANE_API_KEY");
    assertFails(through("", "", "list"), 2, "--server is empty");
    assertFails(through(server.uri().toString(), "", "list", "--data", "x"), 2, "leave out --data");
    assertFails(through(server.uri().toString(), "", "list", "--embedder", "hash"), 2, "leave out --embedder");
    assertFails(runner(localMemory).run("list", "--api-key-file", "x"), 2, "go with --server");
  }

  @Test
  void key_isNeeded_andMustAllowTheWork_andIsNeverShown() throws IOException {
    String url = server.uri().toString();
    String reader = keys.create("reader", Role.READ, new Grant.Scopes(List.of(Scope.user("ada"))), null);

    assertFails(through(url, "", "list"), 1, "no API key", "--api-key-file");
    assertFails(through(url, "mlk_secret", "list"), 1, "unknown, revoked or expired", "MEMLANE_API_KEY");
    assertFails(through(url, "not a key", "list"), 2, "characters");
    assertFails(through(url, reader, "add", "x", "-u", "ada"), 1, "role write");
    assertFails(through(url, reader, "list", "-u", "ben"), 1, "does not reach");
    assertFails(through(url, reader, "verify"), 1, "role admin");
    assertFails(through(url, reader, "export"), 1, "role admin");
    assertFails(through(url, reader, "import", files.resolve("wrong-archive.jsonl").toString()), 1, "role admin");
    assertFails(through(url, reader, "stats"), 1, "role admin");
    Run ingest = through(url, reader, "ingest", files.resolve("chat.jsonl").toString(), "-u", "ada");
    assertThat(ingest.status()).isEqualTo(1);
    assertThat(ingest.err()).contains("role write");
    assertThat(through(url, "mlk_secret", "list", "--verbose").err()).doesNotContain("mlk_secret");
    assertThat(through(url, reader, "list", "-u", "ben", "--verbose").err()).doesNotContain(reader);

    Path file = Files.writeString(files.resolve("key"), reader + "\n");
    Run run = served().run("list", "-u", "ada", "--api-key-file", file.toString());
    assertThat(run.status()).as(run.err()).isZero();
    assertFails(served().run("list", "--api-key-file", files.resolve("no-key").toString()), 1, "no such file");
  }

  @Test
  void commandLine_goesBeforeTheEnvironment() {
    CommandRunner commands = runner(localMemory);
    commands.variable("MEMLANE_SERVER", "http://127.0.0.1:1");

    assertThat(commands.run("list").err()).contains("no server answers");
    assertThat(commands.run("list", "--data", files.resolve("data").toString()).status()).isZero();
  }

  /** A server that answers everything the same. */
  private static Run throughOther(int status, String type, String body, String... arguments) throws IOException {
    return through(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0), "http", status,
        type,
        body, arguments);
  }

  private static Run through(HttpServer other, String scheme, int status, String type, String body,
      String... arguments) {
    other.createContext("/", exchange -> {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().add("Content-Type", type);
      exchange.getResponseHeaders().add("Location", server.uri().toString());
      exchange.sendResponseHeaders(status, bytes.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(bytes);
      }
    });
    other.start();
    try {
      return through(scheme + "://127.0.0.1:" + other.getAddress().getPort(), "mlk_secret", arguments);
    } finally {
      other.stop(0);
    }
  }

  private static HttpServer encrypting(TestCertificates certificate) throws Exception {
    HttpsServer https = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    https.setHttpsConfigurator(new HttpsConfigurator(certificate.serving()));
    return https;
  }

  @Test
  void certificate_isTrustedIfItsFileIsNamed() throws Exception {
    TestCertificates certificate = TestCertificates.make(files, "server", "EC");
    Path pem = certificate.writeCertificate(files.resolve("server.pem"));

    assertFails(through(encrypting(certificate), "https", 503, "application/problem+json", AWAY, "list", "--ca-file",
        pem.toString()), 1, "the database is away");
    assertFails(through(encrypting(certificate), "https", 503, "application/problem+json", AWAY, "list"), 1,
        "no secure connection", "--ca-file");
    assertFails(through(encrypting(certificate), "https", 503, "application/problem+json", AWAY, "list", "--ca-file",
        files.resolve("chat.jsonl").toString()), 1, "can't be read as certificates");
  }

  @Test
  void ingest_whenTheServerGoesAway_endsEarlyAndCountsNothing() throws IOException {
    HttpServer other = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    other.createContext("/api/v1/session", exchange -> {
      byte[] session = "{\"name\": \"x\", \"role\": \"admin\"}".getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, session.length);
      exchange.getResponseBody().write(session);
      exchange.close();
    });
    // Without an answer, as a server that is killed.
    other.createContext("/api/v1/memories", HttpExchange::close);
    other.start();
    try {
      String url = "http://127.0.0.1:" + other.getAddress().getPort();

      Run ingest = through(url, "", "ingest", files.resolve("chat.jsonl").toString(), "-u", "ada", "--json");
      Run add = through(url, "", "add", "x", "-u", "ada");

      assertThat(ingest.status()).isEqualTo(1);
      assertThat(ingest.json().path("stored").asInt()).isZero();
      assertThat(ingest.json().path("ended").asText()).contains("broke before the answer");
      assertThat(ingest.err()).contains("ended early", "Run it again to resume");
      assertFails(add, 1, "it may have been done all the same");
    } finally {
      other.stop(0);
    }
  }

  @Test
  void serverOfAnotherKind_isRecognised() throws IOException {
    assertFails(throughOther(200, "text/html", "<!doctype html><html>hello</html>", "list"), 1, "is no Memlane server");
    assertFails(throughOther(200, "application/json", "{\"hello\": 1}", "list"), 1, "is no Memlane server");
    assertFails(throughOther(404, "text/html", "<html>", "list"), 1, "is no Memlane server", "404");
    assertFails(throughOther(301, "text/html", "moved", "list"), 1, "is no Memlane server", "301");
    assertFails(throughOther(503, "text/html", "<html>", "list"), 1, "can't be reached now", "503");
    assertFails(throughOther(503, "application/problem+json", AWAY, "list"), 1, "the database is away; try again");
  }

  @Test
  void import_ofAFileThatBreaksOff_keepsWhatCameBefore() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 2_000; i++) {
      lines.append("{\"content\":\"number ").append(Integer.toHexString(i * 7919)).append("\",\"user\":\"u\"}\n");
    }
    write("many.jsonl", lines.toString());
    try (MemoryOrchestrator memory = memory("breaks");
        MemlaneServer other = MemlaneServer.builder(memory).port(0).start()) {
      CommandRunner local = runner(memory);
      assertThat(local.run("ingest", files.resolve("many.jsonl").toString()).status()).isZero();
      assertThat(local.run("export", files.resolve("breaks.jsonl").toString()).status()).isZero();
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
        gzip.write(Files.readAllBytes(files.resolve("breaks.jsonl")));
      }
      Path cut = Files.write(files.resolve("cut.jsonl.gz"), Arrays.copyOf(packed.toByteArray(), packed.size() / 2));

      Run here = local.run("import", cut.toString(), "--json");
      Run there = through(other.uri().toString(), "", "import", cut.toString(), "--json");

      assertThat(there.status()).isEqualTo(1);
      assertThat(there.err()).contains("ended early", "cut off", "Run it again").isEqualTo(here.err());
      assertThat(there.json().path("alreadyThere").asInt()).isBetween(1, 1_999);
      assertThat(there.json().path("failed").asInt()).isZero();
    }
  }

  @Test
  void export_thatBreaksOff_leavesNoFile() throws IOException {
    Path file = files.resolve("never.jsonl");
    HttpServer proxy = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    proxy.createContext("/", exchange -> {
      boolean session = exchange.getRequestURI().getPath().endsWith("/session");
      byte[] bytes = (session ? "{\"name\": \"x\", \"role\": \"admin\"}" : "{\"memlane\":\"export\",\"format\":2}\n")
          .getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, bytes.length);
      exchange.getResponseBody().write(bytes);
      exchange.close();
    });
    proxy.start();
    try {
      assertFails(through("http://127.0.0.1:" + proxy.getAddress().getPort(), "", "export", file.toString()), 1,
          "not complete");
    } finally {
      proxy.stop(0);
    }
    assertThat(file).doesNotExist();
  }

  @Test
  void directoryThatAServerHasOpen_isUsedThroughIt() {
    Path data = files.resolve("joined");
    CommandRunner commands = new CommandRunner(data, files, TestServer.freshDatabase(TABLES));
    assertThat(commands.run("add", "before", "--user", "ada").status()).isZero();
    String key = ServerFile.newKey();
    try (MemoryOrchestrator other = memory("other");
        MemlaneServer joined = MemlaneServer.builder(other).port(0).ownerKey(key).keyRequired(true).start()) {
      ServerFile file = ServerFile.of(joined, key);
      file.write(data);

      Run run = commands.run("add", "through the server", "--user", "joined", "--verbose");

      assertThat(run.status()).as(run.err()).isZero();
      assertThat(run.err()).contains(joined.uri().toString()).doesNotContain(key);
      assertThat(other.blocking().count(null, null)).isEqualTo(1);
      assertThat(commands.run("add", "again", "--user", "joined").err()).isEmpty();
      file.remove(data);
    }
    assertThat(commands.json("list").path("memories")).as("after the server").hasSize(1);
  }

  @Test
  void directoryThatAServerHasOpen_withOptionsOfItsOwn_isNotUsedOtherwise() throws Exception {
    Path data = Files.createDirectories(files.resolve("locked"));
    String key = ServerFile.newKey();
    try (Memlane holder = Memlane.builder(data).embedder(new HashEmbedder())
        .postgres(TestServer.freshDatabase(TABLES), null, null).open();
        MemlaneServer joined = MemlaneServer.builder(holder.memory()).port(0).ownerKey(key).keyRequired(true).start()) {
      ServerFile file = ServerFile.of(joined, key);
      file.write(data);
      CommandRunner commands = new CommandRunner(data, files, null);

      assertFails(commands.run("list", "--language", "de"), 1, joined.uri().toString(), "leave out --language");
      assertFails(commands.run("list", "--index-vectors", "byte"), 1, "leave out --index-vectors");
      assertFails(commands.run("add", "x", "-u", "a", "--once"), 1, "leave out --once");
      assertThat(commands.run("add", "x", "-u", "a").status()).isZero();
      assertThat(holder.blocking().count(null, null)).isEqualTo(1);
      file.remove(data);
      assertFails(commands.run("list"), 1, "already open");
    }
  }
}
