package dev.telepath.client.daemon;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.DirectAgent;
import dev.telepath.protocol.v1.DirectAgents;
import dev.telepath.protocol.v1.DirectLinksGrpc;
import dev.telepath.protocol.v1.DirectWatch;
import dev.telepath.protocol.v1.HandshakeGrpc;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.PeerInfo;
import dev.telepath.protocol.v1.StreamsGrpc;
import dev.telepath.tunnel.capability.Capability;
import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;

/** What a {@link FakeManager} has besides to list agents to its clients. Outlives the manager, as what agents tell does. */
final class PlayedListing {
    /** Watches of agents that were ever asked for. */
    final AtomicInteger asked = new AtomicInteger();

    private final Map<StreamObserver<DirectAgents>, String> watching = new ConcurrentHashMap<>();
    private List<Function<String, DirectAgent>> listed = List.of();

    List<BindableService> services() {
        return List.of(new Greets(), new Lists(), new Requests());
    }

    /** From now on these; each is made for the client's session. */
    @SafeVarargs
    final synchronized void show(Function<String, DirectAgent>... agents) {
        listed = List.of(agents);
        watching.forEach(this::tell);
    }

    private void tell(StreamObserver<DirectAgents> watch, String client) {
        var all = DirectAgents.newBuilder();
        listed.forEach(each -> all.addAgents(each.apply(client)));
        watch.onNext(all.build());
    }

    /** The same with a certificate that the agent does not have. */
    static DirectAgent withAnotherCertificate(DirectAgent agent) {
        return agent.toBuilder()
                .setFingerprint(ByteString.copyFrom(new byte[32]))
                .build();
    }

    private static final class Greets extends HandshakeGrpc.HandshakeImplBase {
        @Override
        public void exchange(PeerInfo request, StreamObserver<PeerInfo> response) {
            var info = PeerInfo.newBuilder().setRole("manager").setProduct("played");
            Stream.of(
                            Capability.RESUMABLE_STREAMS,
                            Capability.DIRECT_LINKS,
                            Capability.HEARTBEAT,
                            Capability.WATCH_DIAL,
                            Capability.WATCH_WORKLOADS)
                    .map(Capability::label)
                    .forEach(info::addCapabilities);
            response.onNext(info.build());
            response.onCompleted();
        }
    }

    private final class Lists extends DirectLinksGrpc.DirectLinksImplBase {
        @Override
        public void watchAgents(DirectWatch request, StreamObserver<DirectAgents> response) {
            asked.incrementAndGet();
            synchronized (PlayedListing.this) {
                watching.put(response, request.getSessionId());
                tell(response, request.getSessionId());
            }
        }
    }

    private static final class Requests extends StreamsGrpc.StreamsImplBase {
        @Override
        public void watchLinks(LinkWatch request, StreamObserver<LinkRequest> response) {}
    }
}
