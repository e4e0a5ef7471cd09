package dev.memlane.spark;

import dev.memlane.model.InvalidInputException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where a process finds the password of the database. Immutable. */
sealed interface Password extends Serializable {

  /**
   * Reads the password in this process.
   *
   * @return null if there is none
   * @throws InvalidInputException if it isn't where it should be
   */
  @Nullable
  String read();

  /** The URL has the password, or none is needed. */
  record None() implements Password {
    @Override
    public @Nullable String read() {
      return null;
    }
  }

  /** The password itself, which is sent with the job. */
  record Given(String value) implements Password {
    @Override
    public String read() {
      return value;
    }

    @Override
    public String toString() {
      return "Given[]";
    }
  }

  /** An environment variable of the driver and of each executor. */
  record InEnvironment(String variable) implements Password {
    @Override
    public String read() {
      String value = System.getenv(variable);
      if (value == null) {
        // A user who made a mistake may have put the password itself here.
        throw new InvalidInputException("the option " + SourceOptions.PASSWORD_ENVIRONMENT
            + " must name an environment variable that the driver and the executors have; this process has none of the "
            + "name given: set it for executors with spark.executorEnv");
      }
      return value;
    }

    @Override
    public String toString() {
      return "InEnvironment[]";
    }
  }

  /** A file that the driver and each executor can read. */
  record InFile(String path) implements Password {
    @Override
    public String read() {
      try {
        return Files.readString(Path.of(path)).stripTrailing();
      } catch (IOException e) {
        throw new InvalidInputException("the file that the option " + SourceOptions.PASSWORD_FILE
            + " names can't be read here; the driver and the executors need it", e);
      }
    }
  }
}
