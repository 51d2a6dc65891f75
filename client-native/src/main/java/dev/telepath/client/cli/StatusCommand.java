package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.output.Printer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code tp status}. Exit code 0 when attached, 3 when no daemon runs or it is not connected. */
@CommandLine.Command(name = "status", description = "show the connection, the engagements and the streams")
final class StatusCommand extends Command {
    @Option(names = "--history", description = "show the latest changes of the connection too")
    boolean history;

    StatusCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        Optional<ControlClient> running = invocation.running();
        if (running.isEmpty()) {
            ObjectNode none = Invocation.args();
            none.putObject("daemon").put("running", false);
            none.putObject("connection").put("state", "disconnected");
            invocation.print(none, printer -> printer.line("Not connected, no daemon runs (tp connect starts one)"));
            return 3;
        }
        JsonNode status;
        try (ControlClient client = running.get()) {
            status = invocation.ask(client, "status", Invocation.args());
        }
        invocation.print(status, printer -> text(printer, status));
        return status.path("connection").path("state").asText().equals("disconnected") ? 3 : 0;
    }

    private void text(Printer printer, JsonNode status) {
        JsonNode connection = status.path("connection");
        printer.heading("Connection: " + connection.path("state").asText());
        List<String[]> pairs = new ArrayList<>();
        add(
                pairs,
                "manager",
                (connection.path("manager").asText() + " "
                                + connection.path("manager_name").asText() + " "
                                + connection.path("manager_version").asText())
                        .strip());
        add(pairs, "transport", transport(connection));
        add(pairs, "direct links", direct(connection.path("direct")));
        add(pairs, "namespace", connection.path("namespace").asText());
        add(pairs, "client", connection.path("client").asText());
        add(pairs, "since", connection.path("since").asText());
        add(pairs, "cause", cause(connection));
        add(pairs, "attempt", connection.path("attempt").asText());
        add(pairs, "next try", connection.path("next_try").asText());
        add(pairs, "next", connection.path("hint").asText());
        add(pairs, "proxy", status.path("proxy").path("address").asText());
        add(pairs, "pac file", status.path("proxy").path("pac").asText());
        JsonNode device = status.path("device");
        if (device.isObject()) {
            pairs.add(new String[] {
                "device",
                device.path("name").asText() + ", routes " + joined(device.path("routes")) + ", names "
                        + device.path("dns").asText()
                        + (device.path("experimental").asBoolean() ? " (experimental on macOS)" : "")
            });
            device.path("mapped")
                    .properties()
                    .forEach(each -> pairs.add(new String[] {
                        "", each.getKey() + " is shown as " + each.getValue().asText()
                    }));
            device.path("failed").forEach(each -> pairs.add(new String[] {"", "not led there: " + each.asText()}));
        }
        via(status).forEach(each -> pairs.add(new String[] {"via", each}));
        add(pairs, "via", status.path("proxy_via_trouble").asText());
        status.path("dns")
                .path("loops")
                .forEach(each -> pairs.add(
                        new String[] {"names", "the cluster's DNS asks this machine for " + each.asText() + " in turn"
                        }));
        JsonNode network = status.path("network");
        if (network.isObject()) {
            add(
                    pairs,
                    "network",
                    "services " + joined(network.path("services")) + ", pods " + joined(network.path("pods")));
        }
        JsonNode streams = status.path("streams");
        if (streams.isObject()) {
            add(
                    pairs,
                    "streams",
                    streams.path("open").asInt() + " open, "
                            + suspended(streams.path("suspended").asInt())
                            + streams.path("bytes_from_cluster").asLong() + " bytes from the cluster, "
                            + streams.path("bytes_to_cluster").asLong() + " bytes to it");
        }
        add(
                pairs,
                "daemon",
                status.path("daemon").path("version").asText() + ", pid "
                        + status.path("daemon").path("pid").asLong());
        printer.pairs(pairs);
        if (!status.path("engagements").isEmpty()) {
            printer.heading("Engagements");
            status.path("engagements").forEach(each -> printer.pairs(engagement(each)));
        }
        if (history) {
            printer.heading("History");
            status.path("history")
                    .forEach(row -> printer.line("  " + row.path("at").asText() + " "
                            + row.path("state").asText()
                            + (row.has("cause") ? ": " + cause(row) : "")));
        }
    }

    private static String transport(JsonNode connection) {
        String to = connection.path("transport_to").asText();
        JsonNode took = connection.path("round_trip_ms");
        return switch (connection.path("transport").asText()) {
                    case "direct" -> "straight to " + to;
                    case "port-forward" -> "port-forward to " + to + " through the API server";
                    default -> "";
                }
                + (took.isNumber() ? String.format(Locale.ROOT, ", %.1f ms there and back", took.asDouble()) : "");
    }

    /** To how many agents there are connections past the manager. */
    static String direct(JsonNode counts) {
        if (!counts.isObject()) {
            return "";
        }
        int connected = counts.path("connected").asInt();
        int forwarded = counts.path("forwarded").asInt();
        String how = forwarded == 0
                ? ""
                : ", " + (forwarded == connected ? "" : forwarded + " of them ") + "through the API server";
        return connected + " of " + counts.path("agents").asInt() + " agents" + how;
    }

    /** Which destinations agents of one workload dial, in lines. */
    static List<String> via(JsonNode status) {
        List<String> lines = new ArrayList<>();
        for (JsonNode each : status.path("proxy_via")) {
            String what = each.path("destinations").asText();
            List<String> networks = new ArrayList<>();
            for (JsonNode one : each.path("networks")) {
                String network = one.path("network").asText();
                String shown = one.path("shown").asText();
                networks.add((network.equals(what) ? "" : " " + network)
                        + (shown.equals(network) ? "" : " shown as " + shown));
            }
            lines.add(each.path("workload").asText() + ": " + what + String.join(",", networks));
        }
        return lines;
    }

    private static String joined(JsonNode texts) {
        return texts.isEmpty()
                ? "not known"
                : String.join(" ", texts.valueStream().map(JsonNode::asText).toList());
    }

    private static String cause(JsonNode row) {
        String kind = row.path("cause_kind").asText();
        return (kind.isEmpty() ? "" : kind + ", ") + row.path("cause").asText();
    }

    private static String writable(JsonNode mount) {
        List<String> paths =
                mount.path("writable").valueStream().map(JsonNode::asText).toList();
        return paths.isEmpty() ? "" : ", may be written: " + String.join(" ", paths);
    }

    private static List<String[]> engagement(JsonNode each) {
        List<String[]> pairs = new ArrayList<>();
        add(
                pairs,
                each.path("name").asText(),
                each.path("kind").asText() + " of " + each.path("workload").asText() + ": "
                        + each.path("disposition").asText()
                        + (each.has("target_port")
                                ? " -> " + each.path("target_host").asText() + ":"
                                        + each.path("target_port").asInt()
                                : "")
                        + (each.path("message").asText().isEmpty()
                                ? ""
                                : " (" + each.path("message").asText() + ")"));
        add(pairs, "  filter", each.path("filter").asText());
        JsonNode mount = each.path("mount");
        if (mount.isObject()) {
            add(
                    pairs,
                    "  files",
                    mount.path("local_dir").asText()
                            + (mount.path("mounted").asBoolean()
                                    ? " (mounted" + writable(mount) + ")"
                                    : " (a copy, tp files renews it)"));
        }
        add(pairs, "  files at port", each.path("local_mount_port").asText());
        add(
                pairs,
                "  to pod",
                String.join(
                        " ",
                        each.path("to_pod").valueStream().map(JsonNode::asText).toList()));
        add(pairs, "  error", each.path("last_error").asText());
        add(pairs, "  local", each.path("local_error").asText());
        return pairs;
    }

    private static void add(List<String[]> pairs, String name, String value) {
        if (!value.isEmpty()) {
            pairs.add(new String[] {name, value});
        }
    }

    private static String suspended(int count) {
        return count == 0 ? "" : count + " of them suspended until the manager is back, ";
    }
}
