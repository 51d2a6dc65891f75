package dev.telepath.client.daemon;

import dev.telepath.client.engagement.EngagementKind;
import dev.telepath.client.engagement.EngagementSpec;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.workload.Share;
import dev.telepath.protocol.telepresence.manager.EnsureAgentRequest;
import dev.telepath.protocol.v1.Offering;
import dev.telepath.tunnel.capability.Capability;
import io.smallrye.mutiny.Uni;
import java.util.Optional;

/** What an engaged workload lends at the moment. Blocks. */
final class Lending {
    private Lending() {}

    /** Has an agent brought if the manager can, and tells it of the ingest. */
    static void ingest(Attachment attachment, EngagementSpec spec) {
        var request = EnsureAgentRequest.newBuilder()
                .setSession(attachment.session())
                .setName(spec.workload())
                .build();
        attachment.call(
                "ingest " + spec.workload(),
                attachment
                        .capabilities()
                        .call(
                                Capability.ENSURE_AGENT,
                                () -> attachment.manage().ensureAgent(request).map(ok -> true),
                                () -> Uni.createFrom().item(true)));
    }

    /**
     * Files of a workload, with the address and token of the agent that is there now.
     *
     * @throws Failure when the manager is away or the workload lends no files
     */
    static Offering.Share files(Attachment attachment, EngagementSpec spec) {
        Optional<Offering.Share> share = shown(attachment, spec);
        if (share.isEmpty() && spec.kind() == EngagementKind.INGEST) {
            // A manager that was started anew does not know of ingests.
            ingest(attachment, spec);
            share = shown(attachment, spec);
        }
        return share.orElseThrow(() ->
                new Failure(Kind.NOT_FOUND, spec.workload() + " lends no files", "docs/agent.md says how, at share"));
    }

    private static Optional<Offering.Share> shown(Attachment attachment, EngagementSpec spec) {
        return Share.describe(attachment, spec.namespace(), spec.workload())
                .map(Offering::getShare)
                .filter(share -> share.getPathsCount() > 0);
    }
}
