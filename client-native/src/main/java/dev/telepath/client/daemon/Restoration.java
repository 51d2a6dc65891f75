package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.engagement.EngagementRecord;
import dev.telepath.client.engagement.EngagementSpec;
import dev.telepath.client.home.Journal;
import dev.telepath.client.session.Target;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * What a connection takes over from a daemon that ended without ending its session.
 *
 * @param session to be taken back; empty = nothing is taken over
 * @param proxyPort where its proxy was; 0 = not known
 */
record Restoration(Optional<SessionInfo> session, List<EngagementSpec> engagements, int proxyPort) {
    private static final Logger LOG = Logger.getLogger(Restoration.class);

    static Restoration nothing() {
        return new Restoration(Optional.empty(), List.of(), 0);
    }

    /** What the journal holds of the edge that the target is. */
    static Restoration of(Journal journal, Target target) {
        return journal.leftOver()
                .filter(old -> !old.abandoned() && old.isOf(target.address(), target.namespace(), target.clientName()))
                .map(old -> new Restoration(
                        Optional.of(SessionInfo.newBuilder()
                                .setSessionId(old.sessionId())
                                .build()),
                        EngagementRecord.read(journal.engagements()),
                        journal.proxyPort()))
                .orElseGet(Restoration::nothing);
    }

    boolean any() {
        return session.isPresent();
    }

    /** Tells the user, and the log, what came of it. */
    void describe(ObjectNode result, boolean sessionKept) {
        if (!any()) {
            return;
        }
        ObjectNode restored = result.putObject("restored").put("session", sessionKept);
        ArrayNode names = restored.putArray("engagements");
        engagements.forEach(spec -> names.add(spec.name()));
        LOG.infof("restored from the journal sessionKept=%s engagements=%d", sessionKept, engagements.size());
    }
}
