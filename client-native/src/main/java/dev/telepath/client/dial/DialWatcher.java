package dev.telepath.client.dial;

import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.Participant;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.tunnel.capability.Capability;
import io.smallrye.mutiny.Multi;

/**
 * Watches for dial requests: at the manager where it relays (managers up to 2.20, and ours), else straight at the agents
 * that an engagement of ours chose.
 */
public final class DialWatcher implements Participant {
    private final DialResponder responder;
    private final AgentPods agents;

    public DialWatcher(DialResponder responder, AgentPods agents) {
        this.responder = responder;
        this.agents = agents;
    }

    @Override
    public void attached(Attachment attachment) {
        Multi<DialRequest> requests = attachment
                .capabilities()
                .watch(Capability.WATCH_DIAL, () -> attachment.watch().watchDial(attachment.session()), () -> {
                    agents.watch(attachment);
                    // Silent for as long as the attachment lives: the agents speak instead.
                    return Multi.createFrom().nothing();
                });
        String sessionId = attachment.session().getSessionId();
        attachment.essential(
                "dial requests",
                requests,
                request -> responder.answer(attachment.channel(), ManagerGrpc.getTunnelMethod(), sessionId, request));
    }

    @Override
    public void detached() {
        agents.close();
    }
}
