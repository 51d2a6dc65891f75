package dev.telepath.manager.service;

import com.google.protobuf.Empty;
import dev.telepath.manager.relay.CallTransport;
import dev.telepath.manager.relay.DialWatchers;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.Sessions;
import dev.telepath.protocol.telepresence.manager.*;
import io.grpc.ServerServiceDefinition;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;

/**
 * {@code telepresence.manager.Manager}: hands each method to the class that knows it. Methods run on the event loop of
 * the caller's connection and do not block. An absent sub-message is its default.
 */
@GrpcService
public final class ManagerService extends MutinyManagerGrpc.ManagerImplBase {
    private static final String CLOUD = "the vendor's cloud is no part of this manager";
    private static final String GONE = "this call was removed from the protocol in 2.18.0";

    private final SessionCalls sessionCalls;
    private final InterceptCalls intercepts;
    private final AgentCalls agents;
    private final WorkloadCalls workloads;
    private final LookupCalls lookups;
    private final LogCalls logs;
    private final InstallationCalls installation;
    private final DialWatchers dialWatchers;
    private final Sessions sessions;

    @Inject
    ManagerService(
            SessionCalls sessionCalls,
            InterceptCalls intercepts,
            AgentCalls agents,
            WorkloadCalls workloads,
            LookupCalls lookups,
            LogCalls logs,
            InstallationCalls installation,
            DialWatchers dialWatchers,
            Sessions sessions) {
        this.sessionCalls = sessionCalls;
        this.intercepts = intercepts;
        this.agents = agents;
        this.workloads = workloads;
        this.lookups = lookups;
        this.logs = logs;
        this.installation = installation;
        this.dialWatchers = dialWatchers;
        this.sessions = sessions;
    }

    @Override
    public ServerServiceDefinition bindService() {
        return CallTransport.known(super.bindService());
    }

    @Override
    public Uni<SessionInfo> arriveAsClient(ClientInfo request) {
        return sessionCalls.arriveAsClient(request);
    }

    @Override
    public Uni<SessionInfo> arriveAsAgent(AgentInfo request) {
        return sessionCalls.arriveAsAgent(request);
    }

    @Override
    public Uni<Empty> remain(RemainRequest request) {
        return sessionCalls.remain(request);
    }

    @Override
    public Uni<Empty> depart(SessionInfo request) {
        return sessionCalls.depart(request);
    }

    @Override
    public Uni<Empty> reconnectClient(ReconnectClientRequest request) {
        return sessionCalls.reconnectClient(request);
    }

    @Override
    public Uni<Empty> reconnectAgent(ReconnectAgentRequest request) {
        return sessionCalls.reconnectAgent(request);
    }

    @Override
    public Uni<Empty> reportMetrics(TunnelMetrics request) {
        return sessionCalls.reportMetrics(request);
    }

    @Override
    public Uni<PreparedIntercept> prepareIntercept(CreateInterceptRequest request) {
        return intercepts.prepare(request);
    }

    @Override
    public Uni<InterceptInfo> createIntercept(CreateInterceptRequest request) {
        return intercepts.create(request);
    }

    @Override
    public Uni<InterceptInfo> getIntercept(GetInterceptRequest request) {
        return intercepts.get(request);
    }

    @Override
    public Uni<Empty> removeIntercept(RemoveInterceptRequest2 request) {
        return intercepts.remove(request);
    }

    @Override
    public Uni<Empty> reviewIntercept(ReviewInterceptRequest request) {
        return intercepts.review(request);
    }

    @Override
    public Multi<InterceptInfoSnapshot> watchIntercepts(SessionInfo request) {
        return intercepts.watch(request);
    }

    @Override
    public Multi<InterceptInfoDelta> watchInterceptsDelta(SessionInfo request) {
        return intercepts.watchDelta(request);
    }

    @Override
    public Uni<AgentInfoSnapshot> ensureAgent(EnsureAgentRequest request) {
        return agents.ensure(request);
    }

    @Override
    public Multi<AgentInfoSnapshot> watchAgents(SessionInfo request) {
        return agents.watch(request);
    }

    @Override
    public Multi<AgentInfoDelta> watchAgentsDelta(SessionInfo request) {
        return agents.watchDelta(request);
    }

