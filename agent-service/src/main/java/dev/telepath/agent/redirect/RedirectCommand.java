package dev.telepath.agent.redirect;

import dev.telepath.tunnel.linux.CLibrary;
import dev.telepath.tunnel.linux.NetlinkSocket;
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
            apply(Ruleset.of(redirects.stream().map(Redirect::parse).toList()));
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

    private static void apply(byte[] rules) throws IOException {
        try (var netfilter = new NetlinkSocket(new CLibrary(), NetlinkSocket.NETFILTER)) {
            netfilter.send("the kernel refused the rules", rules);
        } catch (CLibrary.Refused e) {
            String why = e.errno() == CLibrary.Refused.EPERM
                    ? "the container needs the capability NET_ADMIN"
                    : "its kernel may lack nf_tables with NAT (5.2 or later)";
            throw new IOException(e.getMessage() + ": " + why, e);
        }
    }
}
