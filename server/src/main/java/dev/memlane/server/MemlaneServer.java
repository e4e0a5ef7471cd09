package dev.memlane.server;

import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.ProfileKeeper;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.internal.api.ActivityRoutes;
import dev.memlane.server.internal.api.ArchiveRoutes;
import dev.memlane.server.internal.api.ConversationRoutes;
import dev.memlane.server.internal.api.HandOverRoutes;
import dev.memlane.server.internal.api.HealthRoutes;
import dev.memlane.server.internal.api.IngestRoutes;
import dev.memlane.server.internal.api.Jobs;
import dev.memlane.server.internal.api.MemoryRoutes;
import dev.memlane.server.internal.api.ModelRoutes;
import dev.memlane.server.internal.api.OpenApiRoutes;
import dev.memlane.server.internal.api.OperationRoutes;
import dev.memlane.server.internal.api.ProfileRoutes;
import dev.memlane.server.internal.api.RememberRoutes;
import dev.memlane.server.internal.api.ScopeRoutes;
import dev.memlane.server.internal.api.SessionRoutes;
import dev.memlane.server.internal.audit.Audit;
import dev.memlane.server.internal.dashboard.DashboardHandler;
import dev.memlane.server.internal.events.EventRoutes;
import dev.memlane.server.internal.http.Authenticator;
import dev.memlane.server.internal.http.Json;
import dev.memlane.server.internal.http.ProblemErrorHandler;
import dev.memlane.server.internal.http.RateLimiter;
import dev.memlane.server.internal.http.RequestGuard;
import dev.memlane.server.internal.http.Router;
import dev.memlane.server.internal.http.Routes;
import dev.memlane.server.internal.http.Sessions;
import dev.memlane.server.internal.lanes.LaneRoutes;
import dev.memlane.server.internal.mcp.McpEndpoint;
import dev.memlane.server.internal.mem0.Mem0Routes;
import dev.memlane.server.internal.tls.CertificateFiles;
import dev.memlane.server.internal.tls.Certificates;
import dev.memlane.storage.tasks.DurableLanes;
import io.modelcontextprotocol.server.McpServer;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/**
 * A memory over HTTP, for agents in any language.
 *
 * <pre>{@code
 * try (MemlaneServer server = MemlaneServer.builder(memlane.memory()).keys(ApiKeys.in(directory.resolve("keys.json"))).start()) {
 *   System.out.println(server.uri());
 *   ...
 * }
 * }</pre>
 *
 * <p>
 * It listens on loopback unless an address is set, and needs API keys beyond loopback. Closing it lets the requests under way
 * finish. The memory stays open; the caller closes it afterwards. Safe for use by several threads.
 */
public final class MemlaneServer implements AutoCloseable {

  /** The port unless one is set. */
  public static final int PORT = 7437;

  private static final Logger LOGGER = System.getLogger("dev.memlane.server");
  private static final int MOST_THREADS = 64;
  private static final String LOOPBACK = "127.0.0.1";

  private final Server server;
  private final ServerConnector connector;
  private final @Nullable ServerConnector ownerConnector;
  private final McpEndpoint mcp;
  private final EventRoutes events;
  private final LaneRoutes lanes;
  private final String host;

  private MemlaneServer(Server server, ServerConnector connector, @Nullable ServerConnector ownerConnector,
      McpEndpoint mcp, EventRoutes events, LaneRoutes lanes, String host) {
    this.server = server;
    this.connector = connector;
    this.ownerConnector = ownerConnector;
    this.mcp = mcp;
    this.events = events;
    this.lanes = lanes;
    this.host = host;
  }

  /** @param memory stays open; the caller closes it after the server */
  public static Builder builder(MemoryOrchestrator memory) {
    return new Builder(memory);
  }

  /** The port that it listens on. */
  public int port() {
    return connector.getLocalPort();
  }

  /** Where it is reached, such as {@code http://127.0.0.1:7437}. */
  public URI uri() {
    String name = host.contains(":") ? "[" + host + "]" : host;
    boolean encrypted = connector.getConnectionFactory(SslConnectionFactory.class) != null;
    return URI.create((encrypted ? "https://" : "http://") + name + ":" + port());
  }

