package dev.telepath.manager.service;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import dev.telepath.manager.network.ClusterNetworks;
import dev.telepath.manager.network.Subnet;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Draining;
import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.watch.Watches;
import dev.telepath.manager.workload.AgentSupply;
import dev.telepath.manager.workload.Workload;
import dev.telepath.manager.workload.WorkloadAccess;
import dev.telepath.manager.workload.WorkloadProvider;
import dev.telepath.protocol.telepresence.manager.AgentConfigRequest;
import dev.telepath.protocol.telepresence.manager.AgentConfigResponse;
import dev.telepath.protocol.telepresence.manager.AgentImageFQN;
import dev.telepath.protocol.telepresence.manager.CLIConfig;
import dev.telepath.protocol.telepresence.manager.ClusterInfo;
import dev.telepath.protocol.telepresence.manager.DNS;
import dev.telepath.protocol.telepresence.manager.IPNet;
import dev.telepath.protocol.telepresence.manager.Routing;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.TelepresenceAPIInfo;
import dev.telepath.protocol.telepresence.manager.UninstallAgentsRequest;
import dev.telepath.protocol.telepresence.manager.VersionInfo2;
import io.grpc.Status;
import io.netty.util.NetUtil;
import io.quarkus.vertx.http.HttpServer;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** What a peer asks of the installation as a whole. Standalone: no cluster, no injector. */
@Singleton
final class InstallationCalls {
    private static final Logger LOG = Logger.getLogger(InstallationCalls.class);
    private static final String NAME = "Telepath manager";

    private final Sessions sessions;
    private final WorkloadProvider workloads;
    private final AgentSupply supply;
    private final ClusterNetworks networks;
    private final WorkloadAccess access;
    private final Watches watches;
    private final ManagerSettings settings;
    private final HttpServer server;
    private final Draining draining;
    private final String version;
    private final ByteString clientConfig;

    @Inject
    InstallationCalls(
            Sessions sessions,
            WorkloadProvider workloads,
            AgentSupply supply,
            ClusterNetworks networks,
            WorkloadAccess access,
            Watches watches,
            Draining draining,
            ManagerSettings settings,
            HttpServer server,
            @ConfigProperty(name = "quarkus.application.version") String version) {
        this.sessions = sessions;
        this.workloads = workloads;
        this.supply = supply;
        this.networks = networks;
        this.access = access;
        this.watches = watches;
        this.draining = draining;
        this.settings = settings;
        this.server = server;
        this.version = version;
        this.clientConfig = settings.clientConfig().map(InstallationCalls::read).orElse(ByteString.EMPTY);
    }

    private static ByteString read(String file) {
        try {
            return ByteString.copyFrom(Files.readAllBytes(Path.of(file)));
        } catch (IOException e) {
            LOG.warnf("client configuration not readable file=%s cause=%s; clients get none", file, e);
            return ByteString.EMPTY;
        }
    }

    /**
     * Our peers get our version; Telepresence peers one that they do not refuse. Every edge begins with it, so one that
     * attaches during a drain learns here to go elsewhere, before it takes its session back.
     */
    Uni<VersionInfo2> version() {
        draining.check();
        String told = Principal.current().legacy() ? settings.legacyVersion() : version;
        return Uni.createFrom()
                .item(VersionInfo2.newBuilder().setName(NAME).setVersion(told).build());
    }

    Uni<CLIConfig> clientConfig() {
        return Uni.createFrom()
                .item(CLIConfig.newBuilder().setConfigYaml(clientConfig).build());
    }

    /** There is no REST API, which port 0 says. */
    Uni<TelepresenceAPIInfo> api() {
        return Uni.createFrom().item(TelepresenceAPIInfo.getDefaultInstance());
    }

    Uni<AgentImageFQN> agentImage() {
        if (settings.kubernetes().enabled() && settings.agents().image().isPresent()) {
            return Uni.createFrom()
                    .item(AgentImageFQN.newBuilder()
                            .setFQN(settings.agents().image().get())
                            .build());
        }
        return Uni.createFrom()
                .failure(Status.UNAVAILABLE
                        .withDescription("this manager has no injector: agents are started by hand (telepath-agent)")
                        .asRuntimeException());
    }

