package dev.telepath.client.cli;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.output.Format;
import dev.telepath.client.output.Printer;
import dev.telepath.client.output.Terminal;
import dev.telepath.client.platform.Executable;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.graalvm.nativeimage.VMRuntime;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/**
 * The program. Commands run without Quarkus, so that they answer at once; only the daemon starts it.
 */
@QuarkusMain
@CommandLine.Command(
        name = "tp",
        description = "A developer's laptop inside the cluster.",
        synopsisSubcommandLabel = "COMMAND")
public final class Tp extends Command {
    private Tp(Console console) {
        super(console);
    }

    /** Runs one command and exits with its code; docs/exit-codes.md lists them. */
    public static void main(String... args) {
        if (Executable.isThis()) {
            // An executable that leaves a JVM's options alone does not begin by itself: without, SIGPIPE ends it, and
            // SIGTERM runs no shutdown hooks.
            VMRuntime.initialize();
        }
        System.exit(run(new Console(System.out, System.err, System.getenv()), args));
    }

    static int run(Console console, String... args) {
        return commandLine(console, args.length == 0 ? "" : args[0]).execute(args);
    }

    /** With all commands. */
    static CommandLine commandLine(Console console) {
        return commandLine(console, "");
    }

    /** With the command of that name alone, since to read the options of all takes longer than most commands do; else with all. */
    private static CommandLine commandLine(Console console, String name) {
        var line = new CommandLine(new Tp(console));
        List<Command> all = commands(console);
        List<Command> named =
                all.stream().filter(command -> command.name().equals(name)).toList();
        for (Command command : named.isEmpty() ? all : named) {
            line.addSubcommand(command.line());
        }
        Terminal terminal = Terminal.detect(console.environment());
        line.setOut(new java.io.PrintWriter(console.out(), true, java.nio.charset.StandardCharsets.UTF_8))
                .setErr(new java.io.PrintWriter(console.err(), true, java.nio.charset.StandardCharsets.UTF_8))
                .setUsageHelpWidth(Math.max(55, terminal.width()))
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        terminal.color() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setParameterExceptionHandler((wrong, given) -> usage(console, wrong, terminal))
                .setExecutionExceptionHandler((raw, command, parsed) -> failed(console, raw, parsed, terminal));
        return line;
    }

    /** In the order in which help shows them. */
    private static List<Command> commands(Console console) {
        return List.of(
                new ConnectCommand(console),
                new QuitCommand(console),
                new StatusCommand(console),
                new EnvCommand(console),
                new ReconnectCommand(console),
                new RestartCommand(console),
                new ListCommand(console),
                new InterceptCommand(console),
                new ReplaceCommand(console),
                new WiretapCommand(console),
                new IngestCommand(console),
                new FilesCommand(console),
                new LeaveCommand(console),
                new RunCommand(console),
                new ShellCommand(console),
                new InstallCommand(console),
                new UpgradeCommand(console),
                new UninstallCommand(console),
                new DoctorCommand(console),
                new VersionCommand(console),
                new LogLevelCommand(console),
                new GatherLogsCommand(console),
                new CompletionCommand(console),
                new DemoCommand(console),
                new DaemonCommand(console),
                new RunInsideCommand(console),
                new PrivilegedCommand(console),
                new ConfigCommand(console));
    }

    @Override
    int run(Invocation invocation) {
        commandLine(invocation.console()).usage(invocation.console().err());
        return Kind.USAGE.exitCode();
    }

    private static int usage(Console console, CommandLine.ParameterException wrong, Terminal terminal) {
        var failure = new Failure(
                Kind.USAGE,
                String.valueOf(wrong.getMessage()),
                wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help");
        new Printer(console.out(), console.err(), Format.DEFAULT, terminal).failure(failure);
        return Kind.USAGE.exitCode();
    }

    private static int failed(Console console, Exception raw, ParseResult parsed, Terminal terminal) {
        Failure failure = raw instanceof Failure known
                ? known
                : new Failure(Kind.FAILED, "tp failed: " + raw, "run it with --debug and report this", raw);
        new Printer(console.out(), console.err(), format(console.environment(), parsed), terminal).failure(failure);
        if (isDebug(parsed)) {
            trace(console.err(), failure);
        }
        return failure.kind().exitCode();
    }

    private static void trace(PrintStream err, Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            err.println("  " + each);
            Arrays.stream(each.getStackTrace()).limit(20).forEach(frame -> err.println("    at " + frame));
        }
    }

    private static boolean isDebug(ParseResult parsed) {
        return leaf(parsed).global().debug;
    }

    /** The format, also where the settings as a whole are what is wrong. */
    private static Format format(Map<String, String> environment, ParseResult parsed) {
        String flag = leaf(parsed).global().output;
        try {
            return Format.of(
                    flag.isEmpty()
                            ? Settings.resolve(Map.of(), environment, java.util.Optional.empty())
                                    .text(Setting.OUTPUT)
                            : flag);
        } catch (Failure | IllegalArgumentException e) {
            return Format.DEFAULT;
        }
    }

    private static Command leaf(ParseResult parsed) {
        ParseResult last = parsed;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        return (Command) last.commandSpec().userObject();
    }
}
