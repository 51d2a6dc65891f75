package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.engagement.EngagementKind;
import picocli.CommandLine;

/** {@code tp intercept}. */
@CommandLine.Command(name = "intercept", description = "divert a workload's traffic to a local process")
final class InterceptCommand extends TrafficCommand {
    @CommandLine.Mixin
    FilterOptions filter;

    InterceptCommand(Console console) {
        super(console, EngagementKind.INTERCEPT);
    }

    @Override
    void complete(ObjectNode args) {
        super.complete(args);
        args.set("filter", filter.filter().json());
    }
}
