package dev.telepath.manager.cli;

import dev.telepath.manager.security.Installation;
import dev.telepath.manager.security.Role;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code init}: makes the installation where it is absent, and prints join tokens. */
@Command(
        name = "init",
        mixinStandardHelpOptions = true,
        description = "Make CA and keys where absent, print a join token for a client and one for agents.")
final class InitCommand implements Callable<Integer> {
    private static final Duration LIFE = Duration.ofDays(365);

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        Installation installation = CommonOptions.open(common.settings());
        String user = System.getProperty("user.name", "developer");
        System.out.println("client-token=" + installation.joinToken(user, Role.CLIENT, LIFE));
        System.out.println("agent-token=" + installation.joinToken("*", Role.AGENT, LIFE));
        System.out.flush();
        return 0;
    }
}
