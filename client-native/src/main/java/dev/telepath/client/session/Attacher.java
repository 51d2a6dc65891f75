package dev.telepath.client.session;

import com.google.protobuf.Empty;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.home.Journal;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.MutinyManagerGrpc;
import dev.telepath.protocol.telepresence.manager.MutinyManagerGrpc.MutinyManagerStub;
import dev.telepath.protocol.telepresence.manager.ReconnectClientRequest;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.VersionInfo2;
import dev.telepath.protocol.v1.MutinyHandshakeGrpc;
import dev.telepath.protocol.v1.PeerInfo;
import dev.telepath.tunnel.capability.Capabilities;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.reconnect.Cause;
import io.grpc.ManagedChannel;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Attaches: opens the connection, learns what the manager can do, and gets the session it had, or a new one. Blocks; used
 * by the session's thread alone.
 */
final class Attacher {
    private static final Logger LOG = Logger.getLogger(Attacher.class);
    /**
     * A version that managers of every 2.x line accept: they refuse clients below 2.6.0. Ours is told by the handshake
     * and by the product.
     */
    private static final String WIRE_VERSION = "2.27.4-telepath";

    private final Target target;
    private final Policy policy;
    private final EventLoopGroup loops;
    private final MeterRegistry metrics;
    private final Journal journal;
    private final String version;
    private final Bypass bypass;

    Attacher(
            Target target,
            Policy policy,
            EventLoopGroup loops,
            MeterRegistry metrics,
            Journal journal,
            String version,
            Bypass bypass) {
        this.target = target;
        this.policy = policy;
        this.loops = loops;
        this.metrics = metrics;
        this.journal = journal;
        this.version = version;
        this.bypass = bypass;
    }

    /**
     * @param had the session of the last attachment, if any
     * @param known what a manager that forgot that session is told
     * @throws Failure why it did not work
     */
    Attachment attach(Optional<SessionInfo> had, List<InterceptInfo> known) {
        Way.Opened opened = target.way().open(loops, policy.limits(), bypass);
        ManagedChannel channel = opened.channel();
        try {
            VersionInfo2 manager =
                    await("attach to " + target.address(), stub(channel).version(Empty.getDefaultInstance()));
            var capabilities = new Capabilities((manager.getName() + " " + manager.getVersion()).strip(), metrics);
            handshake(channel, capabilities);
            Optional<SessionInfo> kept = had.filter(session -> resume(channel, capabilities, session, known));
            SessionInfo session = kept.orElseGet(() -> arrive(channel));
            return new Attachment(opened, capabilities, manager, session, kept.isEmpty(), policy.call());
        } catch (Failure e) {
            channel.shutdownNow();
            throw target.way().explain(e);
        } catch (RuntimeException e) {
            channel.shutdownNow();
            throw e;
        }
    }

    private void handshake(ManagedChannel channel, Capabilities capabilities) {
        var me = PeerInfo.newBuilder().setRole("client").setProduct("telepath").setVersion(version);
        for (Capability each : Capability.values()) {
            me.addCapabilities(each.label());
        }
        Optional<PeerInfo> peer = await(
                "greet " + target.address(),
                capabilities.call(
                        Capability.HANDSHAKE,
                        () -> MutinyHandshakeGrpc.newMutinyStub(channel)
                                .withDeadlineAfter(policy.call().toMillis(), TimeUnit.MILLISECONDS)
                                .exchange(me.build())
                                .map(Optional::of),
                        () -> Uni.createFrom().item(Optional.empty())));
        peer.ifPresent(info -> {
            Set<Capability> offered = EnumSet.of(Capability.HANDSHAKE);
            info.getCapabilitiesList().forEach(label -> Capability.of(label).ifPresent(offered::add));
            capabilities.learn(offered);
        });
    }

    /** Whether the manager still has, or took back, the session. */
    private boolean resume(
            ManagedChannel channel, Capabilities capabilities, SessionInfo session, List<InterceptInfo> known) {
        try {
            await(
                    "confirm the session",
                    stub(channel)
                            .remain(RemainRequest.newBuilder()
                                    .setSession(session)
                                    .build()));
            return true;
        } catch (Failure e) {
            if (ManagerFailures.cause(e) == Cause.NOT_ALLOWED) {
                // It was opened with the token of somebody else.
                return false;
            }
            if (!ManagerFailures.isUnknown(e)) {
                throw e;
            }
        }
        var request = ReconnectClientRequest.newBuilder()
                .setSession(session)
                .setClient(client())
                .addAllIntercepts(known)
                .build();
        try {
            return await(
                    "restore the session",
                    capabilities.call(
                            Capability.RECONNECT,
                            () -> stub(channel).reconnectClient(request).map(ok -> true),
                            () -> Uni.createFrom().item(false)));
        } catch (Failure e) {
            if (!refused(e)) {
                // It may have been restored, or may be at the next try; a new session would lose every open stream.
                throw e;
            }
            LOG.infof("session not restored, begun anew cause=\"%s\"", e.message());
            return false;
        }
    }

    /** Whether the manager will say the same the next time: a wait or a lost connection is not its answer. */
    private static boolean refused(Failure failure) {
        return switch (ManagerFailures.cause(failure)) {
            case SESSION_UNKNOWN, NOT_ALLOWED, INCOMPATIBLE, WRONG_SERVER -> true;
            default -> false;
        };
    }

    private SessionInfo arrive(ManagedChannel channel) {
        SessionInfo session =
                await("open a session at " + target.address(), stub(channel).arriveAsClient(client()));
        journal.leftOver()
                .filter(old -> old.manager().equals(target.address())
                        && !old.sessionId().equals(session.getSessionId()))
                .ifPresent(old -> depart(
                        channel,
                        SessionInfo.newBuilder().setSessionId(old.sessionId()).build()));
        journal.opened(new Journal.OpenSession(
                target.address(), target.namespace(), target.clientName(), session.getSessionId()));
        return session;
    }

    private ClientInfo client() {
        return ClientInfo.newBuilder()
                .setName(target.clientName())
                .setInstallId(journal.installId())
                .setProduct("telepath")
                .setVersion(WIRE_VERSION)
                .setNamespace(target.namespace())
                .build();
    }

    /** Ends the session as far as the manager can be told. */
    void depart(Attachment attachment) {
        depart(attachment.channel(), attachment.session());
        journal.ended();
    }

    /** Leaves the session to a later daemon. The answer comes after all that was sent before, ends of streams among it. */
    void confirm(Attachment attachment) {
        try {
            RemainRequest request =
                    RemainRequest.newBuilder().setSession(attachment.session()).build();
            Calls.await("confirm the session", stub(attachment.channel()).remain(request), Duration.ofSeconds(3));
        } catch (Failure e) {
            LOG.debugf("session not confirmed cause=\"%s\"", e.message());
        }
    }

    private void depart(ManagedChannel channel, SessionInfo session) {
        try {
            Calls.await("end the session", stub(channel).depart(session), Duration.ofSeconds(3));
        } catch (Failure e) {
            LOG.debugf("session not ended at the manager cause=\"%s\"", e.message());
        }
    }

    private MutinyManagerStub stub(ManagedChannel channel) {
        return MutinyManagerGrpc.newMutinyStub(channel)
                .withDeadlineAfter(policy.call().toMillis(), TimeUnit.MILLISECONDS);
    }

    private <T> T await(String doing, Uni<T> answer) {
        return Calls.await(doing, answer, policy.call().plusSeconds(1));
    }
}
