package dev.memlane.server;

import dev.memlane.model.InvalidInputException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The certificate of a server, and its key. The files are read again when they change, so a renewed certificate is used
 * without a restart.
 *
 * <p>
 * A file that holds a key must not be accessible to other users of the machine. Its group may read it.
 *
 * @param certificates a PEM file with the server's certificate, followed by those of its issuers; or a PKCS12 key store with
 * the key and them
 * @param key a PEM file with the key, in the form PKCS#8; null for a key store
 * @param password of the key store, or of an encrypted key; null for none
 */
public record ServerTls(Path certificates, @Nullable Path key, @Nullable String password) {

  /** A certificate in PEM files, as certification authorities and their clients write them. */
  public static ServerTls pem(Path certificates, Path key) {
    return new ServerTls(certificates, key, null);
  }

  /** A certificate in a PKCS12 key store, with one key. */
  public static ServerTls keyStore(Path file, String password) {
    return new ServerTls(file, null, password);
  }

  /** The same files, with the password of an encrypted key. */
  public ServerTls withPassword(String secret) {
    return new ServerTls(certificates, key, secret);
  }

  /** @throws InvalidInputException if the password is empty */
  public ServerTls {
    if (password != null && password.isEmpty()) {
      throw new InvalidInputException("the password for TLS is empty");
    }
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "ServerTls[" + certificates + (key == null ? "" : ", " + key) + "]";
  }
}
