package dev.telepath.agent.front;

import dev.telepath.agent.divert.Diversions;
import dev.telepath.agent.engage.Engagement;
import dev.telepath.agent.engage.Engagements.Hold;
import dev.telepath.agent.metrics.AgentMetrics.Kind;
import dev.telepath.agent.metrics.ObservedEnd;
import dev.telepath.agent.settings.GuardedPort;
import dev.telepath.agent.split.Http1Split;
import dev.telepath.agent.split.Ways;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;
import java.util.function.LongConsumer;
import org.jboss.logging.Logger;

/**
 * Decides where each connection of one guarded port goes, when it arrives, and never again.
 *
 * <pre>
 *   nobody engaged ──────────────────────────────► workload
 *   intercept ──► client dialled ────────────────► client
 *             ├─► local process refuses ─────────► reset
 *             └─► client or manager not reached ─► workload (fallback)
 *   filtered intercepts ─────────────────────────► split: each request for itself
 *   wiretaps: as above, with a copy to each
 * </pre>
 *
 * But for a split, nothing is read from a connection before its way is known, so the fallback loses nothing. Confined to the
 * connection's event loop, except for the state that is logged.
 */
final class Route {
    private static final Logger LOG = Logger.getLogger(Route.class);

    /** One arrival, as the route needs it. Called on the arrival's event loop. */
    interface Arrival {
        /** Runs on the arrival's event loop. */
        void onLoop(Runnable task);

        InetSocketAddress source();

        /** The arrival as the end of a stream that was dialled already. */
        StreamEnd established();

        /** Joins the workload: dials it and gives it to the given joint; calls it with the failure otherwise. */
        void dialWorkload(WorkloadDialled then);

        /** Ends the arrival hard. */
        void reset();
    }

    /** Exactly one of them is called, on the arrival's event loop. */
    interface WorkloadDialled {
        /**
         * @param arrival waits for the workload's {@code DialOk}
         */
        void joined(StreamEnd arrival, StreamEnd workload);

        void failed(Throwable cause);
    }

    private final GuardedPort port;
    private final Joints joints;
    private final Diversions diversions;
    private volatile boolean workloadAway;
    private volatile boolean clientAway;

    Route(GuardedPort port, Joints joints) {
        this.port = port;
        this.joints = joints;
        this.diversions = joints.diversions();
    }

    void decide(Arrival arrival) {
        Hold hold = joints.engagements().at(port);
        if (hold.intercept().isEmpty() && !hold.filtered().isEmpty() && arrival instanceof TcpArrival accepted) {
            split(accepted, hold);
            return;
        }
        hold.intercept().ifPresentOrElse(held -> divert(arrival, held, hold), () -> forward(arrival, hold));
    }

    private void split(TcpArrival arrival, Hold hold) {
        joints.metrics().connection(port.key(), Kind.SPLIT);
        StreamEnd end = tapped(observed(arrival.established(), Kind.SPLIT, ""), arrival, hold);
        Http1Split.start(end, arrival.loop(), new SplitWays(arrival), joints.patience());
    }

    /** The destinations of one connection's requests. */
    private final class SplitWays implements Ways {
        private final TcpArrival arrival;

        SplitWays(TcpArrival arrival) {
            this.arrival = arrival;
        }

        @Override
        public Hold hold() {
            return joints.engagements().at(port);
        }

        @Override
        public CompletionStage<? extends StreamEnd> workload() {
            return arrival.workload().whenComplete((end, failure) -> {
                if (failure == null) {
                    workloadBack();
                } else {
                    workloadAway(StreamFailure.of(failure));
                }
            });
        }

        @Override
        public CompletionStage<? extends StreamEnd> client(Engagement engagement) {
            return diversions
                    .open(engagement, id(arrival, engagement))
                    .whenComplete((call, failure) -> {
                        if (failure == null) {
                            back();
                        } else if (!(StreamFailure.of(failure) instanceof StreamFailure.DialRefused)) {
                            away(engagement, failure);
                        }
                    })
                    .thenApply(call -> observedClient(call, engagement.clientSession()));
        }

        @Override
        public void decided(boolean toClient) {
            joints.metrics().request(port.key(), toClient ? Kind.DIVERT : Kind.FORWARD);
        }
    }

