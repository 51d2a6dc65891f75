package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.kubernetes.install.Installer;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code tp upgrade}. */
@CommandLine.Command(
        name = "upgrade",
        description = "change what tp install has installed: another version, other values; keys and CA stay")
final class UpgradeCommand extends InstallCommand {
    @Option(
            names = {"-i", "--install"},
            description = "install where nothing is installed yet")
    boolean install;

    @Option(names = "--reuse-values", description = "keep the values of before under those given now")
    boolean reuse;

    @Option(
            names = "--reset-values",
            description = "forget the values of before (they are kept otherwise when none are given)")
    boolean reset;

    UpgradeCommand(Console console) {
        super(console);
    }

    @Override
    Installer.Order order(ObjectNode given) {
        if (reuse && reset) {
            throw new Failure(
                    Kind.USAGE, "--reuse-values and --reset-values exclude one another", "give one of the two");
        }
        var earlier =
                reuse ? Installer.Earlier.REUSE : reset ? Installer.Earlier.RESET : Installer.Earlier.WHEN_NONE_GIVEN;
        return new Installer.Order(given, install, true, earlier, createNamespace, timeout());
    }
}
