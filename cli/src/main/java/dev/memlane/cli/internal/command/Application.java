package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.conversation.ChatFormat;
import dev.memlane.cli.internal.data.ExportFormat;
import dev.memlane.cli.internal.data.OutcomeWords;
import dev.memlane.cli.internal.evaluation.EvalMode;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.ConsoleLogging;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.embedding.local.LocalModel;
import dev.memlane.extraction.RememberMode;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.TimeParser;
import dev.memlane.model.VectorType;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.server.Role;
import dev.memlane.storage.opensearch.Routing;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The root command: all commands, and the handling of their errors. Used once. */
@Command(name = "memlane", description = "Long-term memory for agents: stores what is learned and finds it again.", versionProvider = Application.Version.class, sortOptions = true, synopsisSubcommandLabel = "COMMAND", footer = {
    "", "To begin:", "  memlane demo", "  memlane add \"Ada plays the oboe\" --user ada",
    "  memlane search \"which instrument?\" --user ada", "",
    "'memlane COMMAND --help' explains a command and shows examples.",
    "Exit status: 0 done, 1 something failed, 2 wrong usage."})
public final class Application implements Runnable {

  private static final int LONGEST_SHOWN = 1_000;

  private final CommandContext context;

  @Mixin
  private final CommonOptions options;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  public Application(CommandContext context) {
    this.context = context;
    this.options = context.options();
  }

  /** Runs the command line and returns the exit status. */
  public int run(String... arguments) {
    CommandLine commandLine = commandLine();
    int status = commandLine.execute(arguments);
    commandLine.getOut().flush();
    context.console().out().flush();
    return status;
  }

  /**
   * Reads the settings of a command that runs once more: its command line, the environment, and the configuration file as it is
   * now.
   *
   * @param arguments the whole command line, and after it options that replace those before
   * @throws UsageException if something of it is invalid
   * @throws CommandFailure if the file can't be read
   */
  static CommandContext readAgain(CommandContext running, List<String> arguments) {
    CommandContext context = running.with(new CommonOptions());
    Application application = new Application(context);
    Settings settings = new Settings(context.environment(), context::configurationFile);
    CommandLine commandLine = application.commandLine(settings).setOverwrittenOptionsAllowed(true);
    try {
      CommandLine.ParseResult parsed = commandLine.parseArgs(arguments.toArray(String[]::new));
      settings.requireRead();
      context.options().given(new ShownConfiguration(context, settings, parsed).given());
    } catch (ParameterException e) {
      throw new UsageException(settings.named(e), e);
    }
    return context;
  }

  /** All commands with their options. */
  CommandLine commandLine() {
    return commandLine(new Settings(context.environment(), context::configurationFile));
  }

