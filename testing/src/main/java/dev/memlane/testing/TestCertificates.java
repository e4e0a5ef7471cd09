package dev.memlane.testing;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A certificate and its key, signed by itself, as the JDK's own tool makes it. Immutable. */
public final class TestCertificates {

  /** The password of the key store and of the key in it. */
  public static final String PASSWORD = "not a secret";

  private final Path directory;
  private final String name;
  private final KeyStore store;

  private TestCertificates(Path directory, String name, KeyStore store) {
    this.directory = directory;
    this.name = name;
    this.store = store;
  }

  /**
   * Makes a certificate of this machine.
   *
   * @param directory where its key store is written
   * @param name of the key store's file, and of the certificate in it
   * @param algorithm of the key, such as {@code EC}
   * @param options of the tool, such as {@code -startdate -10d}
   */
  public static TestCertificates make(Path directory, String name, String algorithm, String... options)
      throws IOException, GeneralSecurityException, InterruptedException {
    return make(directory, name, algorithm, "dns:localhost,dns:memory.example.org,ip:127.0.0.1", options);
  }

  /** Makes a certificate of another machine. */
  public static TestCertificates ofAnother(Path directory, String name)
      throws IOException, GeneralSecurityException, InterruptedException {
    return make(directory, name, "EC", "dns:other.example.org", new String[0]);
  }

  private static TestCertificates make(Path directory, String name, String algorithm, String hosts, String[] options)
      throws IOException, GeneralSecurityException, InterruptedException {
    Path file = directory.resolve(name + ".p12");
    List<String> command = new ArrayList<>(
        List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias", name,
            "-keyalg", algorithm, "-dname", "CN=localhost", "-ext", "san=" + hosts, "-storetype", "PKCS12", "-keystore",
            file.toString(), "-storepass", PASSWORD, "-J-XX:TieredStopAtLevel=1",
            "-J-XX:+UseSerialGC"));
    command.addAll(List.of(options));
    Process tool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (tool.waitFor() != 0) {
      throw new IOException(said);
    }
    close(file);
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = new FileInputStream(file.toFile())) {
      store.load(in, PASSWORD.toCharArray());
    }
    return new TestCertificates(directory, name, store);
  }

  private static void close(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  /** The file of the key store, in the format PKCS #12. */
  public Path keyStore() {
    return directory.resolve(name + ".p12");
  }

  /** The certificate. */
  public X509Certificate certificate() throws GeneralSecurityException {
    return (X509Certificate) store.getCertificate(name);
  }

  /** Writes the certificate in the format PEM, with a comment before it. */
  public Path writeCertificate(Path file) throws IOException, GeneralSecurityException {
    return Files.writeString(file, "Subject: a comment\n" + pem("CERTIFICATE", certificate().getEncoded()));
  }

  /** Writes the key in the format PEM, without a password. */
  public Path writeKey(Path file) throws IOException, GeneralSecurityException {
    Files.writeString(file, pem("PRIVATE KEY", store.getKey(name, PASSWORD.toCharArray()).getEncoded()));
    close(file);
    return file;
  }

  /** Writes the key encrypted with a password. */
  public Path writeEncryptedKey(Path file, String password) throws IOException, GeneralSecurityException {
    String scheme = "PBEWithHmacSHA256AndAES_256";
    Cipher cipher = Cipher.getInstance(scheme);
    cipher.init(Cipher.ENCRYPT_MODE,
        SecretKeyFactory.getInstance(scheme).generateSecret(new PBEKeySpec(password.toCharArray())));
    byte[] encrypted = cipher.doFinal(store.getKey(name, PASSWORD.toCharArray()).getEncoded());
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("PBES2");
    parameters.init(cipher.getParameters().getEncoded());
    Files.writeString(file,
        pem("ENCRYPTED PRIVATE KEY", new EncryptedPrivateKeyInfo(parameters, encrypted).getEncoded()));
    close(file);
    return file;
  }

  private static String pem(String type, byte[] content) {
    return "-----BEGIN " + type + "-----\n" + Base64.getMimeEncoder(64, new byte[]{'\n'}).encodeToString(content)
        + "\n-----END " + type + "-----\n";
  }

  /** A server's context, with this certificate. */
  public SSLContext serving() throws GeneralSecurityException {
    KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(store, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }

  /** A client's context that trusts these certificates. */
  public static SSLContext trusting(String protocol, TestCertificates... trusted)
      throws GeneralSecurityException, IOException {
    KeyStore known = KeyStore.getInstance("PKCS12");
    known.load(null, null);
    for (TestCertificates one : trusted) {
      known.setCertificateEntry(one.name, one.certificate());
    }
    TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(known);
    SSLContext context = SSLContext.getInstance(protocol);
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }
}
