package dev.telepath.manager.service;

import dev.telepath.manager.connection.Connections;
import dev.telepath.manager.relay.CallTransport;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.DeadConnections;
import dev.telepath.manager.session.DeadConnections.DeadConnection;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.protocol.v1.LivenessGrpc;
import dev.telepath.protocol.v1.MutinyLivenessGrpc;
import dev.telepath.protocol.v1.Pulse;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.liveness.HeartbeatAnswer;
import dev.telepath.tunnel.reconnect.Loop;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.util.concurrent.EventExecutor;
import io.quarkus.grpc.GrpcService;
import jakarta.inject.Inject;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Answers the pulses of edges over the bridge and the event loop that carry their bytes, and gives up an edge that falls
 * silent.
 */
@GrpcService
public final class LivenessService extends MutinyLivenessGrpc.LivenessImplBase {
    private static final Logger LOG = Logger.getLogger(LivenessService.class);

    private final Sessions sessions;
    private final DeadConnections dead;
    private final Connections connections;
    /** Peers of the connections with a heartbeat. */
    private final Set<SocketAddress> beating = ConcurrentHashMap.newKeySet();

    private final Duration limit;
    private final Counter silent;

    @Inject
    LivenessService(
            Sessions sessions,
            DeadConnections dead,
            Connections connections,
            ManagerSettings settings,
            MeterRegistry meters) {
        this.sessions = sessions;
        this.dead = dead;
        this.connections = connections;
        this.limit = settings.sessions().silenceLimit();
        this.silent = meters.counter("telepath.edges.silent");
        Gauge.builder("telepath.edges.beating", beating, Set::size).register(meters);
    }

    @Override
    public ServerServiceDefinition bindService() {
        return CallTransport.with(
                super.bindService(),
                ServerMethodDefinition.create(
                        LivenessGrpc.getBeatMethod(), ServerCalls.asyncBidiStreamingCall(this::serve)));
    }

    private StreamObserver<Pulse> serve(StreamObserver<Pulse> response) {
        EventExecutor loop = CallTransport.loop();
        SocketAddress peer = CallTransport.peer();
        if (peer != null && connections.isOpen(peer) && beating.add(peer)) {
            var _ = connections.whenClosed(peer, () -> beating.remove(peer));
        }
        var edge = new Edge(Principal.current(), peer);
        var answer = new HeartbeatAnswer(Loop.of(loop), limit, edge::heard, edge::silent);
        return CallBridge.serve(response, loop, new Credit(Credit.FRAME, 0), answer::answer);
    }

    /** One edge's pulses. Confined to the event loop of its call. */
    private final class Edge {
        private final Principal caller;
        private final @Nullable SocketAddress address;
        private String session = "";

        Edge(Principal caller, @Nullable SocketAddress address) {
            this.caller = caller;
            this.address = address;
        }

        void heard(Pulse pulse) {
            if (session.isEmpty()) {
                session = pulse.getSessionId();
            }
            sessions.remain(caller, session);
        }

        void silent() {
            silent.increment();
            LOG.infof("edge silent session=%s peer=%s", session, address);
            dead.found(new DeadConnection(session, address));
        }
    }
}
