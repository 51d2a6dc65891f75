package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.daemon.Version;
import dev.telepath.client.logs.LogBundle;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code tp gather-logs}. */
@CommandLine.Command(name = "gather-logs", description = "put the logs of client, manager and agents into a zip file")
final class GatherLogsCommand extends Command {
    @Option(
            names = {"-o", "--output-file"},
            paramLabel = "FILE",
            defaultValue = "",
            description = "default telepath_logs_TIME.zip in this folder")
    String file;

    @Option(
            names = "--traffic-manager",
            arity = "1",
            defaultValue = "true",
            description = "include the manager's (default ${DEFAULT-VALUE})")
    boolean manager;

    @Option(
            names = "--traffic-agents",
            paramLabel = "all|none",
            defaultValue = "all",
            description = "include the agents' (default ${DEFAULT-VALUE})")
    String agents;

    @Option(
            names = {"-y", "--get-pod-yaml"},
            description = "include the pods of the manager and those with an agent, as YAML without secrets")
    boolean podYaml;

    GatherLogsCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        String time =
                LocalDateTime.now(ZoneId.systemDefault()).format(DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH-mm-ss"));
        Path target = Path.of(file.isEmpty() ? "telepath_logs_" + time + ".zip" : file)
                .toAbsolutePath();
        Optional<ControlClient> running = invocation.running();
        JsonNode result;
        if (running.isPresent()) {
            try (ControlClient client = running.get();
                    var notices = invocation.notices()) {
                result = invocation.ask(
                        client,
                        "gather-logs",
                        Invocation.args()
                                .put("file", target.toString())
                                .put("manager", manager)
                                .put("agents", !agents.equals("none"))
                                .put("podYaml", podYaml));
            }
        } else {
            result = own(invocation, target);
        }
        result.path("missing").forEach(missing -> invocation.printer().warning("not included: " + missing.asText()));
        return invocation.print(result, printer -> printer.line("Logs are in " + target));
    }

    /** What can be had without a daemon. */
    private JsonNode own(Invocation invocation, Path target) {
        ObjectNode result = Invocation.args().put("file", target.toString());
        var missing = result.putArray("missing").add("manager and agents: no daemon runs");
        if (podYaml) {
            missing.add("pods: no daemon runs");
        }
        try (var bundle = LogBundle.create(target)) {
            bundle.add("version.txt", "tp " + Version.current() + "\n");
            bundle.addFolder("client/", invocation.home().logs());
            bundle.finish();
        }
        return result;
    }
}
