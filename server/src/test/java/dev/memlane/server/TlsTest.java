package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.InvalidInputException;
import dev.memlane.testing.TestCertificates;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS with a real client, and what is refused at the start. */
@Tag("slow")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsTest {

  private static final String OWNER = ServerFile.newKey();

  @TempDir
  static Path shared;

  @TempDir
  Path directory;

  private static TestCertificates first;
  private static TestCertificates second;
  private static Path certificate;
  private static Path key;
  private static ServerStage stage;
  private static HttpClient client;
  private static String apiKey;

  @BeforeAll
  static void start() throws Exception {
    first = TestCertificates.make(shared, "first", "EC");
    second = TestCertificates.make(shared, "second", "RSA");
    certificate = first.writeCertificate(shared.resolve("certificate.pem"));
    key = first.writeKey(shared.resolve("key.pem"));
    stage = new ServerStage(shared, settings -> settings.tls(ServerTls.pem(certificate, key)).ownerKey(OWNER)
        .names(List.of("memory.example.org")));
    apiKey = stage.keys().create("tls", Role.ADMIN, new Grant.Everything(), null);
    client = client("TLS");
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  private static HttpClient client(String protocol) throws GeneralSecurityException, IOException {
    return HttpClient.newBuilder().sslContext(TestCertificates.trusting(protocol, first, second)).build();
  }

  private static HttpResponse<String> get(HttpClient by, URI uri, String presented)
      throws IOException, InterruptedException {
    return by.send(HttpRequest.newBuilder(uri).header("Authorization", "Bearer " + presented)
        .timeout(Duration.ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static SSLSocket connect() throws IOException, GeneralSecurityException {
    SSLSocket socket = (SSLSocket) TestCertificates.trusting("TLS", first, second).getSocketFactory()
        .createSocket("127.0.0.1", stage.server().port());
    socket.startHandshake();
    return socket;
  }

  private static Certificate presented() throws IOException, GeneralSecurityException {
    try (SSLSocket socket = connect()) {
      return socket.getSession().getPeerCertificates()[0];
    }
  }

  @Test
  void request_overTls_isAnswered() throws Exception {
    assertThat(stage.server().uri().getScheme()).isEqualTo("https");

    HttpResponse<String> answer = get(client, stage.server().uri().resolve("/api/v1/memories"), apiKey);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.sslSession().orElseThrow().getProtocol()).isEqualTo("TLSv1.3");
    assertThat(answer.headers().firstValue("Strict-Transport-Security")).as("on loopback").isEmpty();
    HttpResponse<String> older = get(client("TLSv1.2"), stage.server().uri().resolve("/health/live"), apiKey);
    assertThat(older.sslSession().orElseThrow().getProtocol()).isEqualTo("TLSv1.2");
  }

  @Test
  void answer_underAName_forbidsPlainRequests() throws Exception {
    try (SSLSocket socket = connect()) {
      socket.getOutputStream()
          .write("GET /health/live HTTP/1.1\r\nHost: memory.example.org\r\nConnection: close\r\n\r\n"
              .getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);

      assertThat(answer).startsWith("HTTP/1.1 200").contains("Strict-Transport-Security: max-age=31536000");
    }
  }

  @Test
  void clientThatCloses_isNoticed_overTlsAsWell() throws Exception {
    try (SSLSocket socket = connect()) {
      socket.getOutputStream().write(("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + apiKey
          + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();

      String stream = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(stream).contains("event: begin").doesNotContain("alive");
    }
  }

  @Test
  void session_overTls_isForTlsOnly() throws Exception {
    HttpResponse<String> begun = client.send(
        HttpRequest.newBuilder(stage.server().uri().resolve("/api/v1/session"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(TestClient.object("key", apiKey))).build(),
        HttpResponse.BodyHandlers.ofString());

    assertThat(begun.statusCode()).isEqualTo(200);
    assertThat(begun.headers().firstValue("Set-Cookie").orElseThrow()).contains("Secure", "HttpOnly",
        "SameSite=Strict");
  }

  @Test
  void plainPort_isForTheOwnerOnly() throws Exception {
    URI plain = ServerFile.of(stage.server(), OWNER).uri();

    assertThat(plain.getScheme()).isEqualTo("http");
    assertThat(get(client, plain.resolve("/api/v1/memories"), OWNER).statusCode()).isEqualTo(200);
    assertThat(get(client, plain.resolve("/api/v1/memories"), apiKey).statusCode()).isEqualTo(401);
    assertThat(new TestClient(plain, null).get("/api/v1/memories").status()).isEqualTo(401);
    assertThat(new TestClient(plain, null).post("/mcp", "{}").status()).isEqualTo(401);
  }

  @Test
  void request_withoutTls_isNotAnswered() {
    URI plain = URI.create("http://127.0.0.1:" + stage.server().port() + "/health/live");

    assertThatThrownBy(() -> get(client, plain, apiKey)).isInstanceOf(IOException.class);
  }

  @Test
  void client_thatDoesNotTrustTheCertificate_refusesIt() {
    assertThatThrownBy(() -> get(HttpClient.newHttpClient(), stage.server().uri().resolve("/health/live"), apiKey))
        .isInstanceOfAny(SSLHandshakeException.class, SSLException.class);
  }

  @Test
  void files_thatChange_areUsedWithoutARestart() throws Exception {
    Certificate before = presented();
    TestCertificates next = before.equals(first.certificate()) ? second : first;
    Path prepared = next.writeKey(directory.resolve("next.pem"));
    // Half of the change: the new key, and still the old certificate.
    try (Log log = new Log()) {
      Files.move(prepared, key, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      log.await("the certificate was not replaced, and the one before is still in use");
      assertThat(presented()).isEqualTo(before);
      assertThat(log.lines()).noneMatch(line -> line.contains("BEGIN"));

      next.writeCertificate(certificate);
      log.await("a new certificate is in use");
      assertThat(presented()).isEqualTo(next.certificate());
      assertThat(get(client("TLS"), stage.server().uri().resolve("/api/v1/memories"), apiKey).statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void keyStore_isUsed() throws Exception {
    try (ServerStage other = new ServerStage(directory,
        settings -> settings.tls(ServerTls.keyStore(second.keyStore(), TestCertificates.PASSWORD)))) {
      assertThat(get(client, other.server().uri().resolve("/api/v1/memories"), "").statusCode()).isEqualTo(401);
    }
  }

  @Test
  void encryptedKey_isUsedWithItsPassword() throws Exception {
    Path chain = second.writeCertificate(directory.resolve("chain.pem"));
    Path encrypted = second.writeEncryptedKey(directory.resolve("encrypted.pem"), TestCertificates.PASSWORD);

    assertRefused(ServerTls.pem(chain, encrypted), "the key", "is encrypted; set its password");
    assertRefused(ServerTls.pem(chain, encrypted).withPassword("wrong-secret"), "can't be opened with this password");
    try (MemlaneServer other = MemlaneServer.builder(stage.memory()).port(0)
        .tls(ServerTls.pem(chain, encrypted).withPassword(TestCertificates.PASSWORD)).start()) {
      assertThat(get(client, other.uri().resolve("/health/live"), "").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void files_thatCannotBeUsed_areRefusedWithTheReason() throws Exception {
    Path good = second.writeCertificate(directory.resolve("good.pem"));
    Path goodKey = second.writeKey(directory.resolve("good-key.pem"));
    TestCertificates expired = TestCertificates.make(directory, "expired", "EC", "-startdate", "-10d", "-validity",
        "1");
    TestCertificates future = TestCertificates.make(directory, "future", "EC", "-startdate", "+10d");
    Path othersKey = first.writeKey(directory.resolve("others.pem"));
    Path open = second.writeKey(directory.resolve("open.pem"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
    Path older = closed("older.pem", Files.readString(goodKey).replace("PRIVATE KEY", "RSA PRIVATE KEY"));

    assertRefused(ServerTls.pem(directory.resolve("none.pem"), goodKey), "none.pem", "there is no such file");
    assertRefused(ServerTls.pem(directory, goodKey), "can't be read");
    assertRefused(ServerTls.pem(goodKey, goodKey), "has no certificate");
    assertRefused(ServerTls.pem(good, good), "is open to other users");
    assertRefused(ServerTls.pem(good, closed("empty.pem", "")), "has 0 keys");
    assertRefused(ServerTls.pem(good, closed("two.pem", Files.readString(goodKey) + Files.readString(othersKey))),
        "has 2 keys");
    assertRefused(ServerTls.pem(good, closed("damaged.pem", Files.readString(goodKey).replace("MII", "MAA"))),
        "damaged.pem is damaged");
    assertRefused(ServerTls.pem(Files.writeString(directory.resolve("cut.pem"),
        Files.readString(good).replace("MII", "MAA")), goodKey), "a certificate in", "cut.pem is damaged");
    assertRefused(ServerTls.pem(good, othersKey), "others.pem is not that of the first certificate", "good.pem");
    assertRefused(ServerTls.pem(good, open), "open.pem is open to other users", "chmod 600");
    assertRefused(ServerTls.pem(good, older), "older form, RSA PRIVATE KEY", "openssl pkcs8 -topk8");
    assertRefused(ServerTls.keyStore(expired.keyStore(), TestCertificates.PASSWORD), "has expired at", "renew it");
    assertRefused(ServerTls.keyStore(future.keyStore(), TestCertificates.PASSWORD), "is not valid before");
    assertRefused(ServerTls.keyStore(second.keyStore(), "wrong-secret"), "can't be opened with this password");
    assertRefused(new ServerTls(second.keyStore(), null, null), "is encrypted; set its password");
    assertRefused(ServerTls.keyStore(goodKey, "wrong-secret"), "is no PKCS12 key store");
    assertRefused(ServerTls.pem(closed("large.pem", "x".repeat(2 << 20)), goodKey), "too large");
    assertThat(ServerTls.keyStore(good, "wrong-secret").toString()).doesNotContain("wrong-secret");
  }

  private Path closed(String name, String text) throws IOException {
    Path file = Files.writeString(directory.resolve(name), text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file;
  }

  private static void assertRefused(ServerTls files, String... parts) {
    assertThatThrownBy(() -> MemlaneServer.builder(stage.memory()).port(0).tls(files).start().close())
        .isInstanceOf(InvalidInputException.class).hasMessageContainingAll(parts)
        .satisfies(
            e -> assertThat(e.getMessage()).doesNotContain("wrong-secret", TestCertificates.PASSWORD, "BEGIN RSA"));
  }

  @Test
  void beyondLoopback_withoutTls_isWarnedOf() throws Exception {
    try (Log log = new Log();
        MemlaneServer open = MemlaneServer.builder(stage.memory()).host("0.0.0.0").port(0).keys(stage.keys()).start()) {
      assertThat(log.lines()).singleElement().asString().contains("beyond loopback, on 0.0.0.0, without TLS");
      assertThat(open.port()).isPositive();
    }
    try (Log log = new Log();
        MemlaneServer closed = MemlaneServer.builder(stage.memory()).host("0.0.0.0").port(0).keys(stage.keys())
            .tls(ServerTls.keyStore(second.keyStore(), TestCertificates.PASSWORD)).start()) {
      assertThat(log.lines()).isEmpty();
      assertThat(closed.uri().getScheme()).isEqualTo("https");
    }
  }

  /** What the server logs. */
  private static final class Log extends Handler implements AutoCloseable {

    /** Held strongly: the log manager holds loggers weakly. */
    private final Logger logger = Logger.getLogger("dev.memlane.server");
    private final java.util.logging.Level before = logger.getLevel();
    private final SimpleFormatter formatter = new SimpleFormatter();
    private final List<String> lines = new ArrayList<>();

    Log() {
      logger.setLevel(java.util.logging.Level.INFO);
      logger.addHandler(this);
    }

    @Override
    public synchronized void publish(LogRecord line) {
      lines.add(formatter.formatMessage(line));
      notifyAll();
    }

    synchronized List<String> lines() {
      return List.copyOf(lines);
    }

    synchronized void await(String part) throws InterruptedException {
      while (lines.stream().noneMatch(line -> line.contains(part))) {
        wait();
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      logger.removeHandler(this);
      logger.setLevel(before);
    }
  }
}
