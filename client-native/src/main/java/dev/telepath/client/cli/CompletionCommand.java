package dev.telepath.client.cli;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Parameters;

/** {@code tp completion}. */
@CommandLine.Command(name = "completion", description = "print a completion script for bash, zsh or fish")
final class CompletionCommand extends Command {
    @Parameters(index = "0", paramLabel = "SHELL", description = "bash, zsh or fish")
    String shell;

    CompletionCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        CommandLine root = Tp.commandLine(invocation.console());
        String script = switch (shell) {
            // picocli's script loads bash's completion into zsh by itself.
            case "bash", "zsh" -> AutoComplete.bash("tp", root);
            case "fish" -> fish(root);
            default -> throw new Failure(Kind.USAGE, "there is no completion for " + shell, "one of bash, zsh, fish");
        };
        invocation.printer().raw(script);
        return 0;
    }

    private static String fish(CommandLine root) {
        var out = new StringBuilder("complete -c tp -f\n");
        root.getSubcommands().forEach((name, sub) -> {
            CommandSpec each = sub.getCommandSpec();
            if (each.usageMessage().hidden()) {
                return;
            }
            out.append("complete -c tp -n __fish_use_subcommand -a ")
                    .append(name)
                    .append(" -d ")
                    .append(quoted(each))
                    .append('\n');
            for (OptionSpec option : each.options()) {
                out.append("complete -c tp -n '__fish_seen_subcommand_from ")
                        .append(name)
                        .append('\'');
                for (String flag : option.names()) {
                    out.append(flag.startsWith("--") ? " -l " + flag.substring(2) : " -s " + flag.substring(1));
                }
                out.append(option.arity().max() > 0 ? " -r" : "").append('\n');
            }
        });
        return out.toString();
    }

    private static String quoted(CommandSpec spec) {
        return "'" + String.join(" ", spec.usageMessage().description()).replace("'", "\\'") + "'";
    }
}