  /** Where other processes of the owner on this machine reach it, always without TLS. */
  URI ownerUri() {
    if (ownerConnector != null) {
      return URI.create("http://" + LOOPBACK + ":" + ownerConnector.getLocalPort());
    }
    // A server that listens on all addresses is reached on loopback.
    return switch (uri().getHost()) {
      case "0.0.0.0" -> URI.create("http://" + LOOPBACK + ":" + port());
      case "[::]" -> URI.create("http://[::1]:" + port());
      default -> uri();
    };
  }

  /**
   * Accepts no new requests, ends the streams of events and the waits for tasks, lets the other requests under way finish, and stops. Closing again does nothing.
   *
   * @throws StoreException if it could not be stopped in order
   */
  @Override
  public void close() {
    try (mcp) {
      // Streams of events never end by themselves, and would not let the server stop.
      events.close();
      lanes.close();
      server.stop();
    } catch (Exception e) {
      throw new StoreException("the server could not be stopped in order", e);
    }
  }

  @Override
  public String toString() {
    return "MemlaneServer[" + uri() + "]";
  }

  /** A builder of servers. Not safe for use by several threads. */
  public static final class Builder {

    private final MemoryOrchestrator memory;
    private String host = LOOPBACK;
    private int port = PORT;
    private @Nullable ApiKeys keys;
    private @Nullable String ownerKey;
    private boolean keyRequired;
    private Set<String> names = Set.of();
    private @Nullable Supplier<String> metrics;
    private @Nullable RecentActivity activity;
    private @Nullable DurableLanes lanes;
    private @Nullable MemoryExtractor extractor;
    private @Nullable ProfileKeeper profiles;
    private Set<String> origins = Set.of();
    private McpOptions mcp = McpOptions.DEFAULT;
    private UnaryOperator<McpServer.AsyncSpecification<?>> moreOfMcp = UnaryOperator.identity();
    private ServerLimits limits = ServerLimits.DEFAULT;
    private InstantSource clock = InstantSource.system();
    private Sessions sessions = new Sessions(clock);
    private @Nullable Runnable handOver;
    private @Nullable ServerTls tls;
    private @Nullable AuditLog auditLog;
    private @Nullable ModelChanges modelChanges;

    private Builder(MemoryOrchestrator memory) {
      this.memory = memory;
    }

    /** Sets the address to listen on; loopback unless set. An address beyond loopback needs API keys. */
    public Builder host(String host) {
      this.host = host;
      return this;
    }

    /** Sets the port; {@value MemlaneServer#PORT} unless set, and any free one if it is 0. */
    public Builder port(int port) {
      this.port = port;
      return this;
    }

    /** Sets the API keys. Without any, everybody on this machine may do everything. */
    public Builder keys(ApiKeys keys) {
      this.keys = keys;
      return this;
    }

    /**
     * Sets the key of other processes of the owner, which may do everything; see {@link ServerFile}. It has no limit of
     * requests.
     */
    public Builder ownerKey(String key) {
      this.ownerKey = key;
      return this;
    }

    /** Sets whether requests without a key are refused even on loopback, while there are no API keys; false unless set. */
    public Builder keyRequired(boolean required) {
      this.keyRequired = required;
      return this;
    }

    /** Sets what is done when another process of the owner asks for the directory. Without it, that is refused. */
    Builder onHandOver(Runnable handOver) {
      this.handOver = handOver;
      return this;
    }

    /** Sets the names by which clients call this server, in addition to those of loopback. Others are refused. */
    public Builder names(Collection<String> names) {
      this.names = Set.copyOf(names);
      return this;
    }

    /** Sets what {@code /metrics} answers, in Prometheus' text format. Without it there is no such path. */
    public Builder metrics(Supplier<String> metrics) {
      this.metrics = metrics;
      return this;
    }

    /** Sets what the memory reports to, so that the dashboard shows it. Without it there is no {@code metrics-summary}. */
    public Builder activity(RecentActivity activity) {
      this.activity = activity;
      return this;
    }

    /**
     * Sets the origins of web pages, such as {@code https://chat.example.org}, that may use the Model Context Protocol at
     * {@code /mcp}, in addition to the server's own. Others are refused.
     */
    public Builder origins(Collection<String> origins) {
      this.origins = origins.stream().map(origin -> origin.toLowerCase(Locale.ROOT))
          .collect(Collectors.toUnmodifiableSet());
      return this;
    }

