package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.server.SharedMemory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Runs commands as a user does, on a real data directory or database; only the embedder is another one. */
final class CommandRunner {

  private final Map<String, String> environment = new HashMap<>();
  private final Path home;
  private final CommandContext.Opening opening;
  private byte[] input = new byte[0];

  /** @param jdbcUrl the database; null for the embedded server */
  CommandRunner(Path data, Path home, @Nullable String jdbcUrl) {
    this(builder -> {
      builder.embedder(new HashEmbedder());
      Memlane memlane = (jdbcUrl == null ? builder : builder.postgres(jdbcUrl, null, null)).open();
      return new SharedMemory.Opened(memlane.memory(), memlane);
    }, data, home);
  }

  /** @param opening opens the data of each command */
  CommandRunner(CommandContext.Opening opening, Path data, Path home) {
    this.home = home;
    this.opening = opening;
    environment.put("MEMLANE_DATA", data.toString());
  }

  /** What came of a command. */
  record Run(int status, String out, String err) {

    JsonNode json() {
      assertThat(out.lines()).as("one line of JSON; standard error: " + err).hasSize(1);
      try {
        return Json.MAPPER.readTree(out);
      } catch (IOException e) {
        throw new AssertionError("not JSON: " + out, e);
      }
    }
  }

  /** What standard input holds from now on. */
  void input(byte[] bytes) {
    input = bytes;
  }

  /** Sets a variable of the environment. */
  void variable(String name, String value) {
    environment.put(name, value);
  }

  Run run(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console = new Console(new ByteArrayInputStream(input), new PrintStream(out, false, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8), false);
    CommandContext context = new CommandContext(new CommonOptions(), console, environment, home, new StopSignal(),
        UnaryOperator.identity(), opening);
    int status = new Application(context).run(arguments);
    return new Run(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** Runs a command that must succeed, and reads its JSON. */
  JsonNode json(String... arguments) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.add("--json");
    Run run = run(all.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return run.json();
  }
}
