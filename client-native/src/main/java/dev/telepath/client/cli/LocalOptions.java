package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.engagement.PortMapping;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Where the local process listens, and what of the pod it reaches on localhost. */
final class LocalOptions {
    @Option(
            names = "--address",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "where the local process listens (default ${DEFAULT-VALUE})")
    String address;

    @Option(
            names = "--to-pod",
            paramLabel = "PORT",
            description = "make this port of the pod reachable on localhost; repeatable")
    List<String> toPod = new ArrayList<>();

    void put(ObjectNode args) {
        args.put("address", address);
        ArrayNode forwards = args.putArray("toPod");
        toPod.forEach(port -> forwards.add(PortMapping.parse(port).toString()));
    }
}