    /** Sets what the Model Context Protocol offers at {@code /mcp}. */
    public Builder mcp(McpOptions options) {
      this.mcp = options;
      return this;
    }

    /** Adds to what the Model Context Protocol offers at {@code /mcp}, for tests. */
    Builder moreOfMcp(UnaryOperator<McpServer.AsyncSpecification<?>> more) {
      this.moreOfMcp = more;
      return this;
    }

    public Builder limits(ServerLimits limits) {
      this.limits = limits;
      return this;
    }

    /**
     * Sets the lanes whose tasks are submitted and done over HTTP; null for none. They stay open; the caller closes them after the
     * server.
     */
    public Builder lanes(@Nullable DurableLanes lanes) {
      this.lanes = lanes;
      return this;
    }

    /**
     * Sets what remembers conversations by a chat model; null, the default, for none. It stays open; the caller closes it after the
     * server.
     */
    public Builder extractor(@Nullable MemoryExtractor extractor) {
      this.extractor = extractor;
      return this;
    }

    /**
     * Sets what writes profiles by a chat model; null, the default, for none. It stays open; the caller closes it after the server.
     */
    public Builder profiles(@Nullable ProfileKeeper profiles) {
      this.profiles = profiles;
      return this;
    }

    /** Sets the clock of the streams of events and of the sessions, for tests. */
    Builder clock(InstantSource clock) {
      this.clock = clock;
      this.sessions = new Sessions(clock);
      return this;
    }

    /**
     * Sets the certificate, and with it TLS (1.2 and 1.3). Requests without TLS are then answered only on a second port of
     * loopback, and only those with the owner's key.
     */
    public Builder tls(ServerTls tls) {
      this.tls = tls;
      return this;
    }

    /** Sets where administrative acts and erasures are logged; nowhere unless set. */
    public Builder auditLog(AuditLog log) {
      this.auditLog = log;
      return this;
    }

    /** Sets what begins changes of the embedding model that callers ask for; nothing does unless set. */
    public Builder modelChanges(ModelChanges changes) {
      this.modelChanges = changes;
      return this;
    }

    /**
     * Starts the server.
     *
     * @throws InvalidInputException if it would listen beyond loopback without API keys, the address is unknown, or the
     * certificate can't be used
     * @throws StoreException if it can't listen there
     */
    public MemlaneServer start() {
      boolean loopback = isLoopback();
      ApiKeys known = keys;
      if (!loopback && (known == null || known.list().isEmpty())) {
        throw new InvalidInputException("a server without API keys listens on loopback only, and " + host
            + " is beyond it; create a key first");
      }
      if (!loopback && tls == null) {
        LOGGER.log(Level.WARNING,
            "the server listens beyond loopback, on {0}, without TLS: others in the network can read "
                + "keys and memories; give it a certificate, or let a proxy in front of it encrypt",
            host);
      }
      Certificates certificates = tls == null
          ? null
          : new Certificates(new CertificateFiles(tls, Clock.systemUTC()), Clock.systemUTC());
      Json json = new Json();
      QueuedThreadPool threads = new QueuedThreadPool(MOST_THREADS);
      threads.setName("memlane-server");
      // A request may block: it runs on a virtual thread of its own.
      threads.setVirtualThreadsExecutor(
          Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("memlane-request-", 0).factory()));
      Server server = new Server(threads);
      ServerConnector connector = connector(server, certificates, host, port);
      ServerConnector ownerConnector = null;
      if (certificates != null) {
        server.addBean(certificates);
        if (ownerKey != null) {
          ownerConnector = connector(server, null, LOOPBACK, 0);
          ownerConnector.setName(Authenticator.OWNER_CONNECTOR);
        }
      }
      server.addBean(new NetworkConnectionLimit(limits.mostConnections(), server));
      server.setErrorHandler(new ProblemErrorHandler(json));
      server.setStopTimeout(limits.shutdown().toMillis());
      Authenticator authenticator = authenticator();
      RateLimiter rates = new RateLimiter(limits.requestsPerSecond());
      EventRoutes events = new EventRoutes(memory.blocking(), authenticator, limits.mostStreams(), clock);
      LaneRoutes laneRoutes = new LaneRoutes(memory.blocking(), lanes, limits.mostStreams(), new Audit(auditLog));
      Router router = new Router(routes(events, laneRoutes).all(), authenticator, rates, json,
          limits.longestBody());
      McpEndpoint endpoint = new McpEndpoint(memory, extractor, mcp, authenticator, rates, origins,
          limits.longestBody(), json,
          moreOfMcp);
      server.setHandler(new GracefulHandler(
          new RequestGuard(new Handler.Sequence(endpoint.handler(), router, new DashboardHandler()), hosts(), json)));
      try {
        server.start();
      } catch (Exception e) {
        stopAfter(server, e);
        endpoint.close();
        throw new StoreException("the server can't listen on " + host + ", port " + port + ": " + e.getMessage()
            + "; choose another port, or stop what uses it", e);
      }
      return new MemlaneServer(server, connector, ownerConnector, endpoint, events, laneRoutes, host);
    }

