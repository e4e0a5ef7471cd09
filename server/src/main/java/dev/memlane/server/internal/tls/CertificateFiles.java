package dev.memlane.server.internal.tls;

import dev.memlane.model.InvalidInputException;
import dev.memlane.server.ServerTls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The files of a server's certificate and its key. Messages name the file and say what to do; they repeat neither its content
 * nor a password. Safe for use by several threads.
 */
public final class CertificateFiles {

  private static final long LARGEST = 1L << 20;
  private static final String CERTIFICATE = "CERTIFICATE";
  private static final String KEY = "PRIVATE KEY";
  private static final String ENCRYPTED_KEY = "ENCRYPTED PRIVATE KEY";
  private static final Pattern BLOCK = Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");
  private static final Set<PosixFilePermission> TOO_OPEN = Collections.unmodifiableSet(EnumSet.of(
      PosixFilePermission.OTHERS_READ, PosixFilePermission.OTHERS_WRITE, PosixFilePermission.GROUP_WRITE));
  private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");

  private final ServerTls files;
  private final Clock clock;

  public CertificateFiles(ServerTls files, Clock clock) {
    this.files = files;
    this.clock = clock;
  }

  /** What the files contain at one moment. */
  static final class Contents {

    private final byte[] certificates;
    private final byte @Nullable [] key;

    Contents(byte[] certificates, byte @Nullable [] key) {
      this.certificates = certificates;
      this.key = key;
    }

    boolean isSame(Contents other) {
      return Arrays.equals(certificates, other.certificates) && Arrays.equals(key, other.key);
    }
  }

  /**
   * A key with its certificates.
   *
   * @param chain the server's own certificate first
   */
  record Identity(PrivateKey key, List<X509Certificate> chain) {

    X509Certificate own() {
      return chain.getFirst();
    }

    /** The identity as the JDK's TLS uses it. */
    KeyStore store(String password) throws GeneralSecurityException, IOException {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry("server", key, password.toCharArray(), chain.toArray(Certificate[]::new));
      return store;
    }
  }

  /**
   * Reads the files.
   *
   * @throws InvalidInputException if one can't be read, or one with a key is open to others
   */
  Contents contents() {
    Path key = files.key();
    requireClosed(key == null ? files.certificates() : key);
    return new Contents(bytes(files.certificates()), key == null ? null : bytes(key));
  }

  private static byte[] bytes(Path file) {
    try {
      if (Files.size(file) > LARGEST) {
        throw new InvalidInputException("the file " + file + " is too large for a certificate or a key");
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static InvalidInputException unreadable(Path file, IOException e) {
    String reason = switch (e) {
      case NoSuchFileException none -> "there is no such file";
      case AccessDeniedException denied -> "this user may not read it";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      default -> Files.isDirectory(file) ? "it is a directory" : "the system gives no reason";
    };
    return new InvalidInputException("the file " + file + " for TLS can't be read: " + reason, e);
  }

  private static void requireClosed(Path file) {
    try {
      PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
      if (view != null && !Collections.disjoint(view.readAttributes().permissions(), TOO_OPEN)) {
        throw new InvalidInputException("the key in " + file + " is open to other users of this machine; close it: "
            + "chmod 600 " + file);
      }
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Reads the key and the certificates.
   *
   * @throws InvalidInputException if they can't be read, don't belong together, or are not valid now
   */
  Identity parse(Contents contents) {
    Identity identity = contents.key == null
        ? keyStore(contents.certificates)
        : pem(contents.certificates, contents.key);
    requireMatch(identity);
    requireValid(identity.own());
    return identity;
  }

  private Identity keyStore(byte[] content) {
    Path file = files.certificates();
    char[] password = files.password() == null ? new char[0] : files.password().toCharArray();
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(new ByteArrayInputStream(content), password);
      List<String> names = new ArrayList<>();
      for (String name : Collections.list(store.aliases())) {
        if (store.isKeyEntry(name)) {
          names.add(name);
        }
      }
      if (names.size() != 1) {
        throw new InvalidInputException("the key store " + file + " has " + names.size() + " keys; it must have one");
      }
      Key key = store.getKey(names.getFirst(), password);
      List<X509Certificate> chain = new ArrayList<>();
      for (Certificate certificate : Objects.requireNonNullElse(store.getCertificateChain(names.getFirst()),
          new Certificate[0])) {
        chain.add((X509Certificate) certificate);
      }
      if (!(key instanceof PrivateKey secret) || chain.isEmpty()) {
        throw new InvalidInputException("the key store " + file + " has a key without a certificate");
      }
      return new Identity(secret, List.copyOf(chain));
    } catch (UnrecoverableKeyException e) {
      throw wrongPassword("key store", file, e);
    } catch (IOException e) {
      throw e.getCause() instanceof UnrecoverableKeyException
          ? wrongPassword("key store", file, e)
          : new InvalidInputException("the file " + file + " is no PKCS12 key store; PEM files are set by their own "
              + "settings, certificate and key", e);
    } catch (GeneralSecurityException e) {
      throw new InvalidInputException("the key store " + file + " can't be used: its form is not supported", e);
    }
  }

  private InvalidInputException wrongPassword(String what, Path file, Exception cause) {
    return new InvalidInputException("the " + what + " " + file + (files.password() == null
        ? " is encrypted; set its password"
        : " can't be opened with this password"), cause);
  }

  private Identity pem(byte[] certificates, byte[] key) {
    List<X509Certificate> chain = new ArrayList<>();
    for (Block block : blocks(certificates)) {
      if (block.type.equals(CERTIFICATE)) {
        chain.add(certificate(block));
      }
    }
    if (chain.isEmpty()) {
      throw new InvalidInputException("the file " + files.certificates() + " has no certificate; it must have the "
          + "server's, and then those of its issuers, each from BEGIN CERTIFICATE to END CERTIFICATE");
    }
    return new Identity(privateKey(key), List.copyOf(chain));
  }

  private X509Certificate certificate(Block block) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(block.content()));
    } catch (CertificateException | IllegalArgumentException e) {
      throw new InvalidInputException("a certificate in " + files.certificates() + " is damaged", e);
    }
  }

  private PrivateKey privateKey(byte[] content) {
    Path file = Objects.requireNonNull(files.key());
    List<Block> keys = blocks(content).stream().filter(block -> block.type.endsWith(KEY)).toList();
    if (keys.size() != 1) {
      throw new InvalidInputException(
          "the file " + file + " has " + keys.size() + " keys; it must have one, from BEGIN "
              + "PRIVATE KEY to END PRIVATE KEY");
    }
    Block block = keys.getFirst();
    try {
      return switch (block.type) {
        case KEY -> privateKey(new PKCS8EncodedKeySpec(block.content()));
        case ENCRYPTED_KEY -> privateKey(decrypt(block.content(), file));
        default -> throw new InvalidInputException("the key in " + file + " has an older form, " + block.type
            + "; convert it: openssl pkcs8 -topk8 -nocrypt -in " + file + " -out NEW-FILE");
      };
    } catch (InvalidKeySpecException | IllegalArgumentException e) {
      throw new InvalidInputException("the key in " + file + " is damaged, or of a kind that TLS doesn't use", e);
    }
  }

  private static PrivateKey privateKey(PKCS8EncodedKeySpec spec) throws InvalidKeySpecException {
    InvalidKeySpecException none = new InvalidKeySpecException("no algorithm knows the key");
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (GeneralSecurityException e) {
        none.addSuppressed(e);
      }
    }
    throw none;
  }

