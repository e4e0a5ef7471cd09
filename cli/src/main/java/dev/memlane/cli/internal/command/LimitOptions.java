package dev.memlane.cli.internal.command;

import dev.memlane.server.ServerLimits;
import java.time.Duration;
import picocli.CommandLine.Option;

/** The options that set a server's limits. The defaults are those of {@link ServerLimits}, except the time of stopping. */
final class LimitOptions {

  @Option(names = "--limit-body", descriptionKey = SettingNames.LIMIT_BODY, paramLabel = "BYTES", defaultValue = ""
      + (64 << 20), description = "The longest body of a request that is read as a whole (default: ${DEFAULT-VALUE}).")
  private long body;

  @Option(names = "--limit-headers", descriptionKey = SettingNames.LIMIT_HEADERS, paramLabel = "BYTES", defaultValue = ""
      + (16 << 10), description = "The longest URL with all headers (default: ${DEFAULT-VALUE}).")
  private int headers;

  @Option(names = "--limit-requests", descriptionKey = SettingNames.LIMIT_REQUESTS, paramLabel = "N", defaultValue = "1000", description = "The most requests of one API key in a second; 0 for no limit (default: ${DEFAULT-VALUE}).")
  private int requests;

  @Option(names = "--limit-connections", descriptionKey = SettingNames.LIMIT_CONNECTIONS, paramLabel = "N", defaultValue = "4000", description = "The most connections at once (default: ${DEFAULT-VALUE}).")
  private int connections;

  @Option(names = "--limit-streams", descriptionKey = SettingNames.LIMIT_STREAMS, paramLabel = "N", defaultValue = "2000", description = "The most streams of events at once, and the most requests that wait for a task (default: ${DEFAULT-VALUE}).")
  private int streams;

  @Option(names = "--limit-idle", descriptionKey = SettingNames.LIMIT_IDLE, paramLabel = "SECONDS", defaultValue = "30", description = "How long a connection may be silent (default: ${DEFAULT-VALUE}).")
  private int idle;

  @Option(names = "--limit-shutdown", descriptionKey = SettingNames.LIMIT_SHUTDOWN, paramLabel = "SECONDS", defaultValue = "15", description = "How long requests under way may take after the server was asked to stop (default: ${DEFAULT-VALUE}).")
  private int shutdown;

  /** @throws UsageException if one is out of its range */
  ServerLimits limits() {
    return CommandContext.fromArguments(() -> new ServerLimits(body, headers, requests, connections, streams,
        Duration.ofSeconds(idle), Duration.ofSeconds(shutdown)));
  }
}
