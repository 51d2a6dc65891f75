package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.engagement.EngagementKind;
import picocli.CommandLine;

/** A command that engages the requests which a filter matches. */
abstract class FilteredCommand extends TrafficCommand {
    @CommandLine.Mixin
    FilterOptions filter;

    FilteredCommand(Console console, EngagementKind kind) {
        super(console, kind);
    }

    @Override
    void complete(ObjectNode args) {
        super.complete(args);
        args.set("filter", filter.filter().json());
    }
}
