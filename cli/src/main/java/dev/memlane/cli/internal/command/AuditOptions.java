package dev.memlane.cli.internal.command;

import dev.memlane.server.AuditLog;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that names the audit log. */
final class AuditOptions {

  @Option(names = "--audit-log", descriptionKey = SettingNames.SERVER_AUDIT_LOG, paramLabel = "FILE", description = "The log of administrative acts and erasures (default: "
      + AuditLog.NAME
      + ", in the data directory).")
  private @Nullable Path file;

  AuditLog log(CommandContext context) {
    return context.auditLog(file);
  }
}
