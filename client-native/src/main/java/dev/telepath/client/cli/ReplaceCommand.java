package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.engagement.EngagementKind;
import dev.telepath.client.engagement.PortMapping;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tp replace}. */
@CommandLine.Command(
        name = "replace",
        description = "stop a container of a workload and put a local process in its place")
final class ReplaceCommand extends EngageCommand {
    private static final String ALL = "all";

    @Option(
            names = {"-p", "--port"},
            paramLabel = "LOCAL[:REMOTE[/PROTO]]|all",
            description =
                    "local port, and the container's port by name or number; repeatable, the first is the main one (default all: each port of the container to the same one here)")
    List<String> ports = new ArrayList<>();

    @Option(
            names = "--container",
            paramLabel = "NAME",
            defaultValue = "",
            description = "the container to stop (default: the one that has the port)")
    String container;

    @Mixin
    LocalOptions local;

    ReplaceCommand(Console console) {
        super(console, EngagementKind.REPLACE);
    }

    @Override
    void complete(ObjectNode args) {
        args.put("container", container);
        ArrayNode list = args.putArray("ports");
        if (ports.contains(ALL) && ports.size() > 1) {
            throw new Failure(
                    Kind.USAGE, "--port all goes with no other --port", "name each port, or leave the others out");
        }
        // No port in the list is every port.
        ports.stream()
                .filter(port -> !port.equals(ALL))
                .forEach(port -> list.add(PortMapping.parse(port).toString()));
        local.put(args);
    }
}
