package dev.telepath.client.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** What the daemon holds: session, streams, proxy, engagements and the local processes they lead to. */
final class SessionChecks {
    static final String ATTACHED = "TP-301";
    private static final String STREAM = "TP-304";
    private static final int LOCAL_MILLIS = 2_000;
    /** Losses within that time are worth a word. */
    private static final Duration LATELY = Duration.ofMinutes(10);

    private final Evidence evidence;

    private SessionChecks(Evidence evidence) {
        this.evidence = evidence;
    }

    static List<Check> of(Evidence evidence) {
        var checks = new SessionChecks(evidence);
        return List.of(
                Check.of(ATTACHED, "session with the manager", checks::attached, LocalChecks.DAEMON),
                Check.of("TP-302", "connection holds", checks::holds, ATTACHED),
                Check.of("TP-303", "proxy listens", checks::proxy, ATTACHED),
                Check.of(STREAM, "a stream to the far side", checks::stream, ATTACHED),
                Check.of("TP-305", "streams survive a lost connection", checks::survive, STREAM),
                Check.of("TP-306", "the cluster's names on this machine", checks::names, ATTACHED),
                Check.of("TP-401", "workloads are seen", checks::workloads, ATTACHED),
                Check.of("TP-402", "engagements are active", checks::engagements, ATTACHED),
                Check.of("TP-403", "local processes of the engagements answer", checks::local, ATTACHED),
                Check.of("TP-404", "streams of engagements come past the manager", checks::past, ATTACHED));
    }

    private Outcome attached() {
        JsonNode connection = evidence.status("connection");
        String state = connection.path("state").asText();
        if (state.equals("attached")) {
            return new Outcome.Passed("since " + connection.path("since").asText() + ", namespace "
                    + connection.path("namespace").asText());
        }
        String cause = connection.path("cause").asText();
        String hint = connection.path("hint").asText();
        return new Outcome.Failed(
                state + (cause.isEmpty() ? "" : ": " + cause),
                !hint.isEmpty() ? hint : state.equals("disconnected") ? "tp connect" : "tp reconnect tries at once");
    }

    private Outcome holds() {
        Instant before = Instant.now().minus(LATELY);
        List<String> causes = new ArrayList<>();
        evidence.status("history").forEach(row -> {
            if (row.path("state").asText().equals("suspended")
                    && Instant.parse(row.path("at").asText()).isAfter(before)) {
                causes.add(row.path("cause_kind").asText());
            }
        });
        return causes.isEmpty()
                ? new Outcome.Passed("not lost in the last " + LATELY.toMinutes() + " minutes")
                : new Outcome.Warned(
                        "lost " + causes.size() + " times in the last " + LATELY.toMinutes() + " minutes: "
                                + String.join(", ", causes),
                        "tp status --history tells when; docs/commands.md what each cause means");
    }

    private Outcome proxy() {
        int port = evidence.status("proxy").path("port").asInt();
        return answers(InetAddress.getLoopbackAddress().getHostAddress(), port)
                ? new Outcome.Passed("127.0.0.1:" + port)
                : new Outcome.Failed("nothing takes connections at 127.0.0.1:" + port, "tp restart");
    }

    private Outcome stream() {
        JsonNode answer = evidence.daemon("test-stream");
        return new Outcome.Passed("answered in " + answer.path("millis").asLong() + " ms");
    }

    private Outcome survive() {
        return evidence.daemon("test-stream").path("resumable").asBoolean()
                ? new Outcome.Passed("manager and tp both can")
                : new Outcome.Warned(
                        "streams end when the connection is lost",
                        "upgrade the manager, or set stream.resumable to on");
    }

    private Outcome names() {
        JsonNode device = evidence.status("device");
        String way = device.path("dns").asText();
        return switch (way) {
            case "" -> new Outcome.Skipped("there is no device: the proxy and tp run have names of their own");
            case "redirected" -> new Outcome.Passed("by a redirect of questions");
            case "systemd-resolved" -> new Outcome.Passed("by systemd-resolved");
            case "by domain" -> new Outcome.Passed("by the domains that the system was told");
            default ->
                way.startsWith("redirected")
                        ? new Outcome.Warned(
                                way, "docs/network.md, Names: short names and those under .local do not work so")
                        : new Outcome.Failed(way, "docs/network.md, Names; tp run and the proxy do without");
        };
    }

    private Outcome workloads() {
        int count = evidence.daemon("list").path("workloads").size();
        return count > 0
                ? new Outcome.Passed(count + " in the namespace")
                : new Outcome.Warned("none in the namespace", "check --namespace, and that an agent is attached");
    }

    private Outcome engagements() {
        List<String> wrong = new ArrayList<>();
        JsonNode all = evidence.status("engagements");
        all.forEach(each -> {
            String error = each.path("last_error").asText(each.path("message").asText());
            if (!each.path("disposition").asText().equals("active") || each.has("last_error")) {
                wrong.add(each.path("name").asText() + " is "
                        + each.path("disposition").asText() + (error.isEmpty() ? "" : " (" + error + ")"));
            }
        });
        return wrong.isEmpty()
                ? new Outcome.Passed(all.size() + " active")
                : new Outcome.Failed(String.join("; ", wrong), "tp status shows them; tp leave NAME ends one");
    }

    private Outcome local() {
        List<String> deaf = new ArrayList<>();
        int looked = 0;
        for (JsonNode each : evidence.status("engagements")) {
            int port = each.path("target_port").asInt();
            String host = each.path("target_host").asText("127.0.0.1");
            if (port > 0) {
                looked++;
                if (!answers(host, port)) {
                    deaf.add(each.path("name").asText() + " leads to " + host + ":" + port);
                }
            }
        }
        return deaf.isEmpty()
                ? new Outcome.Passed(looked + " answer")
                : new Outcome.Failed(
                        "nothing listens there: " + String.join("; ", deaf),
                        "start the local process, or engage again with the port it listens on");
    }

    /** By the manager is no fault: most may do no more. */
    private Outcome past() {
        JsonNode direct = evidence.status("connection").path("direct");
        int agents = direct.path("agents").asInt();
        if (agents == 0) {
            return new Outcome.Skipped("no agent of an engagement is told of");
        }
        int connected = direct.path("connected").asInt();
        return new Outcome.Passed(connected + " of " + agents + " agents are connected to, "
                + direct.path("forwarded").asInt() + " of them through the API server"
                + (connected == agents
                        ? ""
                        : "; the others' come by the manager: their addresses are not reached, and ports of their pods"
                                + " may not be forwarded (docs/kubernetes.md, Past the manager)"));
    }

    private static boolean answers(String host, int port) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), LOCAL_MILLIS);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
