package dev.telepath.client.cli;

import dev.telepath.client.engagement.EngagementKind;
import picocli.CommandLine;

/** {@code tp intercept}. */
@CommandLine.Command(name = "intercept", description = "divert a workload's traffic to a local process")
final class InterceptCommand extends FilteredCommand {
    InterceptCommand(Console console) {
        super(console, EngagementKind.INTERCEPT);
    }
}
