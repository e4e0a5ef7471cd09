package dev.memlane.server;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The file {@value #NAME} in a data directory, by which other processes of its owner find the server that has the directory
 * open, and are let in. Only the owner can read it. The key in it is new for each server.
 *
 * <pre>{@code
 * String key = ServerFile.newKey();
 * MemlaneServer server = MemlaneServer.builder(memory).port(0).ownerKey(key).start();
 * ServerFile file = ServerFile.of(server, key);
 * file.write(directory);
 * ...
 * file.remove(directory);
 * }</pre>
 *
 * @param uri where the server is reached from this machine, such as {@code http://127.0.0.1:7437}
 * @param process the id of its process
 * @param started when that process started, to tell it from a later one with the same id; null if that is not known
 * @param key the owner's key, which may do everything
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ServerFile(URI uri, long process, @Nullable Instant started, String key) {

  /** The file's name. */
  public static final String NAME = "server.json";

  private static final int KEY_BYTES = 32;
  private static final Duration APART = Duration.ofMinutes(1);
  private static final int LARGEST = 64 << 10;
  private static final ObjectMapper JSON = JsonMapper.builder().addModule(new JavaTimeModule()).build();

  public ServerFile {
    Objects.requireNonNull(uri, "uri");
    if (key.isBlank()) {
      throw new InvalidInputException("the server's file has no key");
    }
  }

  /** A new owner's key, with 256 random bits. */
  public static String newKey() {
    byte[] bytes = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(bytes);
    return "mlo_" + HexFormat.of().formatHex(bytes);
  }

  /** The file for a server in this process. */
  public static ServerFile of(MemlaneServer server, String key) {
    ProcessHandle self = ProcessHandle.current();
    return new ServerFile(server.ownerUri(), self.pid(), self.info().startInstant().orElse(null), key);
  }

  /**
   * Reads the file of a directory.
   *
   * @return empty if there is none, or if it is of a process that has ended, or is being replaced
   * @throws StoreException if it can't be read
   */
  public static Optional<ServerFile> read(Path directory) {
    Path file = directory.resolve(NAME);
    try {
      if (Files.size(file) > LARGEST) {
        return Optional.empty();
      }
      return Optional.of(JSON.readValue(Files.readAllBytes(file), ServerFile.class)).filter(ServerFile::isRunning);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      // The message of a parser may repeat the key.
      throw new StoreException("the file of the running server can't be read: " + file
          + "; end that server, and remove the file", null);
    }
  }

  /** Whether the server's process is still there. */
  @JsonIgnore
  public boolean isRunning() {
    return ProcessHandle.of(process).filter(ProcessHandle::isAlive)
        .filter(found -> found.info().startInstant().map(this::isStart).orElse(true)).isPresent();
  }

  /** Systems derive the start from the time since they were booted, so two processes may see it a little apart. */
  private boolean isStart(Instant found) {
    return started == null || Duration.between(started, found).abs().compareTo(APART) < 0;
  }

  /**
   * Writes the file, in place of one that an ended process has left. Only the process that has the directory open may.
   *
   * @throws StoreException if it can't be written
   */
  public void write(Path directory) {
    Path file = directory.resolve(NAME);
    try {
      OwnerOnlyFile.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
    } catch (IOException e) {
      throw new StoreException("the file of the running server can't be written: " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Removes the file of a directory, if it is this one.
   *
   * @throws StoreException if it can't be removed
   */
  public void remove(Path directory) {
    Path file = directory.resolve(NAME);
    try {
      if (read(directory).filter(this::equals).isPresent()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new StoreException("the file of the running server can't be removed: " + file + ": " + e.getMessage(), e);
    }
  }

  /** Without the key. */
  @Override
  public String toString() {
    return "ServerFile[" + uri + ", process " + process + "]";
  }
}
