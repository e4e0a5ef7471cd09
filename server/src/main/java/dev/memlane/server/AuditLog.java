package dev.memlane.server;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.memlane.model.StoreException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A log of administrative acts and erasures: who did what, when, from where, to which scope or memory, and how it ended. It has
 * no contents of memories and no keys. Names of scopes and keys are in it.
 *
 * <p>
 * The log is a file of JSON Lines that only its owner can read. An act has two lines with the same {@code act}: one before it
 * begins and one when it has ended. Each is on disk before the act goes on, and before it is answered. If the first can't be
 * written, nothing is done. A beginning without an end was interrupted: the process was killed, or the second line could not be
 * written.
 *
 * <p>
 * A file of {@link #LARGEST_FILE} bytes is set aside as {@code NAME.1}, and the one before as {@code NAME.2}. The oldest of
 * {@link #MOST_FILES} is removed. Safe for use by several threads, and by several processes.
 */
public final class AuditLog {

  /** The usual name of the file in a data directory. */
  public static final String NAME = "audit.jsonl";
  /** How large a file becomes, in bytes. */
  public static final long LARGEST_FILE = 16L << 20;
  /** How many files there are at most, with the present one. */
  public static final int MOST_FILES = 10;

  private static final Logger LOGGER = System.getLogger("dev.memlane.server");
  private static final ObjectMapper JSON = JsonMapper.builder().addModule(new JavaTimeModule())
      .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
      .defaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
      .build();

  private final Path file;
  private final long largestFile;
  private final Clock clock;

  private AuditLog(Path file, long largestFile, Clock clock) {
    this.file = file;
    this.largestFile = largestFile;
    this.clock = clock;
  }

  /** The log in a file, which need not exist yet. */
  public static AuditLog in(Path file) {
    return in(file, LARGEST_FILE, Clock.systemUTC());
  }

  static AuditLog in(Path file, long largestFile, Clock clock) {
    return new AuditLog(file, largestFile, clock);
  }

  /** What is logged. */
  public enum Action {
    /** Everything in a scope, or one memory, with its history. */
    @JsonProperty("erase")
    ERASE,
    /** Memories by a filter, or all of a scope; their histories stay. */
    @JsonProperty("delete")
    DELETE, @JsonProperty("delete-conversation")
    DELETE_CONVERSATION, @JsonProperty("export")
    EXPORT, @JsonProperty("import")
    IMPORT, @JsonProperty("verify")
    VERIFY,
    /** The index is rebuilt. */
    @JsonProperty("reindex")
    REINDEX,
    /** A change of the embedding model begins, while the memory serves. */
    @JsonProperty("change-model")
    CHANGE_MODEL, @JsonProperty("cancel-model-change")
    CANCEL_MODEL_CHANGE,
    /** The switch to a new model is announced to all processes of the database. */
    @JsonProperty("switch-model")
    SWITCH_MODEL,
    /** The vectors that other models than the present one have made. */
    @JsonProperty("delete-old-vectors")
    DELETE_OLD_VECTORS, @JsonProperty("create-key")
    CREATE_KEY, @JsonProperty("revoke-key")
    REVOKE_KEY,
    /** A dead letter is run again. */
    @JsonProperty("replay-dead-letter")
    REPLAY_DEAD_LETTER,
    /** A dead letter is thrown away. */
    @JsonProperty("drop-dead-letter")
    DROP_DEAD_LETTER
  }

  /** How the one who acts was let in. */
  public enum Entrance {
    /** By an API key that came with the request. */
    @JsonProperty("key")
    KEY,
    /** By a browser's session, which was begun with an API key. */
    @JsonProperty("session")
    SESSION,
    /** As another process of the server's owner. */
    @JsonProperty("owner")
    OWNER,
    /** From this machine, to a server without keys. */
    @JsonProperty("local")
    LOCAL,
    /** By the command line, on the data directory itself. */
    @JsonProperty("command")
    COMMAND
  }

  /**
   * The one who acts.
   *
   * @param name the name of the API key, or of the system's user at the command line; null if there is none
   * @param key the public id of the API key; null if there is none
   * @param address where the request comes from; null for the command line
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Actor(Entrance entrance, @Nullable String name, @Nullable String key, @Nullable String address) {

    /** The user at the command line. */
    public static Actor command() {
      return new Actor(Entrance.COMMAND, System.getProperty("user.name"), null, null);
    }
  }

  /** The work of an act. */
  @FunctionalInterface
  public interface Work<T> {
    T run() throws IOException;
  }

  /** A line of the log. */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  private record Line(Instant at, UUID act, String phase, Action action, Actor by, Map<String, ?> target,
      @Nullable String outcome, Map<String, ?> counts, @Nullable String error) {}

  /**
   * Does an act, and logs it.
   *
   * @param target what it is about, by scope and ids, without content
   * @param counts what is logged of the result, such as how many were deleted
   * @throws StoreException if the log can't be written; the message says whether the act was done
   * @throws IOException what the work throws
   */
  public <T> T act(Actor by, Action action, Map<String, ?> target, Work<T> work, Function<T, Map<String, ?>> counts)
      throws IOException {
    UUID act = UUID.randomUUID();
    append(new Line(now(), act, "begun", action, by, target, null, Map.of(), null),
        "the audit log can't be written, so nothing was done");
    T result;
    Map<String, ?> counted;
    try {
      result = work.run();
      counted = counts.apply(result);
    } catch (IOException | RuntimeException | Error e) {
      // The class alone: a message may be about what was sent.
      Line failed = new Line(now(), act, "ended", action, by, target, "failed", Map.of(), e.getClass().getSimpleName());
      try {
        append(failed, "it failed, and the audit log can't be written");
      } catch (StoreException unwritten) {
        e.addSuppressed(unwritten);
      }
      throw e;
    }
    append(new Line(now(), act, "ended", action, by, target, "done", counted, null),
        "it was done, but the audit log can't be written and has only its beginning");
    return result;
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }

  private void append(Line line, String consequence) {
    try {
      append(JSON.writeValueAsBytes(line));
    } catch (IOException | OverlappingFileLockException e) {
      LOGGER.log(Level.ERROR, "the audit log " + file + " can't be written", e);
      // Callers need not know where the file is.
      throw new StoreException(consequence + "; the log of the server says why, and its operator can repair it", null);
    }
  }

  private synchronized void append(byte[] line) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    try (FileChannel lock = FileChannel.open(sibling("lock"),
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
        OwnerOnlyFile.attributes()); FileLock locked = lock.lock()) {
      assert locked.isValid();
      rotate(line.length);
      try (FileChannel channel = FileChannel.open(file,
          Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.READ),
          OwnerOnlyFile.attributes())) {
        long end = channel.size();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (end > 0 && !endsLine(channel, end)) {
          // A process that was killed has left a part of a line.
          bytes.write('\n');
        }
        bytes.writeBytes(line);
        bytes.write('\n');
        ByteBuffer rest = ByteBuffer.wrap(bytes.toByteArray());
        try {
          while (rest.hasRemaining()) {
            channel.write(rest, end + rest.position());
          }
        } catch (IOException e) {
          // Half a line would look like an interrupted process.
          channel.truncate(end);
          throw e;
        }
        channel.force(true);
      }
    }
  }

  private static boolean endsLine(FileChannel channel, long end) throws IOException {
    ByteBuffer last = ByteBuffer.allocate(1);
    return channel.read(last, end - 1) == 1 && last.get(0) == '\n';
  }

  private void rotate(int more) throws IOException {
    if (!Files.exists(file) || Files.size(file) + more <= largestFile) {
      return;
    }
    for (int number = MOST_FILES - 1; number > 0; number--) {
      Path from = number == 1 ? file : sibling(String.valueOf(number - 1));
      if (Files.exists(from)) {
        Files.move(from, sibling(String.valueOf(number)), StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private Path sibling(String suffix) {
    return file.resolveSibling(file.getFileName() + "." + suffix);
  }

  /** A target or counts, of names and values in turn; those without a value are left out. */
  public static Map<String, Object> values(@Nullable Object... namesAndValues) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      Object value = namesAndValues[i + 1];
      if (value != null) {
        values.put(String.valueOf(namesAndValues[i]), value);
      }
    }
    return values;
  }

  @Override
  public String toString() {
    return "AuditLog[" + file + "]";
  }
}