    /** Bytes are counted at the caller's end; here those of the client. */
    private StreamEnd observedClient(StreamEnd call, String session) {
        return new ObservedEnd(
                call,
                Kind.DIVERT,
                joints.metrics(),
                bytes -> joints.traffic().fromClient(session, bytes),
                bytes -> joints.traffic().toClient(session, bytes));
    }

    private void divert(Arrival arrival, Engagement engagement, Hold hold) {
        diversions
                .open(engagement, id(arrival, engagement))
                .whenComplete((call, failure) -> arrival.onLoop(() -> {
                    if (failure == null) {
                        back();
                        LOG.debugf("connection diverted port=%s client=%s", port.key(), engagement.client());
                        joints.metrics().connection(port.key(), Kind.DIVERT);
                        String session = engagement.clientSession();
                        StreamEnd end = observed(arrival.established(), Kind.DIVERT, session);
                        StreamEnd.join(tapped(end, arrival, hold), call);
                    } else if (StreamFailure.of(failure) instanceof StreamFailure.DialRefused) {
                        joints.metrics().connection(port.key(), Kind.DIVERT);
                        joints.metrics().streamFailed(Kind.DIVERT, "refused");
                        LOG.debugf("local process refused port=%s client=%s", port.key(), engagement.client());
                        arrival.reset();
                    } else {
                        away(engagement, failure);
                        forward(arrival, hold);
                    }
                }));
    }

    private void away(Engagement engagement, Throwable failure) {
        joints.metrics().fallback(ObservedEnd.label(failure));
        if (!clientAway) {
            clientAway = true;
            LOG.warnf(
                    "client not reached, connections go to the workload port=%s client=%s cause=\"%s\"",
                    port.key(), engagement.client(), failure.getMessage());
        }
    }

    private void back() {
        if (clientAway) {
            clientAway = false;
            LOG.infof("client reached again port=%s", port.key());
        }
    }

    private void forward(Arrival arrival, Hold hold) {
        LOG.debugf(
                "connection forwarded port=%s wiretaps=%d",
                port.key(), hold.wiretaps().size());
        joints.metrics().connection(port.key(), Kind.FORWARD);
        arrival.dialWorkload(new WorkloadDialled() {
            @Override
            public void joined(StreamEnd accepted, StreamEnd workload) {
                workloadBack();
                StreamEnd.join(tapped(observed(accepted, Kind.FORWARD, ""), arrival, hold), workload);
            }

            @Override
            public void failed(Throwable cause) {
                workloadAway(cause);
                arrival.reset();
            }
        });
    }

    private void workloadBack() {
        if (workloadAway) {
            workloadAway = false;
            LOG.infof("workload reached again port=%s", port.key());
        }
    }

    private void workloadAway(Throwable cause) {
        joints.metrics().streamFailed(Kind.FORWARD, ObservedEnd.label(cause));
        if (!workloadAway) {
            workloadAway = true;
            LOG.warnf(
                    "workload not reached, connections are reset port=%s target=%s:%d cause=\"%s\"",
                    port.key(), port.targetHost(), port.targetPort(), cause.getMessage());
        }
    }

    private StreamEnd tapped(StreamEnd end, Arrival arrival, Hold hold) {
        return joints.wiretaps().tap(end, hold.wiretaps(), engagement -> id(arrival, engagement));
    }

    private StreamEnd observed(StreamEnd end, Kind kind, String session) {
        return new ObservedEnd(end, kind, joints.metrics(), received(session), sent(session));
    }

    private LongConsumer received(String session) {
        return bytes -> {
            joints.metrics().bytesIn(bytes);
            if (!session.isEmpty()) {
                joints.traffic().toClient(session, bytes);
            }
        };
    }

    private LongConsumer sent(String session) {
        return bytes -> {
            joints.metrics().bytesOut(bytes);
            if (!session.isEmpty()) {
                joints.traffic().fromClient(session, bytes);
            }
        };
    }

    private ConnectionId id(Arrival arrival, Engagement engagement) {
        return ConnectionId.of(port.protocol(), arrival.source(), engagement.target());
    }
}
