package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.Main;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.server.AuditLog;
import dev.memlane.server.ServerFile;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.JavaCommand;
import dev.memlane.testing.TestServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code memlane serve} as a service: a process of its own, which is asked to stop while it works. */
@Tag("slow")
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServeCommandTest {

  private static final int WRITERS = 8;
  private static final int BEFORE_THE_STOP = 100;
  /** What a JVM that was ended by SIGTERM exits with. */
  private static final int TERMINATED = 128 + 15;

  @TempDir
  Path directory;

  private final String database = TestServer.freshDatabase();
  private final HttpClient http = HttpClient.newHttpClient();

  private Process serve(Path errors) throws IOException {
    return serve(errors, "");
  }

  /** @param more settings, in TOML */
  private Process serve(Path errors, String more) throws IOException {
    Path file = Files.writeString(directory.resolve("memlane.toml"), """
        data = "%s"
        embedder = "hash"
        [db]
        url = "%s"
        [server]
        port = 0
        %s""".formatted(directory.resolve("data"), database, more));
    ProcessBuilder builder = new ProcessBuilder(JavaCommand.with("-Xmx256m", "-cp",
        System.getProperty("java.class.path"), Main.class.getName(), "serve", "--json", "--config", file.toString()))
        .redirectError(errors.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("MEMLANE_"));
    return builder.start();
  }

  private static URI uri(Process process) throws IOException {
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    return URI.create(Json.MAPPER.readTree(out.readLine()).path("uri").asText());
  }

  private HttpResponse<String> send(URI uri, @Nullable String body) throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(Duration.ofMinutes(1));
    return http.send(body == null
        ? request.build()
        : request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static String memory(String key) {
    return "{\"content\":\"fact " + key + "\",\"scope\":{\"user\":\"ada\"},\"key\":\"" + key + "\"}";
  }

  /** A request whose handler waits for the body, which is sent later. */
  private static final class HalfRequest implements AutoCloseable {

    private final Socket socket;
    private final byte[] body = memory("half").getBytes(StandardCharsets.UTF_8);

    HalfRequest(URI server) throws IOException {
      socket = new Socket(server.getHost(), server.getPort());
      socket.getOutputStream().write(("POST /api/v1/memories HTTP/1.1\r\nHost: 127.0.0.1\r\n"
          + "Content-Type: application/json\r\nContent-Length: " + body.length + "\r\nExpect: 100-continue\r\n\r\n")
          .getBytes(StandardCharsets.US_ASCII));
      assertThat(line(socket.getInputStream())).startsWith("HTTP/1.1 100");
      assertThat(line(socket.getInputStream())).isEmpty();
    }

    private static String line(InputStream in) throws IOException {
      StringBuilder line = new StringBuilder();
      for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
        line.append((char) next);
      }
      return line.toString().strip();
    }

    String finish() throws IOException {
      socket.getOutputStream().write(body);
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @Test
  void sigterm_underLoad_letsRequestsFinish_andLosesNothingAcknowledged() throws Exception {
    Path errors = directory.resolve("errors");
    Process process = serve(errors);
    Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    try {
      URI server = uri(process);
      assertThat(send(server.resolve("/health/ready"), null).statusCode()).isEqualTo(200);
      assertThat(ServerFile.read(directory.resolve("data"))).isPresent();
      CountDownLatch written = new CountDownLatch(BEFORE_THE_STOP);
      List<Thread> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int writer = i;
        writers.add(Thread.ofVirtual().start(() -> write(server, writer, acknowledged, written)));
      }
      written.await();
      try (HalfRequest half = new HalfRequest(server)) {
        process.destroy();
        for (Thread writer : writers) {
          writer.join();
        }
        // No new requests are let in, and the one under way may still finish.
        assertThat(isReady(server)).isFalse();
        assertThat(half.finish()).startsWith("HTTP/1.1 201").contains("\"stored\"");
        acknowledged.add("half");
      }
      assertThat(process.waitFor()).isEqualTo(TERMINATED);
    } finally {
      process.destroyForcibly();
    }

    assertThat(Files.readString(errors)).contains("memlane: stopping; requests under way may finish");
    assertThat(directory.resolve("data").resolve(ServerFile.NAME)).doesNotExist();
    CommandRunner afterwards = new CommandRunner(directory.resolve("data"), directory, database);
    assertThat(afterwards.json("verify").path("inconsistencies")).isEmpty();
    List<String> kept = new ArrayList<>();
    for (JsonNode memory : afterwards.json("list", "--user", "ada", "--limit", "10000").path("memories")) {
      kept.add(memory.path("key").asText());
    }
    assertThat(acknowledged).hasSizeGreaterThan(BEFORE_THE_STOP);
    assertThat(kept).containsAll(acknowledged).doesNotHaveDuplicates();
  }

  private boolean isReady(URI server) throws InterruptedException {
    try {
      return send(server.resolve("/health/ready"), null).statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** Writes until the server lets nothing in. */
  private void write(URI server, int writer, Set<String> acknowledged, CountDownLatch written) {
    boolean open = true;
    for (int i = 0; open; i++) {
      String key = writer + "-" + i;
      try {
        if (send(server.resolve("/api/v1/memories"), memory(key)).statusCode() == 201) {
          acknowledged.add(key);
          written.countDown();
        }
      } catch (IOException e) {
        // A connection that ends without an answer acknowledges nothing. The next one may be let in.
        open = !(e instanceof ConnectException);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        open = false;
      }
    }
  }

  @Test
  void model_isChangedWhileTheServerServes_toWhatItsFileSaysNow_andToWhatIsNamed() throws Exception {
    Path errors = directory.resolve("errors");
    Process process = serve(errors);
    CommandRunner commands = new CommandRunner(directory.resolve("data"), directory, database);
    try {
      URI server = uri(process);
      assertThat(send(server.resolve("/api/v1/memories"), memory("a")).statusCode()).isEqualTo(201);
      assertThat(commands.run("model", "show").out()).contains("has not been changed");
      assertThat(commands.run("model", "change").err()).contains("has the model hash-384 already");
      Path file = directory.resolve("memlane.toml");
      Files.writeString(file, Files.readString(file).replace("embedder = \"hash\"", "embedder = \"local\""));

      assertThat(commands.run("model", "change").out()).isEqualTo("The model is all-MiniLM-L6-v2-q now.\n");

      assertThat(commands.run("search", "fact a", "--user", "ada").out()).contains("fact a");
      assertThat(commands.json("stats").path("modelChange").path("stage").asText()).isEqualTo("complete");
      assertThat(commands.run("stats").out()).contains("The model is all-MiniLM-L6-v2-q now.");
      assertThat(commands.json("model", "change", "--embedder", "hash", "--together").path("stage").asText())
          .isEqualTo("waiting");
      assertThat(commands.run("model", "show").out()).contains("'memlane model switch'");
      assertThat(commands.run("model", "switch").out()).contains("hash-384");
      CommandRunner.Run awaited;
      do {
        awaited = commands.run("model", "show", "--json");
      } while (!awaited.json().path("stage").asText().equals("complete"));
      assertThat(commands.run("model", "delete-old-vectors").out()).isEqualTo("Deleted 1 vector of other models.\n");
      Files.writeString(file, "embedder = 7");
      assertThat(commands.run("model", "change").err()).contains("embedder");
      assertThat(commands.run("model", "cancel").out()).contains("nothing to cancel");
      assertThat(commands.run("model", "show").out()).contains("The model is hash-384 now.");
      assertThat(send(server.resolve("/health/ready"), null).statusCode()).isEqualTo(200);
    } finally {
      process.destroyForcibly().waitFor();
    }
    CommandRunner.Run without = commands.run("model", "change");
    assertThat(without.status()).isEqualTo(1);
    assertThat(without.err()).contains("no server has the data directory").contains("memlane reindex");
  }

  @Test
  void keys_areLoggedWithoutTheirSecrets() throws IOException {
    CommandRunner runner = new CommandRunner(directory, directory, database);

    String key = runner.json("keys", "create", "assistant", "--role", "write", "--user", "ada").path("key").asText();
    runner.json("keys", "revoke", "assistant");
    assertThat(runner.run("keys", "revoke", "assistant").status()).isEqualTo(1);
    assertThat(runner.run("keys", "create", "x", "--role", "read", "--audit-log", directory.toString()).err())
        .contains("the audit log can't be written, so nothing was done");

    String log = Files.readString(directory.resolve(AuditLog.NAME));
    assertThat(log.lines().map(line -> parse(line).path("action").asText() + " " + parse(line).path("phase").asText()))
        .containsExactly("create-key begun", "create-key ended", "revoke-key begun", "revoke-key ended",
            "revoke-key begun", "revoke-key ended");
    assertThat(parse(log.lines().findFirst().orElseThrow()).path("target").toString())
        .contains("assistant", "write", "ada");
    assertThat(log).doesNotContain(key.substring(key.lastIndexOf('_')));
    assertThat(runner.json("keys", "list")).isEmpty();
  }

  private static JsonNode parse(String line) {
    try {
      return Json.MAPPER.readTree(line);
    } catch (IOException e) {
      throw new AssertionError(line, e);
    }
  }

  @Test
  void serve_withAChatModel_remembersConversations() throws Exception {
    try (ChatProvider provider = ChatProvider.start(question -> ChatReply.text(
        """
            {"facts": [{"text": "The user lives in Porto.", "kind": "fact", "subject": "home", "importance": 4, "messages": [1],
            "about": null}]}"""))) {
      Process process = serve(directory.resolve("errors"), """
          [chat]
          model = "test"
          url = "%s"
          """.formatted(provider.url()));
      try {
        URI server = uri(process);
        String scope = "{\"user\": \"ada\", \"run\": \"7\"}";
        send(server.resolve("/api/v1/conversations/messages"), "{\"scope\": " + scope
            + ", \"messages\": [{\"role\": \"user\", \"text\": \"I live in Porto\"}]}");

        HttpResponse<String> remembered = send(server.resolve("/api/v1/conversations/remember"),
            "{\"scope\": " + scope + "}");

        assertThat(remembered.statusCode()).as(remembered.body()).isEqualTo(200);
        assertThat(send(server.resolve("/api/v1/memories?user=ada"), null).body()).contains("The user lives in Porto.");
      } finally {
        process.destroy();
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      }
    }
  }

  @Test
  void serve_withWrongTls_saysWhatIsWrong() {
    CommandRunner runner = new CommandRunner(directory, directory, database);
    for (Map.Entry<List<String>, String> wrong : Map.of(List.of("--tls-key", "k"), "belong together",
        List.of("--tls-key-store", "s", "--tls-key", "k"), "give one of them",
        List.of("--tls-certificate", "none.pem", "--tls-key", "none.pem"), "there is no such file").entrySet()) {
      List<String> arguments = new ArrayList<>(List.of("serve", "--port", "0"));
      arguments.addAll(wrong.getKey());
      assertThat(runner.run(arguments.toArray(String[]::new)).err()).contains(wrong.getValue());
    }
  }
}