  private CommandLine commandLine(Settings settings) {
    CommandLine commandLine = new CommandLine(this);
    for (Object command : commands()) {
      commandLine.addSubcommand(command);
    }
    ConstantConverter.register(commandLine, CommonOptions.EmbedderName.class);
    ConstantConverter.register(commandLine, LocalModel.class);
    ConstantConverter.register(commandLine, RememberMode.class);
    ConstantConverter.register(commandLine, SearchRequest.Mode.class);
    ConstantConverter.register(commandLine, EvalMode.class);
    ConstantConverter.register(commandLine, ChatFormat.class);
    ConstantConverter.register(commandLine, ListCommand.Order.class);
    ConstantConverter.register(commandLine, ExportFormat.class);
    ConstantConverter.register(commandLine, TimeParser.EpochUnit.class);
    ConstantConverter.register(commandLine, UpdateCommand.Cleared.class);
    ConstantConverter.register(commandLine, Role.class);
    ConstantConverter.register(commandLine, Routing.class);
    ConstantConverter.register(commandLine, VectorType.class);
    NumberConverter<Integer> whole = new NumberConverter<>("a whole number", Integer::valueOf);
    NumberConverter<Double> any = new NumberConverter<>("a number", Double::valueOf);
    NumberConverter<Long> wholeLong = new NumberConverter<>("a whole number", Long::valueOf);
    commandLine.registerConverter(long.class, wholeLong).registerConverter(Long.class, wholeLong);
    commandLine.registerConverter(int.class, whole).registerConverter(Integer.class, whole)
        .registerConverter(double.class, any).registerConverter(Double.class, any);
    commandLine.setDefaultValueProvider(settings);
    // For enums without a converter of their own.
    commandLine.setUsageHelpWidth(TextLayout.COLUMNS).setCaseInsensitiveEnumValuesAllowed(true)
        .setUnmatchedOptionsArePositionalParams(false)
        .setOut(new PrintWriter(context.console().out(), false, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(context.console().err(), true, StandardCharsets.UTF_8))
        .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
        .setParameterExceptionHandler((e, args) -> wrongUsage(e.getCommandLine(), settings.named(e), e, args))
        .setExecutionExceptionHandler((e, line, parsed) -> failed(line, e)).setExecutionStrategy(parsed -> {
          ConsoleLogging.configure(context.console(), options.verbose());
          Integer helped = CommandLine.executeHelpRequest(parsed);
          if (helped != null) {
            return helped;
          }
          ShownConfiguration shown = new ShownConfiguration(context, settings, parsed);
          if (options.showConfiguration()) {
            shown.print();
            return ExitCode.OK;
          }
          try {
            settings.requireRead();
          } catch (CommandFailure | UsageException e) {
            return failed(commandLine, e);
          }
          options.given(shown.given());
          if (shown.isTrial() && !shown.given().contains(SettingNames.DB_URL)) {
            options.forgetDatabase();
          }
          if (shown.isTrial() && !shown.given().contains(SettingNames.OPENSEARCH_URLS)) {
            options.openSearch().forget();
          }
          return new RunLast().execute(parsed);
        });
    return commandLine;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing; give one of those listed by --help");
  }

  private List<Object> commands() {
    List<Object> commands = new ArrayList<>();
    commands.add(new DemoCommand(context));
    commands.add(new IngestCommand(context));
    commands.add(new RememberCommand(context));
    commands.add(new AddCommand(context));
    commands.add(new GetCommand(context));
    commands.add(new ListCommand(context));
    commands.add(new SearchCommand(context));
    commands.add(new UpdateCommand(context));
    commands.add(new DeleteCommand(context));
    commands.add(new HistoryCommand(context));
    commands.add(new OperationCommand(context));
    commands.add(new ExportCommand(context));
    commands.add(new ImportCommand(context));
    commands.add(new VerifyCommand(context));
    commands.add(new ReindexCommand(context));
    commands.add(new ModelCommand(context));
    commands.add(new EvalCommand(context));
    commands.add(new StatsCommand(context));
    commands.add(new SchemaCommand(context));
    commands.add(new ServeCommand(context));
    commands.add(new KeysCommand(context));
    commands.add(new McpCommand(context));
    return commands;
  }

  private int wrongUsage(CommandLine commandLine, String message, Exception error, String... arguments) {
    Console console = context.console();
    console.say("memlane: " + TextLayout.shortened(message, LONGEST_SHOWN));
    if (Arrays.stream(arguments).anyMatch(Application::looksLikeText)) {
      console
          .say("A text that begins with a dash goes last, after --, as in: memlane add --user ada -- \"-5 degrees\"");
    }
    if (error instanceof UnmatchedArgumentException unmatched) {
      List<String> suggestions = unmatched.getSuggestions();
      if (!suggestions.isEmpty()) {
        console.say("Did you mean: " + String.join(", ", suggestions));
      }
    }
    if (options.verbose()) {
      error.printStackTrace(console.err());
    }
    console.say("'" + commandLine.getCommandSpec().qualifiedName() + " --help' shows the options.");
    return ExitCode.USAGE;
  }

  /** Whether this begins with a dash, but is no option: it contains a blank, or is a number. */
  private static boolean looksLikeText(String argument) {
    return argument.length() > 1 && argument.charAt(0) == '-'
        && (argument.indexOf(' ') > 0 && argument.indexOf('=') < 0 || Character.isDigit(argument.charAt(1)));
  }

  private int failed(CommandLine commandLine, Exception error) {
    if (error instanceof UsageException || error instanceof ParameterException) {
      return wrongUsage(commandLine, String.valueOf(error.getMessage()), error);
    }
    Console console = context.console();
    console.say("memlane: " + switch (error) {
      case MemoryWriteException write -> OutcomeWords.describe(write.outcome());
      case MemlaneException expected -> expected.getMessage();
      case CommandFailure expected -> expected.getMessage();
      case UncheckedIOException io -> IoErrors.describe(Objects.requireNonNull(io.getCause()));
      case IOException io -> IoErrors.describe(io);
      default -> "an internal error; --verbose shows what failed and where";
    });
    if (options.verbose()) {
      error.printStackTrace(console.err());
    }
    return ExitCode.SOFTWARE;
  }

  /** Answers {@code --version}. */
  static final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
      String version = Application.class.getPackage().getImplementationVersion();
      return new String[]{"memlane " + (version == null ? "(unpackaged)" : version)};
    }
  }
}
