package dev.telepath.manager.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code telepath-manager}: serves, unless a subcommand is named. */
@Command(
        name = "telepath-manager",
        mixinStandardHelpOptions = true,
        versionProvider = BuildVersion.class,
        subcommands = {ServeCommand.class, InitCommand.class, TokenCommand.class},
        description = "Sessions, engagements and relay of a Telepath installation. Serves when no command is given.",
        footer = {
            "",
            "Settings: flags, then environment (TELEPATH_MANAGER_PORT ...), then --config FILE, then defaults."
        })
final class ManagerCommand implements Callable<Integer> {
    @Mixin
    private ServeOptions options;

    @Override
    public Integer call() throws Exception {
        return options.serve();
    }
}
