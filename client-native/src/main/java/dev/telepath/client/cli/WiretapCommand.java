package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.engagement.EngagementKind;
import picocli.CommandLine;

/** {@code tp wiretap}. */
@CommandLine.Command(
        name = "wiretap",
        description = "copy a workload's traffic to a local process; what it answers is dropped")
final class WiretapCommand extends TrafficCommand {
    @CommandLine.Mixin
    FilterOptions filter;

    WiretapCommand(Console console) {
        super(console, EngagementKind.WIRETAP);
    }

    @Override
    void complete(ObjectNode args) {
        super.complete(args);
        args.set("filter", filter.filter().json());
    }
}
