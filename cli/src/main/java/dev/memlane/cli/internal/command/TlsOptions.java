package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.server.ServerTls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that name a server's certificate. */
final class TlsOptions {

  /** The variable that holds the password of the key store, or of the key. */
  static final String PASSWORD = "MEMLANE_SERVER_TLS_PASSWORD";

  private static final long LONGEST_PASSWORD = 10_000;

  @Option(names = "--tls-certificate", descriptionKey = SettingNames.TLS_CERTIFICATE, paramLabel = "FILE", description = "A PEM file with the server's certificate and those of its issuers; with --tls-key, the server uses TLS.")
  private @Nullable Path certificate;

  @Option(names = "--tls-key", descriptionKey = SettingNames.TLS_KEY, paramLabel = "FILE", description = "A PEM file with the certificate's key. Only its owner, and its group, may read it.")
  private @Nullable Path key;

  @Option(names = "--tls-key-store", descriptionKey = SettingNames.TLS_KEY_STORE, paramLabel = "FILE", description = "A PKCS12 file with certificate and key, instead of the PEM files.")
  private @Nullable Path keyStore;

  @Option(names = "--tls-password-file", descriptionKey = SettingNames.TLS_PASSWORD_FILE, paramLabel = "FILE", description = "A file with the password of the key store, or of an encrypted key (default: the password is in $"
      + PASSWORD + ").")
  private @Nullable Path passwordFile;

  /**
   * What the options name.
   *
   * @return null for no TLS
   * @throws UsageException if they don't go together
   */
  @Nullable
  ServerTls read(Map<String, String> environment) {
    if (keyStore != null && (certificate != null || key != null)) {
      throw new UsageException("--tls-key-store and --tls-certificate both name a certificate; give one of them");
    }
    if ((certificate == null) != (key == null)) {
      throw new UsageException("--tls-certificate and --tls-key belong together; give both");
    }
    String password = password(environment);
    if (keyStore != null) {
      return new ServerTls(keyStore, null, password);
    }
    return certificate == null ? null : new ServerTls(certificate, key, password);
  }

  private @Nullable String password(Map<String, String> environment) {
    if (passwordFile == null) {
      String password = environment.getOrDefault(PASSWORD, "");
      return password.isEmpty() ? null : password;
    }
    try {
      if (Files.size(passwordFile) > LONGEST_PASSWORD) {
        throw new CommandFailure("the file " + passwordFile + " is too long for a password", null);
      }
      String password = Files.readString(passwordFile).strip();
      if (password.isEmpty()) {
        throw new CommandFailure("the file " + passwordFile + " has no password in it", null);
      }
      return password;
    } catch (IOException e) {
      throw new CommandFailure("the password can't be read: " + passwordFile + ": " + IoErrors.describe(e), e);
    }
  }
}
