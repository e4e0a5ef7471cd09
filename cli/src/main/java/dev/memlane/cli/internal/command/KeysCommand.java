package dev.memlane.cli.internal.command;

import static dev.memlane.cli.internal.terminal.Json.text;

import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.Scope;
import dev.memlane.server.ApiKey;
import dev.memlane.server.ApiKeys;
import dev.memlane.server.AuditLog;
import dev.memlane.server.AuditLog.Action;
import dev.memlane.server.AuditLog.Actor;
import dev.memlane.server.Grant;
import dev.memlane.server.Role;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that creates, lists and revokes the API keys of a server. The server may run meanwhile. */
@Command(name = "keys", description = "Creates, lists and revokes the API keys of 'memlane serve'.", synopsisSubcommandLabel = "COMMAND", footer = {
    "", "Examples:", "  memlane keys create assistant --role write --user ada",
    "  memlane keys create tenant-7 --role write --users-beginning tenant-7/", "  memlane keys list",
    "  memlane keys revoke assistant"})
final class KeysCommand implements Runnable {

  private final CommandContext context;

  KeysCommand(CommandContext context) {
    this.context = context;
  }

  static Path file(CommandContext context) {
    return context.dataDirectory().resolve("keys.json");
  }

  private void requireOwnFile() {
    context.requireNoServer("the keys are in a file of the data directory; run this where that is");
  }

  @Override
  public void run() {
    throw new UsageException("say what to do with the keys: create, list or revoke");
  }

  @Command(name = "create", description = "Creates a key and shows it, once.")
  int create(
      @Parameters(paramLabel = "NAME", description = "A name for the key, by which it is listed and revoked.") String name,
      @Option(names = "--role", paramLabel = "ROLE", required = true, description = "read, write or admin. Each may do what the ones before it may.") Role role,
      @Mixin ScopeOptions scope,
      @Option(names = "--users-beginning", paramLabel = "PREFIX", description = "Binds the key to the users whose names begin so, instead of to one scope.") @Nullable String prefix,
      @Option(names = "--expires-at", paramLabel = "TIME", description = "From when it is refused, for example 2027-01-01.") @Nullable String expiresAt,
      @Mixin TimeOptions times, @Mixin AuditOptions audit) throws IOException {
    requireOwnFile();
    Scope bound = scope.scope();
    if (bound != null && prefix != null) {
      throw new UsageException("a key is bound to a scope or to a prefix of users; give one of them");
    }
    Instant until = times.read("--expires-at", expiresAt);
    Grant grant = CommandContext.fromArguments(() -> bound != null
        ? new Grant.Scopes(List.of(bound))
        : prefix != null ? new Grant.Users(prefix) : new Grant.Everything());
    String key = audit.log(context).act(Actor.command(), Action.CREATE_KEY, AuditLog.values("key", name, "role",
        TextLayout.name(role), "reaches", reach(grant)),
        () -> CommandContext.fromArguments(() -> ApiKeys.in(file(context)).create(name, role, grant, until)),
        created -> Map.of());
    context.answer(() -> Json.object("name", name, "key", key), () -> {
      context.print(key);
      context.console().say("This is the key; it can't be shown again. Requests send it as \"Authorization: Bearer\".");
    });
    return 0;
  }

  @Command(name = "list", description = "Lists the keys, without their secrets.")
  int list() {
    requireOwnFile();
    List<ApiKey> keys = ApiKeys.in(file(context)).list();
    context.answer(() -> keys.stream().map(key -> Json.object("name", key.name(), "role", TextLayout.name(key.role()),
        "reaches", reach(key.grant()), "createdAt", text(key.createdAt()), "expiresAt", text(key.expiresAt())))
        .toList(), () -> {
          if (keys.isEmpty()) {
            context.print("There are no keys: on loopback, everybody on this machine may do everything.");
          }
          keys.forEach(key -> context.print(key.name() + "  " + TextLayout.name(key.role()) + "  " + reach(key.grant())
              + (key.expiresAt() == null
                  ? ""
                  : (key.isExpired(Instant.now()) ? "  expired " : "  until ") + key.expiresAt())));
        });
    return 0;
  }

  private static String reach(Grant grant) {
    return switch (grant) {
      case Grant.Everything everything -> "everything";
      case Grant.Scopes(List<Scope> scopes) -> scopes.stream().map(Scope::toString).collect(Collectors.joining("; "));
      case Grant.Users(String prefix) -> "users beginning with " + prefix;
    };
  }

  @Command(name = "revoke", description = "Revokes a key. A running server refuses it within a second.")
  int revoke(@Parameters(paramLabel = "NAME", description = "The key's name.") String name,
      @Mixin AuditOptions audit) throws IOException {
    requireOwnFile();
    boolean revoked = audit.log(context).act(Actor.command(), Action.REVOKE_KEY, AuditLog.values("key", name),
        () -> ApiKeys.in(file(context)).revoke(name), found -> Map.of("revoked", found ? 1 : 0));
    if (!revoked) {
      throw new CommandFailure("there is no key named " + TextLayout.line(name) + "; 'memlane keys list' shows them",
          null);
    }
    context.answer(() -> Json.object("revoked", name), () -> context.print("Revoked " + name + "."));
    return 0;
  }
}