    @Override
    public Multi<AgentInfoSnapshot> watchAgentsNS(AgentsRequest request) {
        return agents.watchNamespaces(request);
    }

    @Override
    public Multi<AgentPodInfoSnapshot> watchAgentPods(SessionInfo request) {
        return agents.watchPods(request);
    }

    @Override
    public Multi<AgentPodInfoDelta> watchAgentPodsDelta(SessionInfo request) {
        return agents.watchPodsDelta(request);
    }

    @Override
    public Multi<WorkloadEventsDelta> watchWorkloads(WorkloadEventsRequest request) {
        return workloads.watch(request);
    }

    @Override
    public Uni<KnownWorkloadKinds> getKnownWorkloadKinds(SessionInfo request) {
        return workloads.kinds(request);
    }

    @Override
    public Multi<DialRequest> watchDial(SessionInfo request) {
        return dialWatchers.open(sessions.own(Principal.current(), request.getSessionId()), CallLoop.current());
    }

    @Override
    public Uni<DNSResponse> lookupDNS(DNSRequest request) {
        return lookups.lookUpDns(request);
    }

    @Override
    public Uni<LookupResponse> lookup(LookupRequest request) {
        return lookups.lookUp(request);
    }

    @Override
    public Multi<DNSRequest> watchLookupDNS(SessionInfo request) {
        return lookups.watch(request);
    }

    @Override
    public Uni<Empty> agentLookupDNSResponse(DNSAgentResponse request) {
        return lookups.answer(request);
    }

    @Override
    public Uni<Empty> setLogLevel(LogLevelRequest request) {
        return logs.setLevel(request);
    }

    @Override
    public Multi<LogLevelRequest> watchLogLevel(Empty request) {
        return logs.watchLevel();
    }

    @Override
    public Uni<LogsResponse> getLogs(GetLogsRequest request) {
        return logs.get(request);
    }

    @Override
    public Uni<VersionInfo2> version(Empty request) {
        return installation.version();
    }

    @Override
    public Uni<CLIConfig> getClientConfig(Empty request) {
        return installation.clientConfig();
    }

    @Override
    public Uni<TelepresenceAPIInfo> getTelepresenceAPI(Empty request) {
        return installation.api();
    }

    @Override
    public Uni<AgentImageFQN> getAgentImageFQN(Empty request) {
        return installation.agentImage();
    }

    @Override
    public Uni<AgentConfigResponse> getAgentConfig(AgentConfigRequest request) {
        return installation.agentConfig(request);
    }

    @Override
    public Uni<Empty> uninstallAgents(UninstallAgentsRequest request) {
        return installation.uninstallAgents(request);
    }

    @Override
    public Multi<ClusterInfo> watchClusterInfo(SessionInfo request) {
        return installation.watchCluster(request);
    }

    @Override
    public Uni<AmbassadorCloudConnection> canConnectAmbassadorCloud(Empty request) {
        throw Answers.unimplemented(CLOUD);
    }

    @Override
    public Uni<License> getLicense(Empty request) {
        throw Answers.unimplemented(CLOUD);
    }

    @Override
    public Uni<AmbassadorCloudConfig> getCloudConfig(Empty request) {
        throw Answers.unimplemented(CLOUD);
    }

    @Override
    public Uni<InterceptInfo> updateIntercept(UpdateInterceptRequest request) {
        throw Answers.unimplemented(CLOUD);
    }

    @Override
    public Uni<LookupHostResponse> lookupHost(LookupHostRequest request) {
        throw Answers.unimplemented(GONE);
    }

    @Override
    public Multi<LookupHostRequest> watchLookupHost(SessionInfo request) {
        throw Answers.unimplemented(GONE);
    }

    @Override
    public Uni<Empty> agentLookupHostResponse(LookupHostAgentResponse request) {
        throw Answers.unimplemented(GONE);
    }

    @Override
    public Multi<ConnMessage> clientTunnel(Multi<ConnMessage> request) {
        throw Answers.unimplemented(GONE);
    }

    @Override
    public Multi<ConnMessage> agentTunnel(Multi<ConnMessage> request) {
        throw Answers.unimplemented(GONE);
    }
}
