package dev.telepath.client.doctor;

import dev.telepath.client.config.Setting;
import dev.telepath.client.session.Greeting;
import dev.telepath.client.session.Transport;
import dev.telepath.client.session.Way;
import dev.telepath.tunnel.transport.ManagerAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The way to the manager, without the daemon's help: name, port, TLS, token. */
final class ManagerChecks {
    static final String NAMED = "TP-201";
    static final String GREETED = "the manager is ours and takes the token";
    private static final String RESOLVED = "TP-202";
    private static final String REACHED = "TP-203";

    private final Evidence evidence;
    private final Duration patience;

    private ManagerChecks(Evidence evidence) {
        this.evidence = evidence;
        this.patience = evidence.settings().duration(Setting.TIMEOUT_CALL);
    }

    static List<Check> of(Evidence evidence) {
        var checks = new ManagerChecks(evidence);
        return List.of(
                Check.of(NAMED, "a manager is named", checks::named),
                Check.of(RESOLVED, "the manager's name resolves", checks::resolved, NAMED),
                Check.of(REACHED, "the manager's port answers", checks::reached, RESOLVED),
                Check.of("TP-204", GREETED, () -> greeted(evidence), REACHED));
    }

    private ManagerAddress address() {
        return evidence.address();
    }

    private Outcome named() {
        return evidence.manager().isEmpty()
                ? new Outcome.Failed(
                        "neither the daemon nor a setting names a manager",
                        "tp connect with a kubeconfig or with --manager host:port, or 'manager:' in the configuration"
                                + " file")
                : new Outcome.Passed(evidence.inCluster() ? "in the cluster of the kubeconfig" : evidence.manager());
    }

    private Outcome resolved() {
        if (evidence.inCluster()) {
            return new Outcome.Skipped("the way leads through the cluster's API server");
        }
        try {
            return new Outcome.Passed(
                    Arrays.stream(InetAddress.getAllByName(address().host()))
                            .map(InetAddress::getHostAddress)
                            .collect(Collectors.joining(", ")));
        } catch (UnknownHostException e) {
            return new Outcome.Failed(
                    "the name " + address().host() + " is unknown", "check its spelling, the VPN and the resolver");
        }
    }

    private Outcome reached() {
        long began = System.nanoTime();
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(address().host(), address().port()), (int) patience.toMillis());
            return new Outcome.Passed("in " + millisSince(began) + " ms");
        } catch (IOException e) {
            return new Outcome.Failed(
                    "cannot connect to " + address() + ": " + e.getMessage(),
                    "start the manager, or check address, VPN and firewall");
        }
    }

    /** By a connection of its own, whichever way it leads. */
    static Outcome greeted(Evidence evidence) {
        Duration patience = evidence.settings().duration(Setting.TIMEOUT_CALL);
        Optional<Way> way = evidence.way();
        if (way.isEmpty()) {
            return new Outcome.Skipped(
                    "only the daemon has the token; name it with --token-file to have it tried here");
        }
        long began = System.nanoTime();
        Greeting.Answer answer = Greeting.of(way.get(), patience);
        return new Outcome.Passed(
                answer.manager() + ", in " + millisSince(began) + " ms with a new connection" + by(answer.transport()));
    }

    /** As the end of a sentence. */
    private static String by(Transport transport) {
        return switch (transport) {
            case Transport.Direct direct -> ", straight to " + direct.to();
            case Transport.PortForward forward -> ", by a port-forward to " + forward.to();
        };
    }

    static long millisSince(long began) {
        return Duration.ofNanos(System.nanoTime() - began).toMillis();
    }
}
