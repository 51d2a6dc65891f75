package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.engagement.EngagementKind;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.output.Printer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What intercept, replace, wiretap and ingest have in common. */
abstract class EngageCommand extends Command {
    @Parameters(
            index = "0",
            paramLabel = "NAME",
            description = "name of the engagement, and of the workload unless --workload says otherwise")
    String name;

    @Parameters(
            index = "1..*",
            paramLabel = "CMD",
            description = "after --: a command to run with the workload's environment; the engagement ends with it")
    List<String> command = new ArrayList<>();

    @Option(names = "--workload", paramLabel = "NAME", defaultValue = "", description = "the workload to engage")
    String workload;

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAME",
            defaultValue = "",
            description = "its namespace")
    String namespace;

    @Option(
            names = "--wait-message",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "print this once the engagement is there")
    String waitMessage;

    @Option(names = "--detailed-output", description = "include environment and mount in --output json|yaml")
    boolean detailed;

    @Option(
            names = "--docker-run",
            description = "print the docker command line of a container in the workload's place; after --: its further"
                    + " options, image and arguments")
    boolean dockerRun;

    @Mixin
    EnvironmentOptions environment;

    private final EngagementKind kind;

    EngageCommand(Console console, EngagementKind kind) {
        super(console);
        this.kind = kind;
    }

    /** Adds what only this kind has. */
    void complete(ObjectNode args) {
        // An ingest has nothing to add.
    }

    @Override
    int run(Invocation invocation) {
        environment.check();
        if (dockerRun && command.isEmpty()) {
            throw new Failure(Kind.USAGE, "--docker-run needs an image", "--docker-run -- IMAGE [ARGUMENT...]");
        }
        ObjectNode args = Invocation.args()
                .put("kind", kind.name())
                .put("name", name)
                .put("workload", workload)
                .put("namespace", namespace)
                .put("hold", !command.isEmpty() && !dockerRun);
        complete(args);
        try (ControlClient client = invocation.required();
                var notices = invocation.notices()) {
            args.put("mount", environment.mountFolder())
                    .put("mountOwned", environment.mountOwned())
                    .put("mountCopied", dockerRun)
                    .put("mountReadOnly", environment.mountReadOnly())
                    .put("localMountPort", environment.localMountPort);
            JsonNode result = invocation.ask(client, "engage", args);
            Map<String, String> variables = EnvironmentOptions.variables(result);
            try {
                environment.write(variables);
            } catch (Failure e) {
                invocation.ask("leave", Invocation.args().put("name", name));
                throw e;
            }
            result.path("warnings").forEach(warning -> invocation.printer().warning(warning.asText()));
            if (dockerRun) {
                return docker(invocation, result, variables);
            }
            if (command.isEmpty()) {
                return invocation.print(shown(result), printer -> text(printer, result));
            }
            invocation.printer().note(kind.label() + " " + name + " is active; it ends with the command");
            return new ChildProcess(command, variables).run(() -> invocation.leave(name));
        }
    }

    /** On standard output the command line alone, so that a shell can evaluate it. */
    private int docker(Invocation invocation, JsonNode result, Map<String, String> variables) {
        List<String> line;
        try {
            line = DockerRun.prepare(name, result, variables, command);
        } catch (Failure e) {
            invocation.leave(name);
            throw e;
        }
        ObjectNode shown = shown(result).deepCopy();
        line.forEach(shown.putArray("docker_run")::add);
        invocation.printer().note(kind.label() + " " + name + " is active until tp leave " + name);
        return invocation.print(shown, printer -> printer.line(DockerRun.quoted(line)));
    }

    private JsonNode shown(JsonNode result) {
        ObjectNode shown = result.deepCopy();
        if (!detailed) {
            shown.remove(List.of("environment", "mount"));
        }
        return shown;
    }

    private void text(Printer printer, JsonNode result) {
        printer.line("Using workload " + result.path("workload").asText());
        List<String[]> pairs = new ArrayList<>();
        pairs.add(new String[] {kind.label(), name});
        pairs.add(new String[] {"state", result.path("disposition").asText()});
        ArrayNode ports = (ArrayNode) result.path("ports");
        ports.forEach(port -> pairs.add(new String[] {
            "port",
            (port.path("pod_ip").asText().isEmpty() ? name : port.path("pod_ip").asText()) + " "
                    + port.path("port").asText() + " -> "
                    + port.path("target_host").asText() + ":"
                    + port.path("target_port").asInt()
        }));
        if (result.has("filter")) {
            pairs.add(new String[] {"requests", result.path("filter").asText()});
        }
        if (result.has("mount")) {
            pairs.add(new String[] {
                "files", result.path("mount").path("local_dir").asText()
            });
        }
        printer.pairs(pairs);
        if (!waitMessage.isEmpty()) {
            printer.line(waitMessage);
        }
    }
}
