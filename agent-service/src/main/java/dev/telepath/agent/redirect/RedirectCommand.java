package dev.telepath.agent.redirect;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code redirect}: sets rules in this network namespace and ends. */
@Command(
        name = "redirect",
        mixinStandardHelpOptions = true,
        description = "Lead what comes in for a port of this pod to another; needs NET_ADMIN. For init containers.")
public final class RedirectCommand implements Callable<Integer> {
    private static final int MOST = 200;

    @Parameters(
            arity = "1..*",
            paramLabel = "FROM=TO/tcp|udp",
            description = "Port that callers know, port they reach.")
    private List<String> redirects = List.of();

    @Override
    public Integer call() {
        try {
            if (redirects.size() > MOST) {
                throw new IllegalArgumentException("more than " + MOST + " redirects");
            }
            new Netfilter()
                    .apply(Ruleset.of(redirects.stream().map(Redirect::parse).toList()));
            System.out.println("redirects=" + String.join(",", redirects));
            return 0;
        } catch (IllegalArgumentException e) {
            System.err.println("telepath-agent: " + e.getMessage());
            return 2;
        } catch (IOException e) {
            System.err.println("telepath-agent: " + e.getMessage());
            return 1;
        }
    }
}
