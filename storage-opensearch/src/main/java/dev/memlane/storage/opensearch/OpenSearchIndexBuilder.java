package dev.memlane.storage.opensearch;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.model.VectorType;
import dev.memlane.model.store.IndexContents;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.storage.vector.IncompatibleIndexException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** The options of an {@link OpenSearchIndex} that is to be opened. Not safe for use by several threads. */
public final class OpenSearchIndexBuilder implements SharedIndexOpener {

  private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);
  private static final List<String> LOOPBACK = List.of("localhost", "127.0.0.1", "[::1]");

  private final List<URI> hosts = new ArrayList<>();
  private @Nullable Path trustCertificate;
  private boolean unencrypted;
  private String database = "";
  private @Nullable String model;
  private int dimension;
  private Locale language = Locale.ENGLISH;
  private VectorType vectors = VectorType.FLOAT;
  private Routing routing = Routing.MEMORY;

  // Read by the index.
  @Nullable
  Credentials credentials;
  String index = "memlane";
  int shards = 1;
  int replicas = 1;
  Duration refreshInterval = Duration.ofSeconds(1);
  Duration connectTimeout = Duration.ofSeconds(3);
  Duration readTimeout = Duration.ofSeconds(10);
  Duration writeTimeout = Duration.ofSeconds(10);
  int queueBound = 10_000;
  int requests = 64;
  int bulkRequests = 2;
  InstantSource clock = InstantSource.system();

  // Set by tests only.
  Duration expungePatience = Duration.ofMinutes(15);
  Duration closingPatience = Duration.ofSeconds(30);

  /** Whether to replace an index that exists. */
  boolean anew;

  OpenSearchIndexBuilder(List<String> addresses) {
    if (addresses.isEmpty()) {
      throw new InvalidInputException("an index on OpenSearch needs the address of at least one node");
    }
    addresses.forEach(address -> hosts.add(host(address)));
  }

  private static URI host(String address) {
    String wrong = "an address of a node is none of a web server, such as https://search.example.org:9200";
    URI uri;
    try {
      uri = new URI(address);
    } catch (URISyntaxException e) {
      // Without the cause, which repeats the address, and it may contain a password.
      throw new InvalidInputException(wrong);
    }
    if (uri.getUserInfo() != null) {
      throw new InvalidInputException("an address of a node contains a user or a password; set them with user()");
    }
    boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
    boolean bare = uri.getPath() == null || uri.getPath().isEmpty() || uri.getPath().equals("/");
    if (!web || uri.getHost() == null || !bare || uri.getQuery() != null || uri.getFragment() != null) {
      throw new InvalidInputException(wrong);
    }
    return URI.create(uri.getScheme() + "://" + uri.getRawAuthority());
  }

  /** Sets the user and the password. */
  public OpenSearchIndexBuilder user(String user, String password) {
    this.credentials = Credentials.ofUser(user, password);
    return this;
  }

  /** Sets an API key, which is sent as {@code Authorization: ApiKey ...}. */
  public OpenSearchIndexBuilder apiKey(String key) {
    this.credentials = Credentials.ofKey(key);
    return this;
  }

  /**
   * Trusts these certificates of authorities, and no others: for a cluster with a certificate of its own.
   *
   * @param certificates a file with one or several certificates, in PEM or DER
   */
  public OpenSearchIndexBuilder trustCertificate(Path certificates) {
    this.trustCertificate = Objects.requireNonNull(certificates, "certificates");
    return this;
  }

  /** Sends the password or the key without encryption too, to other machines. Off by default. */
  public OpenSearchIndexBuilder allowUnencrypted() {
    this.unencrypted = true;
    return this;
  }

  /**
   * Sets the name of the index; {@code memlane} by default. On the cluster it is an alias of an index whose name begins
   * with it and a dash.
   */
  public OpenSearchIndexBuilder index(String index) {
    if (!index.matches("[a-z0-9][a-z0-9_.-]{0,199}")) {
      throw new InvalidInputException("\"" + index + "\" is no name of an index on OpenSearch; it has up to 200 small "
          + "letters, digits, dots, dashes and underscores, and begins with a letter or digit");
    }
    this.index = index;
    return this;
  }

  /**
   * Sets the identity of the database whose memories the index holds. An index that was made for another one is refused. A
   * shared memory sets it itself.
   */
  public OpenSearchIndexBuilder database(String database) {
    this.database = Objects.requireNonNull(database, "database");
    return this;
  }

  /** Sets the name of the embedding model whose vectors the index holds; required. */
  public OpenSearchIndexBuilder model(String model) {
    this.model = model;
    return this;
  }

  /** Sets the vectors' dimension; required. */
  public OpenSearchIndexBuilder dimension(int dimension) {
    this.dimension = atLeast(1, dimension, "dimension");
    return this;
  }

  /** Sets the language of its words; English by default. See {@link
   * dev.memlane.storage.vector.LuceneVectorIndexBuilder#language}. */
  public OpenSearchIndexBuilder language(Locale language) {
    this.language = Objects.requireNonNull(language, "language");
    return this;
  }

  /**
   * Sets how vectors are stored: as floats by default, or as bytes.
   *
   * @throws InvalidInputException if it is {@link VectorType#BIT}, which only an index in a directory has
   */
  public OpenSearchIndexBuilder vectors(VectorType vectors) {
    if (vectors == VectorType.BIT) {
      throw new InvalidInputException("an index on OpenSearch stores vectors as float or byte, not as bit");
    }
    this.vectors = Objects.requireNonNull(vectors, "vectors");
    return this;
  }

  /** Sets what decides which shard holds a memory; its id by default. */
  public OpenSearchIndexBuilder routing(Routing routing) {
    this.routing = Objects.requireNonNull(routing, "routing");
    return this;
  }

  /** Sets how many shards an index that is made here has; 1 by default, which suffices for millions of memories. */
  public OpenSearchIndexBuilder shards(int shards) {
    this.shards = atLeast(1, shards, "shards");
    return this;
  }

  /** Sets how many further copies each shard of an index that is made here has; 1 by default. */
  public OpenSearchIndexBuilder replicas(int replicas) {
    this.replicas = atLeast(0, replicas, "replicas");
    return this;
  }

  /**
   * Sets how long an index that is made here may show other processes a state without the last writes; 1 second by
   * default.
   */
  public OpenSearchIndexBuilder refreshInterval(Duration refreshInterval) {
    this.refreshInterval = timeout(refreshInterval, "refreshInterval");
    return this;
  }

  /** Sets how long a connection may take; 3 seconds by default. */
  public OpenSearchIndexBuilder connectTimeout(Duration connectTimeout) {
    this.connectTimeout = timeout(connectTimeout, "connectTimeout");
    return this;
  }

  /** Sets how long a search or a list may take, and a refresh before it; 10 seconds each by default. */
  public OpenSearchIndexBuilder readTimeout(Duration readTimeout) {
    this.readTimeout = timeout(readTimeout, "readTimeout");
    return this;
  }

  /**
   * Sets how long the cluster may take to answer a write, and for how long a put that it rejects because it is busy is
   * sent again; 10 seconds by default. A put also ends at its own deadline.
   */
  public OpenSearchIndexBuilder writeTimeout(Duration writeTimeout) {
    this.writeTimeout = timeout(writeTimeout, "writeTimeout");
    return this;
  }

  /** Sets how many writes, and how many requests, may wait; 10,000 by default. More are refused. */
  public OpenSearchIndexBuilder queueBound(int queueBound) {
    this.queueBound = atLeast(1, queueBound, "queueBound");
    return this;
  }

  /** Sets how many requests run at the same time; 64 by default. */
  public OpenSearchIndexBuilder requests(int requests) {
    this.requests = atLeast(4, requests, "requests");
    return this;
  }

  /** Sets how many requests with writes run at the same time; 2 by default. */
  public OpenSearchIndexBuilder bulkRequests(int bulkRequests) {
    this.bulkRequests = atLeast(1, bulkRequests, "bulkRequests");
    return this;
  }

  /** Sets the clock for deadlines; the system's by default. */
  public OpenSearchIndexBuilder clock(InstantSource clock) {
    this.clock = Objects.requireNonNull(clock, "clock");
    return this;
  }

  /** See {@link Expunger}. */
  OpenSearchIndexBuilder expungePatience(Duration expungePatience) {
    this.expungePatience = expungePatience;
    return this;
  }

  /** See {@link OpenSearchIndex#close}. */
  OpenSearchIndexBuilder closingPatience(Duration closingPatience) {
    this.closingPatience = closingPatience;
    return this;
  }

  /**
   * Opens the index, and makes it if there is none of this name.
   *
   * @throws IncompatibleIndexException if it was made for another database, model, dimension or language, or not by Memlane
   * @throws StoreException if the cluster can't be reached, or refuses
   * @throws InvalidInputException if a password or key would be sent to another machine without encryption, or the
   * certificates can't be read
   * @throws IllegalStateException if the model or the dimension is missing
   */
  public OpenSearchIndex open() {
    if (model == null || dimension == 0) {
      throw new IllegalStateException("an index needs the name of its embedding model and the dimension");
    }
    if (credentials != null && !unencrypted) {
      for (URI host : hosts) {
        if (host.getScheme().equals("http") && !LOOPBACK.contains(host.getHost())) {
          throw new InvalidInputException("the password or key would be sent to " + host
              + " without encryption; use https, or call allowUnencrypted()");
        }
      }
    }
    return new OpenSearchIndex(this, new IndexIdentity(database, model, dimension, language, vectors, routing));
  }

  /** Opens the index for these contents. With all other settings, this builder is what opens a shared memory. */
  @Override
  public OpenSearchIndex open(IndexContents contents, boolean anew) {
    this.anew = anew;
    return database(contents.database()).model(contents.model()).dimension(contents.dimension())
        .language(contents.language()).open();
  }

  List<URI> hosts() {
    return List.copyOf(hosts);
  }

  /** What the client trusts; null for what the JVM trusts. */
  @Nullable
  SSLContext trust() {
    if (trustCertificate == null) {
      return null;
    }
    try (InputStream file = Files.newInputStream(trustCertificate)) {
      KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
        trusted.setCertificateEntry("authority-" + trusted.size(), each);
      }
      if (trusted.size() == 0) {
        throw new InvalidInputException("there is no certificate in " + trustCertificate);
      }
      TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new InvalidInputException("the certificates in " + trustCertificate + " can't be read: " + e.getMessage(),
          e);
    }
  }

  private static Duration timeout(Duration value, String name) {
    if (!value.isPositive() || value.compareTo(LONGEST_TIMEOUT) > 0) {
      throw new InvalidInputException(name + " is " + value + "; it must be positive, and an hour at most");
    }
    return value;
  }

  private static int atLeast(int least, int value, String name) {
    if (value < least) {
      throw new InvalidInputException(name + " is " + value + "; it must be at least " + least);
    }
    return value;
  }

  /** Never who asks the cluster. */
  @Override
  public String toString() {
    return "OpenSearchIndexBuilder[" + index + ", " + hosts + "]";
  }
}
