package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.engagement.EngagementKind;
import dev.telepath.client.engagement.PortMapping;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What intercept and wiretap have in common: ports. */
abstract class TrafficCommand extends EngageCommand {
    private static final String DEFAULT_PORT = "8080";

    @Option(
            names = {"-p", "--port"},
            paramLabel = "LOCAL[:REMOTE[/PROTO]]",
            description =
                    "local port, and the workload's port by name or number (default 8080 and its only one); repeatable, the first is the main one")
    List<String> ports = new ArrayList<>();

    @Option(
            names = "--service",
            paramLabel = "NAME",
            defaultValue = "",
            description = "the service whose port is meant")
    String service;

    @Mixin
    LocalOptions local;

    @Option(names = "--mechanism", paramLabel = "NAME", defaultValue = "tcp", description = "tcp, the only one so far")
    String mechanism;

    TrafficCommand(Console console, EngagementKind kind) {
        super(console, kind);
    }

    @Override
    void complete(ObjectNode args) {
        if (!mechanism.equals("tcp")) {
            throw new Failure(Kind.USAGE, "there is no mechanism " + mechanism, "tcp is the only one so far");
        }
        args.put("service", service).put("mechanism", mechanism);
        List<String> wanted = ports.isEmpty() ? List.of(DEFAULT_PORT) : ports;
        ArrayNode list = args.putArray("ports");
        for (String port : wanted) {
            PortMapping mapping = PortMapping.parse(port);
            list.add(mapping.toString());
        }
        local.put(args);
    }
}
