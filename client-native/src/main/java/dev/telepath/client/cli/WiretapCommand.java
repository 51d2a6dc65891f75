package dev.telepath.client.cli;

import dev.telepath.client.engagement.EngagementKind;
import picocli.CommandLine;

/** {@code tp wiretap}. */
@CommandLine.Command(
        name = "wiretap",
        description = "copy a workload's traffic to a local process; what it answers is dropped")
final class WiretapCommand extends FilteredCommand {
    WiretapCommand(Console console) {
        super(console, EngagementKind.WIRETAP);
    }
}