    private ServerConnector connector(Server server, @Nullable Certificates certificates, String address, int number) {
      HttpConfiguration configuration = configuration();
      HttpConnectionFactory http = new HttpConnectionFactory(configuration);
      ServerConnector connector;
      if (certificates == null) {
        connector = new ServerConnector(server, http);
      } else {
        // The guard of requests checks the name of the host, and sets HSTS.
        configuration.addCustomizer(new SecureRequestCustomizer(false, false, -1, false));
        connector = new ServerConnector(server,
            new SslConnectionFactory(certificates.factory(), http.getProtocol()), http);
      }
      connector.setHost(address);
      connector.setPort(number);
      connector.setIdleTimeout(limits.idle().toMillis());
      server.addConnector(connector);
      return connector;
    }

    private static void stopAfter(Server server, Exception failure) {
      try {
        server.stop();
      } catch (Exception e) {
        failure.addSuppressed(e);
      }
    }

    /** The routes, for the test that compares them with the OpenAPI document. */
    Routes routes() {
      return routes(new EventRoutes(memory.blocking(), authenticator(), limits.mostStreams(), clock),
          new LaneRoutes(memory.blocking(), lanes, limits.mostStreams(), new Audit(auditLog)));
    }

    private Routes routes(EventRoutes events, LaneRoutes laneRoutes) {
      Routes routes = new Routes();
      Jobs jobs = new Jobs();
      Audit audit = new Audit(auditLog);
      events.add(routes);
      laneRoutes.add(routes);
      new MemoryRoutes(memory.blocking(), audit).add(routes);
      new ScopeRoutes(memory.blocking(), jobs, audit).add(routes);
      new OperationRoutes(memory.blocking()).add(routes);
      new ConversationRoutes(memory.blocking(), audit).add(routes);
      new RememberRoutes(memory.blocking(), extractor, jobs).add(routes);
      new ProfileRoutes(memory.blocking(), profiles, jobs).add(routes);
      new IngestRoutes(memory.blocking()).add(routes);
      new ArchiveRoutes(memory, jobs, audit).add(routes);
      new ModelRoutes(memory, modelChanges, jobs, audit).add(routes);
      new HealthRoutes(memory, metrics).add(routes);
      new ActivityRoutes(memory, activity, jobs).add(routes);
      new SessionRoutes(authenticator(), sessions).add(routes);
      new Mem0Routes(memory.blocking(), extractor, audit).add(routes);
      new OpenApiRoutes().add(routes);
      if (handOver != null) {
        new HandOverRoutes(handOver).add(routes);
      }
      return routes;
    }

    private Authenticator authenticator() {
      return new Authenticator(keys, sessions, isLoopback() && !keyRequired, ownerKey);
    }

    private HttpConfiguration configuration() {
      HttpConfiguration configuration = new HttpConfiguration();
      configuration.setSendServerVersion(false);
      configuration.setRequestHeaderSize(limits.longestHeaders());
      // Paths whose meaning is ambiguous, such as encoded slashes and dots, are refused.
      configuration.setUriCompliance(UriCompliance.DEFAULT);
      return configuration;
    }

    private boolean isLoopback() {
      try {
        return InetAddress.getByName(host).isLoopbackAddress();
      } catch (UnknownHostException e) {
        throw new InvalidInputException("the address " + host + " is unknown on this machine", e);
      }
    }

    private Set<String> hosts() {
      Set<String> all = new TreeSet<>(names);
      all.add(host.contains(":") ? "[" + host + "]" : host);
      return all;
    }
  }
}
