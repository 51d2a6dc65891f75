package dev.telepath.client.cli;

import dev.telepath.client.engagement.EngagementKind;
import picocli.CommandLine;

/** {@code tp ingest}. */
@CommandLine.Command(name = "ingest", description = "take a workload's environment and files, leave its traffic alone")
final class IngestCommand extends EngageCommand {
    IngestCommand(Console console) {
        super(console, EngagementKind.INGEST);
    }
}
