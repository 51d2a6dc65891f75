package dev.telepath.client.proxy;

import com.google.protobuf.ByteString;
import dev.telepath.client.carry.ClientStreams;
import dev.telepath.client.dial.StreamLedger;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.ManagerFailures;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.capability.Capabilities.Support;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.TcpEnd;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.Deadline;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.CallOptions;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.smallrye.mutiny.Multi;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/** Opens streams to the cluster and joins local sockets to them. Thread-safe, never blocks. */
public final class OutboundStreams {
    private static final Logger LOG = Logger.getLogger(OutboundStreams.class);
    /** Addresses of one name that are tried in turn. */
    private static final int MAX_ADDRESSES = 4;
    /** The far side tells of its own deadline first; this is for one that says nothing. */
    private static final Duration MARGIN = Duration.ofSeconds(1);

    private final Supplier<CompletionStage<Attachment>> attachments;
    private final ClientStreams resumable;
    private final Credit credit;
    private final StreamLedger ledger;
    private final Duration latency;
    private final Duration dialTimeout;
    private final ScheduledExecutorService timer;
    private final Function<InetAddress, Optional<String>> via;
    /** Makes connection ids unique: they are how the two calls of a relayed stream find each other. */
    private final AtomicLong serial = new AtomicLong(ThreadLocalRandom.current().nextLong());

    /**
     * @param attachments the attachment as soon as there is one, for as long as a new stream may wait
     * @param timer of those that do not answer
     * @param via the workload whose agents alone may dial an address; empty: whoever can. Must not block
     */
    public OutboundStreams(
            Supplier<CompletionStage<Attachment>> attachments,
            ClientStreams resumable,
            Credit credit,
            StreamLedger ledger,
            Duration latency,
            Duration dialTimeout,
            ScheduledExecutorService timer,
            Function<InetAddress, Optional<String>> via) {
        this.attachments = attachments;
        this.resumable = resumable;
        this.credit = credit;
        this.ledger = ledger;
        this.latency = latency;
        this.dialTimeout = dialTimeout;
        this.timer = timer;
        this.via = via;
    }

    /**
     * Opens a stream. While the manager is away it waits for it, for a bounded time, as a connection to a host waits for a
     * network that is away.
     *
     * @param host a name or address of the far side
     * @return the dialled stream, of which nothing was read yet; fails with a {@link Failure}: UNREACHABLE or
     *     DENIED while the manager is away, NOT_FOUND for a name, CONFLICT for a refused dial, TIMED_OUT
     */
    public CompletionStage<RemoteEnd> open(String host, int port) {
        return open(Protocol.TCP, host, port);
    }

    /** As {@link #open(String, int)}, for a flow of datagrams. */
    CompletionStage<RemoteEnd> openFlow(String host, int port) {
        return open(Protocol.UDP, host, port);
    }

    /** As {@link #open(String, int)}, by an address and for either protocol. */
    public CompletionStage<RemoteEnd> open(Protocol protocol, InetSocketAddress destination) {
        return open(protocol, destination.getAddress().getHostAddress(), destination.getPort());
    }

    private CompletionStage<RemoteEnd> open(Protocol protocol, String host, int port) {
        return attachments
                .get()
                .thenCompose(attachment -> FarNames.resolve(attachment, host)
                        .subscribeAsCompletionStage()
                        .thenCompose(addresses -> {
                            if (addresses.isEmpty()) {
                                throw new Failure(
                                        Kind.NOT_FOUND,
                                        "the name " + host + " is not known on the far side",
                                        "see tp list");
                            }
                            return dial(attachment, protocol, addresses, 0, port);
                        }))
                .exceptionallyCompose(raw -> {
                    Failure failure = failure(raw, host, port);
                    LOG.debugf(
                            "outbound stream not opened destination=%s:%d cause=%s detail=\"%s\"",
                            host, port, failure.kind().label(), failure.message());
                    ledger.failed("outbound", failure.kind().label());
                    return CompletableFuture.failedFuture(failure);
                });
    }

