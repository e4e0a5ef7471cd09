package dev.memlane.cli.internal.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.archive.JsonErrors;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files of data sets. Failures say which file, and why. */
final class EvalFile {

  private EvalFile() {}

  /** @throws CommandFailure if the file cannot be read, or is not JSON */
  static JsonNode json(Path file) {
    try {
      return Json.MAPPER.readTree(Files.readAllBytes(file));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new CommandFailure(file + " is not JSON: " + JsonErrors.describe(e, null), e);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** @throws CommandFailure if the file cannot be read, or a line is not JSON */
  static List<JsonNode> jsonLines(Path file) {
    return lines(file).stream().map(line -> {
      try {
        return Json.MAPPER.readTree(line);
      } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
        throw new CommandFailure(file + " has a line that is not JSON: " + JsonErrors.describe(e, null), e);
      }
    }).toList();
  }

  /** The lines that are not blank. */
  static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, StandardCharsets.UTF_8).stream().filter(line -> !line.isBlank()).toList();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static CommandFailure unreadable(Path file, IOException e) {
    return new CommandFailure("can't read " + file + ": " + IoErrors.describe(e), e);
  }
}
