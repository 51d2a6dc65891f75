package dev.telepath.manager.cli;

import dev.telepath.manager.security.Installation;
import dev.telepath.manager.security.Role;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code token}: prints one join token. */
@Command(name = "token", mixinStandardHelpOptions = true, description = "Print a join token for one user or workload.")
final class TokenCommand implements Callable<Integer> {
    private static final Pattern LIFE = Pattern.compile("(\\d{1,9})([smhd])");

    @Mixin
    private CommonOptions common;

    @Option(names = "--role", required = true, paramLabel = "ROLE", description = "client or agent.")
    private String role;

    @Option(
            names = "--name",
            required = true,
            paramLabel = "NAME",
            description = "User, or workload of the agents; * for agents of any workload.")
    private String name;

    @Option(
            names = "--ttl",
            defaultValue = "24h",
            paramLabel = "TIME",
            description = "How long it is good: 30m, 24h, 7d (default: ${DEFAULT-VALUE}).")
    private String ttl;

    @Override
    public Integer call() {
        Role parsed = Role.ofToken(role.toLowerCase(Locale.ROOT))
                .orElseThrow(() -> new UsageProblem("--role is client or agent, not '" + role + "'"));
        Duration life = life(ttl);
        Installation installation = CommonOptions.open(common.settings());
        try {
            System.out.println("token=" + installation.joinToken(name, parsed, life));
        } catch (IllegalArgumentException e) {
            throw new UsageProblem("--name: " + e.getMessage());
        }
        System.out.flush();
        return 0;
    }

    private static Duration life(String text) {
        Matcher parts = LIFE.matcher(text);
        if (!parts.matches() || Long.parseLong(parts.group(1)) == 0) {
            throw new UsageProblem("--ttl '" + text + "' is no time such as 30m, 24h or 7d");
        }
        long count = Long.parseLong(parts.group(1));
        return switch (parts.group(2)) {
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> Duration.ofDays(count);
        };
    }
}