    private CompletionStage<RemoteEnd> dial(
            Attachment attachment, Protocol protocol, List<InetAddress> addresses, int index, int port) {
        ConnectionId id = id(protocol, addresses.get(index), port);
        String workload = via.apply(addresses.get(index)).orElse("");
        if (!workload.isEmpty() && attachment.capabilities().of(Capability.VIA_WORKLOAD) != Support.SUPPORTED) {
            return CompletableFuture.failedFuture(new Failure(
                    Kind.CONFLICT,
                    "cannot dial " + addresses.get(index).getHostAddress() + " via workload " + workload
                            + ": the manager is too old",
                    "upgrade the manager, or connect without --proxy-via"));
        }
        CompletionStage<RemoteEnd> dialled = resumable
                .open(id, dialTimeout, workload)
                .map(end -> dialled(end)
                        .exceptionallyCompose(raw -> StreamFailure.of(raw) instanceof StreamFailure.NotOffered
                                ? dialled(older(attachment, id, workload))
                                : CompletableFuture.failedFuture(raw)))
                .orElseGet(() -> dialled(older(attachment, id, workload)));
        return dialled.exceptionallyCompose(raw -> {
            StreamFailure why = StreamFailure.of(raw);
            boolean another =
                    why instanceof StreamFailure.DialRefused && index + 1 < Math.min(addresses.size(), MAX_ADDRESSES);
            return another
                    ? dial(attachment, protocol, addresses, index + 1, port)
                    : CompletableFuture.failedFuture(why);
        });
    }

    private TunnelCall older(Attachment attachment, ConnectionId id, String workload) {
        var info = new Frame.StreamInfo(
                FrameCodec.VERSION,
                latency,
                dialTimeout,
                id,
                attachment.session().getSessionId(),
                workload);
        return TunnelCall.open(
                attachment.channel(), ManagerGrpc.getTunnelMethod(), CallOptions.DEFAULT, credit, info, null);
    }

    /** The end, once it is dialled; ended when that fails or takes longer than the far side may. */
    private CompletionStage<RemoteEnd> dialled(RemoteEnd end) {
        Duration most = dialTimeout.plus(latency).plus(MARGIN);
        return Deadline.of(end.dialled(), most, timer)
                .exceptionallyCompose(raw -> {
                    StreamFailure why = raw instanceof TimeoutException
                            ? new StreamFailure.DialTimedOut("no answer within " + most.toMillis() + " ms")
                            : StreamFailure.of(raw);
                    end.fail(why);
                    return CompletableFuture.failedFuture(why);
                })
                .thenApply(ok -> end);
    }

    private ConnectionId id(Protocol protocol, InetAddress destination, int port) {
        long next = serial.incrementAndGet();
        byte[] source = {127, (byte) (next >>> 32), (byte) (next >>> 24), (byte) (next >>> 16)};
        try {
            return ConnectionId.of(
                    protocol, InetAddress.getByAddress(source), (int) (next & 0xffff), destination, port);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 bytes is always accepted", e);
        }
    }

    private static Failure failure(Throwable raw, String host, int port) {
        Throwable cause = raw instanceof CompletionException && raw.getCause() != null ? raw.getCause() : raw;
        String where = host + ":" + port;
        return switch (cause) {
            case StreamFailure.DialRefused refused ->
                new Failure(
                        Kind.CONFLICT, where + " could not be dialled on the far side", "does something listen there?");
            case StreamFailure.DialTimedOut late -> new Failure(Kind.TIMED_OUT, String.valueOf(late.getMessage()), "");
            case StreamFailure other ->
                new Failure(Kind.UNREACHABLE, where + ": " + other.getMessage(), "see tp status");
            default -> ManagerFailures.of(cause, "reach " + where);
        };
    }

    /**
     * Joins an accepted socket and a dialled stream. On the socket's event loop, after its other handlers are removed.
     *
     * @param early bytes already read from the socket; ownership passes
     */
    public void join(Channel socket, ByteBuf early, RemoteEnd call) {
        join(socket, early, call, ByteString.EMPTY);
    }

    /**
     * As {@link #join(Channel, ByteBuf, RemoteEnd)}.
     *
     * @param first what the far side gets before anything of the socket
     */
    void join(Channel socket, ByteBuf early, RemoteEnd call, ByteString first) {
        TcpEnd end = TcpEnd.accepted(socket, credit, early);
        ledger.opened("outbound", end);
        end.send(call.receiveDialled());
        call.send(
                first.isEmpty()
                        ? end.receive()
                        : Multi.createBy()
                                .concatenating()
                                .streams(Multi.createFrom().item(new Frame.Data(first)), end.receive()));
    }

    /**
     * The local end of a flow of datagrams, before its stream is open.
     *
     * @param output takes what comes from the far side; on any thread, must not block
     * @param idle silence that ends it
     */
    UdpEnd flow(EventLoop loop, Consumer<ByteString> output, Duration idle) {
        return UdpEnd.accepted(loop, output, idle, credit);
    }

    /** Joins a local flow and a dialled one. */
    void join(UdpEnd end, RemoteEnd call) {
        ledger.opened("outbound", end);
        StreamEnd.join(end, call);
    }

    /** A stream of ours has its local end, which is joined elsewhere. */
    public void opened(StreamEnd local) {
        ledger.opened("outbound", local);
    }

    StreamLedger ledger() {
        return ledger;
    }
}
