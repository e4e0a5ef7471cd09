package dev.memlane.server;

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
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A certificate for this machine, signed by itself, as the JDK's own tool makes it. */
final class TestCertificates {

  static final String PASSWORD = "not a secret";

  private final Path directory;
  private final String name;
  private final KeyStore store;

  private TestCertificates(Path directory, String name, KeyStore store) {
    this.directory = directory;
    this.name = name;
    this.store = store;
  }

  /** @param options of the tool, such as {@code -startdate -10d} */
  static TestCertificates make(Path directory, String name, String algorithm, String... options)
      throws IOException, GeneralSecurityException, InterruptedException {
    Path file = directory.resolve(name + ".p12");
    List<String> command = new ArrayList<>(
        List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias", name,
            "-keyalg", algorithm, "-dname", "CN=localhost", "-ext",
            "san=dns:localhost,dns:memory.example.org,ip:127.0.0.1",
            "-storetype", "PKCS12", "-keystore", file.toString(), "-storepass", PASSWORD, "-J-XX:TieredStopAtLevel=1",
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

  Path keyStore() {
    return directory.resolve(name + ".p12");
  }

  X509Certificate certificate() throws GeneralSecurityException {
    return (X509Certificate) store.getCertificate(name);
  }

  Path writeCertificate(Path file) throws IOException, GeneralSecurityException {
    return Files.writeString(file, "Subject: a comment\n" + pem("CERTIFICATE", certificate().getEncoded()));
  }

  Path writeKey(Path file) throws IOException, GeneralSecurityException {
    Files.writeString(file, pem("PRIVATE KEY", store.getKey(name, PASSWORD.toCharArray()).getEncoded()));
    close(file);
    return file;
  }

  /** Writes the key encrypted with a password. */
  Path writeEncryptedKey(Path file, String password) throws IOException, GeneralSecurityException {
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

  /** A client's context that trusts these certificates. */
  static SSLContext trusting(String protocol, TestCertificates... trusted)
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
