package dev.memlane.server;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The API keys of a server, in a file that only its owner can read.
 *
 * <p>
 * A key is shown once, when it is created. The file has its hash: the secret has 256 random bits, so nothing but the key
 * itself has that hash. The command line changes the file while a server runs; the server reads it again within
 * a second.
 *
 * <p>
 * Safe for use by several threads, and by several processes.
 */
public final class ApiKeys {

  /** The most keys of one file. */
  public static final int MOST = 10_000;

  private static final Pattern FORM = Pattern.compile("mlk_([0-9a-f]{16})_([0-9a-f]{64})");
  private static final int ID_BYTES = 8;
  private static final int SECRET_BYTES = 32;
  private static final long LARGEST_FILE = 64L << 20;
  private static final Duration READ_AGAIN_AFTER = Duration.ofSeconds(1);

  private final Path file;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();
  private final ObjectMapper json = new ObjectMapper().registerModule(new JavaTimeModule());

  @GuardedBy("this")
  private List<ApiKey> keys = List.of();

  @GuardedBy("this")
  private Instant readAt = Instant.MIN;

  private ApiKeys(Path file, Clock clock) {
    this.file = file;
    this.clock = clock;
  }

  /** The keys in a file, which need not exist yet. */
  public static ApiKeys in(Path file) {
    return in(file, Clock.systemUTC());
  }

  static ApiKeys in(Path file, Clock clock) {
    return new ApiKeys(file, clock);
  }

  /**
   * Creates a key.
   *
   * @param expiresAt from when it is refused; null for never
   * @return the key itself, which can't be read again
   * @throws InvalidInputException if there is one with this name, or there are {@value #MOST}
   * @throws StoreException if the file can't be read or written
   */
  public String create(String name, Role role, Grant grant, @Nullable Instant expiresAt) {
    String id = randomHex(ID_BYTES);
    String secret = randomHex(SECRET_BYTES);
    ApiKey created = new ApiKey(id, name, role, grant, clock.instant(), expiresAt, hash(secret));
    change(all -> {
      if (all.stream().anyMatch(key -> key.name().equals(name))) {
        throw new InvalidInputException("there is a key named " + name + "; revoke it first, or choose another name");
      }
      if (all.size() >= MOST) {
        throw new InvalidInputException("there are " + MOST + " keys already; revoke some first");
      }
      List<ApiKey> more = new ArrayList<>(all);
      more.add(created);
      return more;
    });
    return "mlk_" + id + "_" + secret;
  }

  /**
   * Revokes a key. A running server refuses it within a second.
   *
   * @return whether there was one with this name
   * @throws StoreException if the file can't be read or written
   */
  public boolean revoke(String name) {
    boolean[] found = new boolean[1];
    change(all -> {
      List<ApiKey> others = all.stream().filter(key -> !key.name().equals(name)).toList();
      found[0] = others.size() < all.size();
      return others;
    });
    return found[0];
  }

  /**
   * Lists the keys in order of creation, expired ones included.
   *
   * @throws StoreException if the file can't be read
   */
  public synchronized List<ApiKey> list() {
    Instant now = clock.instant();
    if (readAt.plus(READ_AGAIN_AFTER).isBefore(now) || readAt.isAfter(now)) {
      keys = read();
      readAt = now;
    }
    return keys;
  }

  /**
   * Finds the key that a request presents.
   *
   * @return empty if it is unknown, revoked or expired
   * @throws StoreException if the file can't be read
   */
  public Optional<ApiKey> find(String presented) {
    Matcher form = FORM.matcher(presented);
    if (!form.matches()) {
      return Optional.empty();
    }
    byte[] hash = hash(form.group(2)).getBytes(StandardCharsets.US_ASCII);
    return list().stream()
        .filter(key -> key.id().equals(form.group(1))
            && MessageDigest.isEqual(hash, key.hash().getBytes(StandardCharsets.US_ASCII)))
        .filter(key -> !key.isExpired(clock.instant())).findFirst();
  }

  /**
   * Finds a key by its id alone. For callers that have presented the key itself before.
   *
   * @return empty if it is unknown, revoked or expired
   * @throws StoreException if the file can't be read
   */
  public Optional<ApiKey> findById(String id) {
    return list().stream().filter(key -> key.id().equals(id)).filter(key -> !key.isExpired(clock.instant()))
        .findFirst();
  }

  private void change(UnaryOperator<List<ApiKey>> change) {
    Path lock = file.resolveSibling(file.getFileName() + ".lock");
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      synchronized (this) {
        try (FileChannel channel = FileChannel.open(lock,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), OwnerOnlyFile.attributes());
            FileLock locked = channel.lock()) {
          List<ApiKey> changed = List.copyOf(change.apply(read()));
          write(changed);
          keys = changed;
          readAt = clock.instant();
          assert locked.isValid();
        }
      }
    } catch (IOException e) {
      throw new StoreException("the API keys can't be written: " + file + ": " + e.getMessage(), e);
    }
  }

  private List<ApiKey> read() {
    try {
      if (Files.size(file) > LARGEST_FILE) {
        throw new StoreException("the file of API keys is too large: " + file, null);
      }
      return List.copyOf(json.readValue(Files.readAllBytes(file), new TypeReference<List<ApiKey>>() {
      }));
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      // The message of a parser may repeat what is in the file.
      throw new StoreException("the API keys can't be read: " + file
          + "; restore the file, or remove it and create the keys again", e);
    }
  }

  private void write(List<ApiKey> all) throws IOException {
    OwnerOnlyFile.write(file, json.writerWithDefaultPrettyPrinter().writeValueAsBytes(all));
  }

  private String randomHex(int bytes) {
    byte[] value = new byte[bytes];
    random.nextBytes(value);
    return HexFormat.of().formatHex(value);
  }

  private static String hash(String secret) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public String toString() {
    return "ApiKeys[" + file + "]";
  }
}
