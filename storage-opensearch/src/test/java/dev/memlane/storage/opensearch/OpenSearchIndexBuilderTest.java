package dev.memlane.storage.opensearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.model.VectorType;
import dev.memlane.testing.TestMemories;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OpenSearchIndexBuilderTest {

  private static final String SECRET = "correct-horse-battery";

  private static OpenSearchIndexBuilder builder(String... hosts) {
    return OpenSearchIndex.builder(hosts).model(TestMemories.MODEL).dimension(TestMemories.DIMENSION);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ftp://host", "host:9200", "http://", "http://host/path", "https://host?x=" + SECRET,
      "https://ada:" + SECRET + "@host", "not an address " + SECRET})
  void hosts_thatAreNone_areRefused_withoutRepeatingThem(String host) {
    assertThatThrownBy(() -> OpenSearchIndex.builder(host)).isInstanceOf(InvalidInputException.class)
        .hasNoCause().message().doesNotContain(SECRET);
  }

  @Test
  void vectors_asBits_areRefused() {
    assertThatThrownBy(() -> builder("https://localhost:1").vectors(VectorType.BIT))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("float or byte");
  }

  @Test
  void secrets_areInNoText() {
    for (OpenSearchIndexBuilder builder : new OpenSearchIndexBuilder[]{
        builder("https://localhost:1").user("ada", SECRET), builder("https://localhost:1").apiKey(SECRET)}) {
      assertThat(builder.toString()).doesNotContain(SECRET);
      assertThat(String.valueOf(builder.credentials)).doesNotContain(SECRET);
    }
  }

  @Test
  void aSecretThatTheServerRepeats_isInNoFailure() throws IOException {
    String encoded = Base64.getEncoder().encodeToString(("ada:" + SECRET).getBytes(StandardCharsets.UTF_8));
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> repeatSecrets(server, encoded));

      assertThatThrownBy(
          () -> builder("http://127.0.0.1:" + server.getLocalPort()).user("ada", SECRET).open())
          .isInstanceOf(StoreException.class).satisfies(failure -> {
            StringWriter trace = new StringWriter();
            failure.printStackTrace(new PrintWriter(trace));
            assertThat(trace.toString()).contains("403").doesNotContain(SECRET).doesNotContain(encoded);
          });
    }
  }

  private static void repeatSecrets(ServerSocket server, String encoded) {
    String body = "{\"error\": \"no, " + SECRET + " and " + encoded + " are wrong\"}";
    while (true) {
      try (Socket socket = server.accept()) {
        socket.getInputStream().read(new byte[8_192]);
        socket.getOutputStream().write(("HTTP/1.1 403 No\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
            .getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        // It is closed.
        return;
      }
    }
  }

  @Test
  void secrets_areNotSentWithoutEncryption_toOtherMachines() {
    assertThatThrownBy(() -> builder("http://search.example.org:9200").user("ada", SECRET).open())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("without encryption").message()
        .doesNotContain(SECRET);
  }

  @Test
  void names_thatTheClusterRefuses_areRefused() {
    for (String name : new String[]{"", "Upper", "a,b", "*", "_all", "a/b", "-x"}) {
      assertThatThrownBy(() -> builder("http://localhost:1").index(name)).isInstanceOf(InvalidInputException.class);
    }
  }

  @Test
  void options_outsideTheirRange_areRefused() {
    OpenSearchIndexBuilder builder = builder("http://localhost:1");
    assertThatThrownBy(() -> builder.shards(0)).isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(() -> builder.replicas(-1)).isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(() -> builder.readTimeout(Duration.ZERO)).isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(() -> OpenSearchIndex.builder()).isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(() -> OpenSearchIndex.builder("http://localhost:1").open())
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void certificates_thatAreNone_areRefused(@TempDir Path folder) throws IOException {
    Path none = Files.writeString(folder.resolve("none.pem"), "no certificate");

    assertThatThrownBy(() -> builder("https://localhost:1").trustCertificate(none).open())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("none.pem");
    assertThatThrownBy(() -> builder("https://localhost:1").trustCertificate(folder.resolve("absent")).open())
        .isInstanceOf(InvalidInputException.class);
  }
}
