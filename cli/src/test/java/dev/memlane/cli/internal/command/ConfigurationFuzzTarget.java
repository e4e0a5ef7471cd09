package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.Refusals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Configuration files: TOML, or properties if the first line says so. */
public final class ConfigurationFuzzTarget implements FuzzTarget {

  private static final String SECRET = "sk-3f9a7c51e8d24b06";
  private static final Map<String, String> ENVIRONMENT = Map.of("KEY", SECRET, "EMPTY", "");
  private static final String PROPERTIES = "#properties";

  private final Path directory;

  /** Keeps its files in a directory of its own. */
  public ConfigurationFuzzTarget() {
    try {
      directory = Files.createTempDirectory("memlane-fuzz");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String name() {
    return "configuration";
  }

  @Override
  public List<byte[]> seeds() {
    String endpoint = "[embedding]\nmodel = \"m\"\ndimension = 8\n\n[[embedding.endpoints]]\nurl = \"https://example.com/v1\"\n";
    Stream<String> texts = Stream.of("", endpoint, endpoint + """
        name = "one"
        key-from = "KEY"
        concurrency = 2
        requests-per-minute = 60_000
        tokens-per-minute = 1000000
        tokens-per-request = 8000
        texts = 16
        timeout = 2.5
        weight = 3
        unencrypted-key = true
        base64 = false
        model-there = "other"
        """, endpoint + "deployment = \"mine\"\napi-version = \"2024-10-21\"\nkey-from = \"EMPTY\"\n",
        endpoint.replace("dimension", "policy = 'weighted'\nattempts = 3\nshorten = true\ndimension"),
        endpoint + "timeout = inf\n", endpoint + "timeout = -1\n", endpoint + "texts = 0\n",
        endpoint + "api-key = \"x\"\n",
        "embedding = {model = \"m\", dimension = 8, endpoints = [{url = \"http://localhost\"}]}", PROPERTIES + """

            embedding.model=test
            embedding.dimension=8
            embedding.endpoints.1.url=https://my.openai.azure.com
            embedding.endpoints.1.deployment=mine
            embedding.endpoints.1.api-version=2024-10-21
            embedding.endpoints.1.key-from=KEY
            """, PROPERTIES + "\nembedding=x\n",
        "a = 1979-05-27T07:32:00Z\nb = \"\\u00e9\"\nc = '''x\n'''\nd = 0xff\n");
    return Stream.concat(texts.map(text -> text.getBytes(StandardCharsets.UTF_8)),
        Stream.of(("\uFEFF" + endpoint).getBytes(StandardCharsets.UTF_16LE))).toList();
  }

  @Override
  public List<String> words() {
    return List.of("[embedding]\n", "[[embedding.endpoints]]\n", "embedding.", "endpoints.", "model = ", "dimension = ",
        "policy = ", "attempts = ", "shorten = ", "url = ", "deployment = ", "api-version = ", "key-from = \"KEY\"\n",
        "model-there = ", "concurrency = ", "requests-per-minute = ", "tokens-per-minute = ", "tokens-per-request = ",
        "texts = ", "timeout = ", "weight = ", "unencrypted-key = ", "base64 = ", "true\n", "nan\n", "inf\n", "[", "]",
        "{",
        "}", "\"", "'", "\"\"\"", "=", ".", ",", "#", "\\", "\\u", "\n", PROPERTIES + "\n", "1979-05-27", "07:32:00",
        "http://",
        "https://user:pass@host/", "[::1]", ":99999");
  }

  @Override
  public void check(byte[] input) throws IOException {
    boolean properties = new String(input, StandardCharsets.UTF_8).startsWith(PROPERTIES);
    Path file = directory.resolve(properties ? "memlane.properties" : "memlane.toml");
    try {
      Configuration read = Configuration.read(Files.write(file, input));
      requireSameInUtf16(input, file, read);
      EmbedderPool pool = read.embedders(ENVIRONMENT);
      if (pool != null) {
        requireHidden(pool);
      }
    } catch (CommandFailure e) {
      Refusals.requirePlain(e.getMessage(), input);
      if (String.valueOf(e.getMessage()).contains(SECRET)) {
        throw new AssertionError("the key is in the message");
      }
    }
  }

  private static void requireHidden(EmbedderPool pool) {
    BatchingEmbedder.builder(pool).build().close();
    if (pool.toString().contains(SECRET)) {
      throw new AssertionError("the key is shown");
    }
  }

  private static void requireSameInUtf16(byte[] input, Path file, Configuration read) throws IOException {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(input)).toString();
    } catch (CharacterCodingException e) {
      // Other bytes are replaced, and have no counterpart in UTF-16.
      return;
    }
    if (!text.startsWith("\uFEFF")) {
      Configuration again = Configuration
          .read(Files.write(file, ("\uFEFF" + text).getBytes(StandardCharsets.UTF_16BE)));
      if (!again.equals(read)) {
        throw new AssertionError("in UTF-16 it is " + again + ", and not " + read);
      }
    }
  }

  @Override
  public void close() {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
