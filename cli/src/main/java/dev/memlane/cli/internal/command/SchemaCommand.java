package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.storage.postgres.DatabaseSchema;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command that prints the SQL of the database's schema. It opens no data. */
@Command(name = "schema", description = "Prints the SQL that creates the tables in a PostgreSQL of your own, or brings them "
    + "to the newest version. Opening a memory does the same; this is for databases where an administrator does it.", footer = {
        "", "Examples:", "  memlane schema | psql --set ON_ERROR_STOP=1 memlane",
        "  memlane schema --after 2", "",
        "The version of a database is the largest in its table memlane_schema_version."})
final class SchemaCommand implements Callable<Integer> {

  private final CommandContext context;

  @Option(names = "--after", paramLabel = "VERSION", defaultValue = "0", description = "The version that the database has (default: 0, which is none).")
  private int after;

  @Option(names = "--schema", paramLabel = "NAME", description = "The schema that holds the tables (default: memlane).")
  private @Nullable String schema;

  SchemaCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (context.options().server() != null) {
      throw new UsageException("--server is not for this command: the schema is the same everywhere");
    }
    String script = CommandContext
        .fromArguments(() -> new DatabaseSchema(schema == null ? "memlane" : schema).script(after));
    context.answer(() -> Json.object("version", DatabaseSchema.newest(), "sql", script),
        () -> context.console().out().print(script));
    return 0;
  }
}
