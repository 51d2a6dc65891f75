package dev.telepath.manager.service;

import com.google.protobuf.Empty;
import dev.telepath.manager.dns.AgentQuestions;
import dev.telepath.manager.dns.NameLookup;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.protocol.telepresence.manager.DNSAgentResponse;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import dev.telepath.protocol.telepresence.manager.LookupRequest;
import dev.telepath.protocol.telepresence.manager.LookupResponse;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

/** Names. */
@Singleton
final class LookupCalls {
    private final Sessions sessions;
    private final NameLookup names;
    private final AgentQuestions questions;

    @Inject
    LookupCalls(Sessions sessions, NameLookup names, AgentQuestions questions) {
        this.sessions = sessions;
        this.names = names;
        this.questions = questions;
    }

    Uni<DNSResponse> lookUpDns(DNSRequest request) {
        ClientSession client = client(request.getSession());
        return names.lookUp(client, request.getName(), request.getType()).emitOn(CallLoop.current());
    }

    Uni<LookupResponse> lookUp(LookupRequest request) {
        ClientSession client = client(request.getSession());
        return names.addresses(client, request.getName())
                .map(ips -> LookupResponse.newBuilder().addAllIps(ips).build())
                .emitOn(CallLoop.current());
    }

    Multi<DNSRequest> watch(SessionInfo session) {
        return questions.open(sessions.agent(Principal.current(), session.getSessionId()), CallLoop.current());
    }

    Uni<Empty> answer(DNSAgentResponse response) {
        AgentSession agent =
                sessions.agent(Principal.current(), response.getSession().getSessionId());
        questions.answer(agent, response.getRequest(), response.getResponse());
        return Answers.empty();
    }

    private ClientSession client(SessionInfo session) {
        return sessions.client(Principal.current(), session.getSessionId());
    }
}