    Uni<AgentConfigResponse> agentConfig(AgentConfigRequest request) {
        ClientSession client =
                sessions.client(Principal.current(), request.getSession().getSessionId());
        var key = new WorkloadKey(client.namespace(), request.getName());
        Workload workload = workloads
                .find(client.owner(), key)
                .orElseThrow(() -> Status.NOT_FOUND
                        .withDescription("no agent of workload " + key + " is attached")
                        .asRuntimeException());
        var intercepts = new JsonArray();
        workload.ports()
                .forEach(port -> intercepts.add(new JsonObject()
                        .put("containerPortName", port.getName())
                        .put("containerPort", port.getPort())
                        .put("servicePort", port.getPort())
                        .put("protocol", port.getProtocol())));
        var config = new JsonObject()
                .put("agentName", key.name())
                .put("namespace", key.namespace())
                .put("workloadName", key.name())
                .put("workloadKind", Kinds.name(workload.kind()))
                .put(
                        "containers",
                        new JsonArray()
                                .add(new JsonObject().put("name", key.name()).put("intercepts", intercepts)));
        return Uni.createFrom()
                .item(AgentConfigResponse.newBuilder()
                        .setData(ByteString.copyFromUtf8(config.encode()))
                        .build());
    }

    /** Only what was injected on demand is the manager's to remove. */
    Uni<Empty> uninstallAgents(UninstallAgentsRequest request) {
        ClientSession client =
                sessions.client(Principal.current(), request.getSessionInfo().getSessionId());
        return Uni.createFrom()
                .completionStage(mayRemove(client, request.getAgentsList())
                        .thenCompose(allowed -> supply.remove(client.namespace(), request.getAgentsList())))
                .onFailure(CompletionException.class)
                .transform(Throwable::getCause)
                .map(removed -> {
                    if (removed) {
                        return Empty.getDefaultInstance();
                    }
                    throw Status.FAILED_PRECONDITION
                            .withDescription(
                                    "agents of a standalone manager were started by hand; stop them where they run")
                            .asRuntimeException();
                });
    }

    /** Without names all of the namespace go, so that it takes a right to all. */
    private CompletionStage<Void> mayRemove(ClientSession client, List<String> names) {
        return (names.isEmpty() ? List.of("") : names)
                .stream()
                        .distinct()
                        .map(name -> access.check(client.owner(), new WorkloadKey(client.namespace(), name)))
                        .reduce(
                                CompletableFuture.completedFuture(null),
                                (one, other) -> one.thenCombine(other, (left, right) -> left));
    }

    Multi<ClusterInfo> watchCluster(SessionInfo info) {
        Session session = sessions.own(Principal.current(), info.getSessionId());
        boolean legacy = Principal.current().legacy();
        return watches.watch(
                List.of(sessions.changes(), networks.changes()),
                () -> cluster(legacy),
                Watches.snapshots(),
                session::isEnded,
                CallLoop.current());
    }

    /**
     * @param legacy leaves out {@code service_cidrs}: that field was a DNS address before 2.22, and older clients would
     *     take a network for one. {@code service_subnet} is read by all of them, and holds one.
     */
    private ClusterInfo cluster(boolean legacy) {
        ClusterNetworks.Networks known = networks.now();
        var dns = DNS.newBuilder().setClusterDomain(settings.clusterDomain());
        known.dns().ifPresent(address -> dns.setKubeIp(ByteString.copyFrom(address.getAddress())));
        var info = ClusterInfo.newBuilder()
                .setClusterDomain(settings.clusterDomain())
                .setRouting(Routing.getDefaultInstance())
                .setDns(dns)
                .addAllPodSubnets(
                        known.pods().stream().map(InstallationCalls::subnet).toList())
                .setManagerPodPort(server.getSecurePort());
        if (!legacy) {
            known.services().forEach(one -> info.addServiceCidrs(cidr(one)));
        }
        known.services().stream().findFirst().ifPresent(first -> info.setServiceSubnet(subnet(first)));
        known.manager()
                .map(InetAddress::getAddress)
                .or(() -> Optional.ofNullable(NetUtil.createByteArrayFromIpAddressString(settings.host())))
                .ifPresent(address -> info.setManagerPodIp(ByteString.copyFrom(address)));
        return info.build();
    }

    /** The address, and a byte with the prefix behind it. */
    private static ByteString cidr(Subnet subnet) {
        return ByteString.copyFrom(subnet.address().getAddress())
                .concat(ByteString.copyFrom(new byte[] {(byte) subnet.prefix()}));
    }

    private static IPNet subnet(Subnet subnet) {
        return IPNet.newBuilder()
                .setIp(ByteString.copyFrom(subnet.address().getAddress()))
                .setMask(subnet.prefix())
                .build();
    }
}
