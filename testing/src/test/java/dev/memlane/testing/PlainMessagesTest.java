package dev.memlane.testing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainMessagesTest {

  @ParameterizedTest
  @ValueSource(strings = {"can't read a.toml: java.nio.file.NoSuchFileException: a.toml",
      "metadata \"a\" is a List12; a value must be a text", "UnknownHostException: db.example", "the reason: null",
      "not JSON: Unrecognized token 'NaN': was expecting (JSON String, Number, Array, Object or token 'null')",
      "Document nesting depth (1001) exceeds the maximum allowed (1000, from `StreamReadConstraints.getMaxNestingDepth()`)",
      "the answer is <html><head><title>502 Bad Gateway</title>", "something happened: null", "Endpoint$State",
      "\tat dev.memlane.cli.Main.main(Main.java:1)", "embedder: java.net.http.HttpTimeoutException"})
  void forbiddenWords_areFound(String message) {
    assertThat(PlainMessages.forbiddenIn(message)).isNotNull();
  }

  @Test
  void plainMessages_pass() {
    PlainMessages.assertPlain("Error: \"limit\" must be a whole number from 1 to 100");
    PlainMessages.assertPlain("chat.jsonl:4: not JSON: the text ends in the middle of an object");
    PlainMessages.assertPlain("metadata \"a\" is null; leave the key out");
    PlainMessages.assertPlain("no answer from https://api.example.com/v1: the host's name is not known");
  }
}