  private PKCS8EncodedKeySpec decrypt(byte[] content, Path file) {
    String password = files.password();
    if (password == null) {
      throw wrongPassword("key", file, new InvalidKeyException("no password"));
    }
    try {
      EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(content);
      // The parameters of PBES2 name the scheme; its own name does not.
      String scheme = info.getAlgParameters() == null ? info.getAlgName() : info.getAlgParameters().toString();
      return info
          .getKeySpec(SecretKeyFactory.getInstance(scheme).generateSecret(new PBEKeySpec(password.toCharArray())));
    } catch (InvalidKeySpecException | InvalidKeyException e) {
      throw wrongPassword("key", file, e);
    } catch (IOException | GeneralSecurityException e) {
      throw new InvalidInputException(
          "the key in " + file + " is damaged, or encrypted in a way that is not supported; "
              + "encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in " + file + " -out NEW-FILE",
          e);
    }
  }

  private void requireMatch(Identity identity) {
    try {
      byte[] sample = new byte[32];
      new SecureRandom().nextBytes(sample);
      PublicKey known = identity.own().getPublicKey();
      String algorithm = switch (identity.key.getAlgorithm()) {
        case "RSA" -> "SHA256withRSA";
        case "EC" -> "SHA256withECDSA";
        default -> identity.key.getAlgorithm();
      };
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(identity.key);
      signature.update(sample);
      byte[] signed = signature.sign();
      signature.initVerify(known);
      signature.update(sample);
      if (signature.verify(signed)) {
        return;
      }
    } catch (GeneralSecurityException e) {
      throw mismatch(e);
    }
    throw mismatch(null);
  }

  private InvalidInputException mismatch(@Nullable Exception cause) {
    Path key = files.key();
    return new InvalidInputException("the key in " + (key == null ? files.certificates() : key)
        + " is not that of the first certificate" + (key == null ? "" : " in " + files.certificates())
        + "; the server's own certificate comes first, and the key must have been made for it", cause);
  }

  private void requireValid(X509Certificate own) {
    Instant now = clock.instant();
    Instant begin = own.getNotBefore().toInstant();
    Instant end = own.getNotAfter().toInstant();
    if (now.isBefore(begin)) {
      throw new InvalidInputException(
          "the certificate in " + files.certificates() + " is not valid before " + begin
              + "; check the clock, or wait");
    }
    if (now.isAfter(end)) {
      throw new InvalidInputException(
          "the certificate in " + files.certificates() + " has expired at " + end + "; renew it");
    }
  }

  /** A part of a PEM file. */
  private record Block(String type, String text) {

    byte[] content() {
      return Base64.getMimeDecoder().decode(text);
    }
  }

  private static List<Block> blocks(byte[] content) {
    List<Block> blocks = new ArrayList<>();
    Matcher found = BLOCK.matcher(new String(content, StandardCharsets.ISO_8859_1));
    while (found.find()) {
      blocks.add(new Block(found.group(1), found.group(2)));
    }
    return blocks;
  }

  @Override
  public String toString() {
    return files.toString();
  }
}
