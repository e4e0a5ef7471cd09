package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.LocalMemory;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.ProfileKeeper;
import dev.memlane.extraction.RememberMode;
import dev.memlane.micrometer.MemlaneMetrics;
import dev.memlane.model.Scope;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.server.ApiKeys;
import dev.memlane.server.McpOptions;
import dev.memlane.server.MemlaneServer;
import dev.memlane.server.RecentActivity;
import dev.memlane.server.ServerFile;
import dev.memlane.server.ServerTls;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.tasks.DurableLanes;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command that serves the data over HTTP until it is stopped. */
@Command(name = "serve", description = "Serves the data over HTTP: REST, the Model Context Protocol and metrics.", footer = {
    "", "Examples:",
    "  memlane serve", "  memlane serve --port 8080", "  memlane keys create agent --role write",
    "  memlane serve --host 0.0.0.0 --tls-certificate chain.pem --tls-key key.pem",
    "  memlane serve --config memlane.toml --show-configuration", "",
    "It listens on loopback unless --host is given. Beyond loopback it needs API keys; on loopback,",
    "without any key, everybody on this machine may do everything. Ctrl-C or SIGTERM lets requests under",
    "way finish, then stops it."})
final class ServeCommand implements Callable<Integer> {

  /** How long closing may take after the requests under way have ended. */
  private static final Duration CLOSING = Duration.ofSeconds(5);
  /** Enough for tasks that are written down at the same time. */
  private static final int LANE_CONNECTIONS = 8;

  private final CommandContext context;

  @Option(names = "--host", descriptionKey = SettingNames.SERVER_HOST, paramLabel = "ADDRESS", defaultValue = "127.0.0.1", description = "The address to listen on (default: ${DEFAULT-VALUE}).")
  private String host = "";

  @Option(names = "--port", descriptionKey = SettingNames.SERVER_PORT, paramLabel = "N", defaultValue = ""
      + MemlaneServer.PORT, description = "The port; 0 for any free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(names = "--name", split = ",", descriptionKey = SettingNames.SERVER_NAMES, paramLabel = "HOST", description = "A host name by which clients call this server. Repeatable. Others than these and those of loopback are refused.")
  private List<String> names = new ArrayList<>();

  @Option(names = "--origin", split = ",", descriptionKey = SettingNames.SERVER_ORIGINS, paramLabel = "ORIGIN", description = "An origin of web pages, such as https://chat.example.org, that may use /mcp. Repeatable. Others are refused.")
  private List<String> origins = new ArrayList<>();

  @Option(names = "--mcp-user", descriptionKey = SettingNames.MCP_USER, paramLabel = "USER", description = "The user of clients at /mcp whose key or headers name none.")
  private @Nullable String mcpUser;

  @Option(names = "--mcp-allow-user", arity = "0..1", fallbackValue = "true", paramLabel = "true|false", descriptionKey = SettingNames.MCP_ALLOW_USER, description = "Let the model of a client at /mcp name the user in each call, within what its key reaches.")
  private boolean mcpAllowUser;

  @Mixin
  private final ChatOptions chat = new ChatOptions();

  @Option(names = "--chat-mode", descriptionKey = SettingNames.CHAT_MODE, paramLabel = "MODE", description = "What becomes memories when a conversation is remembered, unless a request says it: facts, messages as they are, or both (default: facts).")
  private RememberMode mode = RememberMode.FACTS;

  @Mixin
  private final TlsOptions tls = new TlsOptions();

  @Mixin
  private final LimitOptions limits = new LimitOptions();

  @Mixin
  private final AuditOptions audit = new AuditOptions();

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  ServeCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws InterruptedException {
    context.requireNoServer("it is the server");
    String named = mcpUser;
    McpOptions mcp = McpOptions.DEFAULT.withModelNamesUser(mcpAllowUser)
        .withScope(named == null ? null : CommandContext.fromArguments(() -> Scope.user(named)));
    ServerTls certificate = tls.read(context.environment());
    // The memory closes after the requests.
    context.stop().grace(limits.limits().shutdown().plus(CLOSING));
    String ownerKey = ServerFile.newKey();
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    RecentActivity activity = new RecentActivity();
    try (MemlaneMetrics metrics = new MemlaneMetrics(registry);
        LocalMemory session = context.openForServing(MemoryListener.of(List.of(metrics, activity)));
        @Nullable
        Database database = session.database().map(more -> more.poolSize(LANE_CONNECTIONS).open()).orElse(null);
        @Nullable
        DurableLanes lanes = database == null ? null : context.lanes().open(database, context.dataDirectory());
        @Nullable
        ChatModel model = database != null && chat.areGiven() ? chat.open(context.environment()) : null;
        @Nullable
        MemoryExtractor extractor = database == null || model == null ? null : extractor(session, database, model);
        @Nullable
        ProfileKeeper profiles = database == null || model == null ? null : profiles(session, database, model);
        MemlaneServer server = builder(session, certificate, ownerKey).mcp(mcp).metrics(registry::scrape)
            .activity(activity).lanes(lanes).extractor(extractor).profiles(profiles)
            .modelChanges(new ServedModelChanges(context, spec.root().commandLine().getParseResult().originalArgs(),
                session.memory()))
            .start()) {
      metrics.watch(session.memory());
      if (lanes != null) {
        metrics.watch(lanes.executor());
      }
      ServerFile file = ServerFile.of(server, ownerKey);
      file.write(context.dataDirectory());
      context.answer(() -> Json.object("uri", server.uri().toString()), () -> context
          .print("Memlane serves " + context.dataDirectory() + " at " + server.uri() + ". Ctrl-C stops it."));
      context.console().out().flush();
      try {
        context.stop().awaitRequest();
      } finally {
        file.remove(context.dataDirectory());
      }
      context.console().say("memlane: stopping; requests under way may finish");
    }
    return 0;
  }

  private MemoryExtractor extractor(LocalMemory session, Database database, ChatModel model) {
    return chat.extractor(session.memory(), database, model).mode(mode).build();
  }

  private ProfileKeeper profiles(LocalMemory session, Database database, ChatModel model) {
    return ProfileKeeper.builder(session.memory(), model).redaction(chat.redaction()).budget(chat.budget(database))
        .build();
  }

  private MemlaneServer.Builder builder(LocalMemory session, @Nullable ServerTls certificate, String ownerKey) {
    MemlaneServer.Builder builder = MemlaneServer.builder(session.memory()).host(host).port(port).names(names)
        .origins(origins).ownerKey(ownerKey).keys(ApiKeys.in(KeysCommand.file(context))).auditLog(audit.log(context))
        .limits(limits.limits());
    return certificate == null ? builder : builder.tls(certificate);
  }
}
