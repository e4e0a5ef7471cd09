package dev.memlane.cli.internal.command;

import com.fasterxml.jackson.annotation.JsonAnySetter;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.lanes.Lane;
import dev.memlane.model.InvalidInputException;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.tasks.DurableLanes;
import dev.memlane.storage.tasks.DurableLanesBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The lanes of a configuration file: {@code [lanes]} may name the runner, and {@code [lanes.NAME]} has the settings of a lane.
 * The default lanes are there as well. Not safe for use by several threads.
 */
final class LaneConfiguration {

  /** The file in the data directory that names the runner, unless the configuration does. */
  private static final String RUNNER_FILE = "lanes-runner";

  @JsonProperty
  private @Nullable String runner;

  private final Map<String, Settings> lanes = new LinkedHashMap<>();

  /**
   * The settings of a lane. Those that are absent are those of the default lane of this name, or of any lane.
   *
   * @param durable whether its tasks outlive the process
   */
  record Settings(@Nullable Boolean durable, @Nullable Integer priority, @Nullable Integer concurrency,
      @Nullable Integer reserved, @Nullable Integer queueBound, @Nullable Duration timeout, @Nullable Integer attempts,
      @Nullable Duration firstPause, @Nullable Integer startsPerMinute) {

    Lane lane(String name) {
      Lane usual = Lane.defaults().stream().filter(one -> one.name().equals(name)).findFirst()
          .orElseGet(() -> Lane.of(name));
      return new Lane(name, or(priority, usual.priority()), or(concurrency, usual.concurrency()),
          or(reserved, usual.reserved()), or(queueBound, usual.queueBound()),
          timeout == null ? usual.timeout() : timeout, or(attempts, usual.attempts()),
          firstPause == null ? usual.firstPause() : firstPause, or(startsPerMinute, usual.startsPerMinute()));
    }

    private static int or(@Nullable Integer set, int usual) {
      return set == null ? usual : set;
    }
  }

  @JsonAnySetter
  void lane(String name, Settings settings) {
    lanes.put(name, settings);
  }

  /**
   * Opens the lanes.
   *
   * @param directory of the data; it names the runner unless the configuration does
   * @throws CommandFailure if a setting is invalid
   */
  DurableLanes open(Database database, Path directory) {
    DurableLanesBuilder builder = DurableLanes.builder(database);
    try {
      builder.runner(runner == null ? runnerOf(directory) : runner);
      lanes.forEach((name, settings) -> {
        if (Boolean.TRUE.equals(settings.durable())) {
          builder.durableLane(settings.lane(name));
        } else {
          builder.lane(settings.lane(name));
        }
      });
      return builder.defaultLanes().open();
    } catch (InvalidInputException | IllegalArgumentException e) {
      throw new CommandFailure("the configuration's [lanes]: " + e.getMessage(), e);
    }
  }

  /** The name that belongs to the directory, so that servers on one database have names of their own, and keep them. */
  private static String runnerOf(Path directory) {
    Path file = directory.resolve(RUNNER_FILE);
    try {
      String name = Files.readString(file, StandardCharsets.UTF_8).strip();
      // A process that was killed while it wrote the name had not used it.
      return name.isEmpty() ? newRunner(file) : name;
    } catch (NoSuchFileException e) {
      // It is the first time.
      return newRunner(file);
    } catch (IOException e) {
      throw new CommandFailure("the runner's name can't be read: " + file + ": " + IoErrors.describe(e), e);
    }
  }

  private static String newRunner(Path file) {
    String name = UUID.randomUUID().toString();
    try {
      Files.writeString(file, name, StandardCharsets.UTF_8);
      return name;
    } catch (IOException e) {
      throw new CommandFailure("the runner's name can't be written: " + file + ": " + IoErrors.describe(e), e);
    }
  }
}
