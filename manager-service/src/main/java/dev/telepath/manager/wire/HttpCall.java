package dev.telepath.manager.wire;

import dev.telepath.manager.security.FaultMask;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.transport.RecordBytes;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.impl.ConnectionBase;
import java.net.SocketAddress;
import java.util.concurrent.Flow;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A gRPC call on an HTTP/2 stream of the server, in chunks: bytes of messages with their prefixes, cut anywhere, as the
 * peer's DATA frames came. At most one chunk is held for which there is no demand; it is what shows a half-close behind it.
 *
 * <p>Confined to the event loop of its connection, but for {@link #isReady()}.
 */
public final class HttpCall extends ServerCallStreamObserver<Buffer> {
    /** That of the connection. */
    private static final AttributeKey<CallWindow> WINDOW = AttributeKey.valueOf(HttpCall.class, "window");

    private static final Runnable NOTHING = () -> {};
    /** Bytes that are written and not on the wire, from which on the call takes no more. */
    private static final int MOST_UNDER_WAY = 64 * 1024;

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Channel channel;
    private final CallWindow window;
    private final String method;
    private final MessageTally tally = new MessageTally();
    private Runnable onReady = NOTHING;
    private Runnable onCancel = NOTHING;
    private @Nullable StreamObserver<Buffer> incoming;
    private @Nullable Buffer held;
    private long demand;
    private boolean fetching;
    private boolean passing;
    private boolean received;
    private boolean headed;
    private long underWay;
    private volatile boolean full;
    private volatile boolean closed;
    private volatile boolean cancelled;

    /**
     * @param method full name of the gRPC method
     */
    HttpCall(HttpServerRequest request, String method) {
        this.request = request;
        this.response = request.response();
        this.channel = ((ConnectionBase) request.connection()).channel();
        this.window = window(request.connection(), channel);
        this.method = method;
        request.pause();
    }

    private static CallWindow window(HttpConnection connection, Channel channel) {
        Attribute<CallWindow> known = channel.attr(WINDOW);
        if (known.get() == null) {
            known.set(CallWindow.of(connection));
        }
        return known.get();
    }

    /** Has the connection of the call take its buffers, and its TLS its arrays, from there, and flush seldom, from now on. */
    void prepareConnection(ByteBufAllocator allocator) {
        if (channel.config().getAllocator() != allocator) {
            channel.config().setAllocator(allocator);
            RecordBytes.gather(channel.pipeline());
            GatheredFlushes.above(channel.pipeline());
        }
    }

    /** Where the call's connection comes from. */
    public @Nullable SocketAddress peer() {
        return channel.remoteAddress();
    }

    /**
     * Answers the call. Once.
     *
     * @param service gets the peer's chunks, and gives those that the peer is sent; each chunk is counted as a frame of
     *     the credit
     */
    public void answer(Credit credit, Function<Flow.Publisher<Buffer>, Flow.Publisher<Buffer>> service) {
        request.handler(this::arrived);
        request.endHandler(nothing -> ended());
        request.exceptionHandler(this::lost);
        response.exceptionHandler(this::lost);
        response.closeHandler(nothing -> lost(null));
        incoming = CallBridge.serveFlow(this, channel.eventLoop(), credit, service);
        pass();
    }

    /** Whether its peer went away before it was answered. */
    boolean gone() {
        return response.closed();
    }

    /** Ends a call that is not answered. */
    void refuse(Status status) {
        close(status);
    }

    // ---- from the peer ----------------------------------------------------------------------------------------------

    private void arrived(Buffer chunk) {
        fetching = false;
        window.took(chunk.length());
        if (!closed && chunk.length() > 0) {
            try {
                tally.add(chunk);
            } catch (StatusRuntimeException refused) {
                breakOff(refused.getStatus());
                return;
            }
            held = chunk;
        }
        pass();
    }

    private void ended() {
        received = true;
        pass();
    }

    private void pass() {
        StreamObserver<Buffer> to = incoming;
        if (passing || to == null) {
            return;
        }
        passing = true;
        while (!closed && !cancelled) {
            Buffer chunk = held;
            if (chunk != null && demand > 0) {
                demand--;
                held = null;
                to.onNext(chunk);
            } else if (chunk == null && !fetching && !received) {
                fetching = true;
                request.fetch(1);
            } else {
                break;
            }
        }
        passing = false;
        if (received && held == null && !cancelled) {
            if (tally.atBoundary()) {
                to.onCompleted();
            } else if (!closed) {
                breakOff(Status.INVALID_ARGUMENT.withDescription("the call ended within a message"));
            }
        }
    }

    private void lost(@Nullable Throwable cause) {
        if (!cancelled) {
            cancelled = true;
            held = null;
            onCancel.run();
        }
    }

    /** The peer does not keep to the protocol. */
    private void breakOff(Status status) {
        close(status);
        cancelled = true;
        onCancel.run();
    }

    @Override
    public void request(int count) {
        demand += count;
        pass();
    }

    // ---- to the peer ------------------------------------------------------------------------------------------------

    /**
     * Counted here, as gRPC's own transport does. The HTTP server goes by Netty's writability of a stream, and that loses a
     * wake-up: a WINDOW_UPDATE read while the socket's buffer is full for a moment marks its stream alone as not writable,
     * and when the buffer has room again the connection, not marked, has nothing to tell. A stream from which nothing is
     * written then waits for ever.
     */
    @Override
    public boolean isReady() {
        return !closed && !cancelled && !full;
    }

    @Override
    public void onNext(Buffer chunk) {
        if (closed || cancelled) {
            return;
        }
        if (!headed) {
            headed = true;
            response.putHeader("content-type", "application/grpc");
        }
        int bytes = chunk.length();
        underWay += bytes;
        full = underWay >= MOST_UNDER_WAY;
        response.write(chunk, written -> sent(bytes));
    }

    /** On the wire, or lost with the call. */
    private void sent(int bytes) {
        underWay -= bytes;
        if (full && underWay < MOST_UNDER_WAY) {
            full = false;
            onReady.run();
        }
    }

    @Override
    public void onError(Throwable cause) {
        close(Status.fromThrowable(cause));
    }

    @Override
    public void onCompleted() {
        close(Status.OK);
    }

    private void close(Status status) {
        if (closed || cancelled) {
            return;
        }
        closed = true;
        held = null;
        Status told = FaultMask.told(status, method);
        EndOfCall.write(response, headed, told);
        if (!received) {
            // What the peer still sends is nobody's; unread it would use up the window of the connection.
            request.resume();
        }
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }

    @Override
    public void setOnCancelHandler(Runnable handler) {
        onCancel = handler;
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {
        onReady = handler;
    }

    @Override
    public void disableAutoInboundFlowControl() {
        // Nothing comes without demand.
    }

    @Override
    public void disableAutoRequest() {
        // Nothing comes without demand.
    }

    @Override
    public void setCompression(String compression) {
        throw new UnsupportedOperationException("chunks are sent as they are");
    }

    @Override
    public void setMessageCompression(boolean enable) {
        throw new UnsupportedOperationException("chunks are sent as they are");
    }
}
