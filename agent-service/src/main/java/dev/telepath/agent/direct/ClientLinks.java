package dev.telepath.agent.direct;

import dev.telepath.agent.carry.AgentStreams;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.protocol.v1.StreamsGrpc;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.bridge.ViewMarshaller;
import dev.telepath.tunnel.carry.LinkOffers;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * {@code telepath.v1.Streams} at an agent: what a client that is connected here is asked for, and the calls it brings.
 * Confined to the loop of the streams, on which the calls run too.
 */
final class ClientLinks {
    private static final Logger LOG = Logger.getLogger(ClientLinks.class);

    private final AgentStreams streams;
    private final Credit credit;
    private final EventLoop loop;
    /** By session, one connection each: a newer takes the place of the older. */
    private final Map<String, Client> clients = new HashMap<>();

    ClientLinks(AgentStreams streams, Credit credit, EventLoop loop) {
        this.streams = streams;
        this.credit = credit;
        this.loop = loop;
    }

    ServerServiceDefinition service() {
        var carry = ViewMarshaller.in(StreamsGrpc.getCarryMethod(), StreamFrame.parser(), credit.blocks());
        return ServerServiceDefinition.builder(StreamsGrpc.SERVICE_NAME)
                .addMethod(carry, ServerCalls.asyncBidiStreamingCall(this::carry))
                .addMethod(StreamsGrpc.getWatchLinksMethod(), ServerCalls.asyncServerStreamingCall(this::watch))
                .build();
    }

    int clients() {
        return clients.size();
    }

    void close() {
        List.copyOf(clients.values()).forEach(Client::end);
    }

    private void watch(LinkWatch request, StreamObserver<LinkRequest> response) {
        String session = DirectServer.CLIENT.get();
        if (!request.getSessionId().equals(session)) {
            response.onError(Status.PERMISSION_DENIED
                    .withDescription("the ticket is for another session")
                    .asRuntimeException());
            return;
        }
        var client = new Client(session, (ServerCallStreamObserver<LinkRequest>) response);
        Client before = clients.put(session, client);
        client.begin();
        if (before != null) {
            before.end();
        }
    }

    private StreamObserver<StreamFrame> carry(StreamObserver<StreamFrame> response) {
        Client client = clients.get(DirectServer.CLIENT.get());
        if (client == null) {
            response.onError(Status.FAILED_PRECONDITION
                    .withDescription("the session does not watch for links here")
                    .asRuntimeException());
            return new Nobody();
        }
        return CallBridge.serveFlow(response, loop, credit, client.offers::answered);
    }

    /** One connection of a client, for as long as it watches. */
    private final class Client implements LinkOffers.Watcher {
        private final String session;
        private final ServerCallStreamObserver<LinkRequest> watch;
        private final LinkOffers offers;
        private boolean over;

        Client(String session, ServerCallStreamObserver<LinkRequest> watch) {
            this.session = session;
            this.watch = watch;
            this.offers = streams.offers(session, this);
        }

        void begin() {
            watch.setOnReadyHandler(offers::ready);
            watch.setOnCancelHandler(this::end);
            // From here on it is asked, and its calls are taken.
            watch.onNext(LinkRequest.getDefaultInstance());
            streams.direct(session, offers);
            LOG.infof("client connected past the manager session=%s", session);
        }

        @Override
        public boolean isReady() {
            return !over && watch.isReady();
        }

        @Override
        public void tell(LinkRequest request) {
            watch.onNext(request);
        }

        void end() {
            if (over) {
                return;
            }
            over = true;
            clients.remove(session, this);
            streams.noDirect(session, offers);
            offers.end();
            if (!watch.isCancelled()) {
                watch.onCompleted();
            }
            LOG.infof("client not connected past the manager any more session=%s", session);
        }
    }

    /** Takes what a refused call still brings. */
    private static final class Nobody implements StreamObserver<StreamFrame> {
        @Override
        public void onNext(StreamFrame frame) {}

        @Override
        public void onError(@Nullable Throwable cause) {}

        @Override
        public void onCompleted() {}
    }
}
