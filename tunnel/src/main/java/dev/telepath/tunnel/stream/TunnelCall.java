package dev.telepath.tunnel.stream;

import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.bridge.ViewMarshaller;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A {@code Tunnel} call as a stream end. One class serves the side that calls and the side that is called; they differ
 * in who speaks first and in how the end of data is told.
 *
 * <pre>
 *   caller:  StreamInfo, [Session], frames…, half-close of the call
 *   callee:  StreamOk, frames…, CloseSend, and status OK when the caller is done too
 * </pre>
 *
 * A caller whose peer never ends the call (agents of 2.27 do not) cancels it {@link #LINGER} after both directions ended.
 * Back-pressure: what {@link #receive()} is asked for is what the call asks the peer for; what {@link #send} is given is
 * pulled only while the call is ready.
 */
public final class TunnelCall implements RemoteEnd {
    /** How long a caller waits for its peer to end a call whose both directions have ended. */
    public static final Duration LINGER = Duration.ofSeconds(5);

    private final FrameReader reader;
    private final Frame.StreamInfo info;
    /** A caller's: StreamOk came. A callee's: complete from the start. */
    private final CompletableFuture<Void> greeted = new CompletableFuture<>();

    private final CompletableFuture<Multi<Frame>> frames = new CompletableFuture<>();
    private final CompletableFuture<Boolean> sent = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    private TunnelCall(FrameReader reader, Frame.StreamInfo info) {
        this.reader = reader;
        this.info = info;
    }

    /**
     * Opens a stream by calling a peer. Returns before the peer has answered; what the peer says first, for instance a
     * refused dial, arrives at {@link #receive()}.
     *
     * @param forSession sent as second frame when not null: the client session that an agent's stream is for
     */
    public static TunnelCall open(
            Channel channel,
            MethodDescriptor<TunnelMessage, TunnelMessage> method,
            CallOptions options,
            Credit credit,
            Frame.StreamInfo info,
            @Nullable String forSession) {
        var call = new TunnelCall(new FrameReader(), info);
        Multi<Frame> opening = forSession == null
                ? Multi.createFrom().items(info)
                : Multi.createFrom().items(info, new Frame.Session(forSession));
        Multi<TunnelMessage> requests =
                Multi.createBy().concatenating().streams(opening.map(FrameCodec::encode), call.body());
        CallBridge.call(channel, ViewMarshaller.in(method, TunnelMessage.parser()), options, credit, requests)
                .subscribe()
                .withSubscriber(call.reader);
        call.reader.next().whenComplete((first, failure) -> {
            if (failure != null) {
                call.greeted.completeExceptionally(failure);
            } else if (first instanceof Frame.StreamOk) {
                call.greeted.complete(null);
            } else {
                var violation = new StreamFailure.ProtocolViolation(
                        "the peer answered " + first.getClass().getSimpleName() + " instead of StreamOk");
                call.reader.abort(violation);
                call.greeted.completeExceptionally(violation);
            }
        });
        call.sent.thenAccept(
                clean -> call.cancelAfterLinger(clean ? call.reader.ended() : CompletableFuture.completedFuture(null)));
        // A call that broke sends no more, even when nobody has given it frames yet.
        call.reader.broken().thenRun(() -> call.sent.complete(false));
        return call;
    }

    private void cancelAfterLinger(CompletionStage<Void> bothEnded) {
        bothEnded.thenRun(() -> {
            closed.complete(null);
            if (!reader.callEnded()) {
                CompletableFuture.delayedExecutor(LINGER.toMillis(), TimeUnit.MILLISECONDS, Runnable::run)
                        .execute(() -> {
                            if (!reader.callEnded()) {
                                reader.cancel();
                            }
                        });
            }
        });
    }

    /**
     * Serves a call: reads its first frame, then hands the stream over.
     *
     * @param incoming the call's messages
     * @param accept gets the stream. Throwing refuses the call with that status.
     * @return what is sent to the caller; fails with {@code FAILED_PRECONDITION} when the first frame is no StreamInfo
     */
    public static Multi<TunnelMessage> serve(Multi<TunnelMessage> incoming, Consumer<TunnelCall> accept) {
        return Multi.createFrom().deferred(() -> {
            var reader = new FrameReader();
            incoming.subscribe().withSubscriber(reader);
            return Uni.createFrom()
                    .completionStage(reader.next())
                    .onFailure(StreamFailure.class)
                    .transform(e -> refused(e.getMessage()))
                    .onItem()
                    .transformToMulti(first -> greet(reader, first, accept));
        });
    }

    private static Multi<TunnelMessage> greet(FrameReader reader, Frame first, Consumer<TunnelCall> accept) {
        if (!(first instanceof Frame.StreamInfo info)) {
            return Multi.createFrom()
                    .failure(refused(
                            "the first frame was " + first.getClass().getSimpleName() + ", expected StreamInfo"));
        }
        var call = new TunnelCall(reader, info);
        call.greeted.complete(null);
        Multi<TunnelMessage> ok = Multi.createFrom().item(FrameCodec.encode(new Frame.StreamOk(FrameCodec.VERSION)));
        Multi<TunnelMessage> answer = Multi.createBy()
                .concatenating()
                .streams(ok, call.body(), call.tail())
                .onTermination()
                .invoke(() -> {
                    call.sent.complete(false);
                    call.closed.complete(null);
                });
        accept.accept(call);
        return answer;
    }

    private static RuntimeException refused(@Nullable String why) {
        return Status.FAILED_PRECONDITION.withDescription(why).asRuntimeException();
    }

    /** The frames of the other end; its failure becomes the frame that tells it. */
    private Multi<TunnelMessage> body() {
        return Uni.createFrom()
                .completionStage(frames)
                .onItem()
                .transformToMulti(given -> given)
                .onCompletion()
                .invoke(() -> sent.complete(true))
                .onFailure(cause -> !(cause instanceof StatusRuntimeException))
                .recoverWithMulti(this::farewell)
                .map(FrameCodec::encode)
                .onCancellation()
                .invoke(() -> sent.complete(false));
    }

    private Multi<Frame> farewell(Throwable cause) {
        sent.complete(false);
        return switch (StreamFailure.of(cause)) {
            case StreamFailure.DialRefused refused ->
                Multi.createFrom().items(new Frame.DialReject(), new Frame.CloseSend());
            case StreamFailure.DialTimedOut late ->
                Multi.createFrom().items(new Frame.DialReject(), new Frame.CloseSend());
            default -> Multi.createFrom().item(new Frame.Disconnect());
        };
    }

    /** A callee's last words: CloseSend, and the end of the call once the caller has ended too. */
    private Multi<TunnelMessage> tail() {
        return Multi.createFrom().deferred(() -> {
            if (!sent.getNow(false)) {
                return Multi.createFrom().empty();
            }
            Multi<TunnelMessage> close = Multi.createFrom().item(FrameCodec.encode(new Frame.CloseSend()));
            Multi<TunnelMessage> callerDone = Uni.createFrom()
                    .completionStage(reader.ended())
                    .onItem()
                    .transformToMulti(nothing -> Multi.createFrom().empty());
            return Multi.createBy().concatenating().streams(close, callerDone);
        });
    }

    /** What the caller said of the stream. */
    public Frame.StreamInfo info() {
        return info;
    }

    /**
     * Reads one more opening frame, which must name a client session. Only on the called side, before
     * {@link #receive()}.
     *
     * @return the session id; fails with {@link StreamFailure.ProtocolViolation} when the frame is another one
     */
    public CompletionStage<String> session() {
        return reader.next().thenApply(frame -> {
            if (frame instanceof Frame.Session(String sessionId)) {
                return sessionId;
            }
            throw new StreamFailure.ProtocolViolation(
                    "the second frame was " + frame.getClass().getSimpleName() + ", expected Session");
        });
    }

    @Override
    public CompletionStage<Void> dialled() {
        return greeted.thenCompose(ok -> reader.next()).thenCompose(frame -> switch (frame) {
            case Frame.DialOk ok -> CompletableFuture.completedFuture(null);
            case Frame.KeepAlive alive -> dialled();
            case Frame.DialReject reject ->
                CompletableFuture.failedFuture(new StreamFailure.DialRefused("the other edge could not dial"));
            default ->
                CompletableFuture.failedFuture(new StreamFailure.ProtocolViolation(
                        "expected the answer of a dial, got " + frame.getClass().getSimpleName()));
        });
    }

    @Override
    public Multi<Frame> receive() {
        return Multi.createFrom().publisher(reader);
    }

    @Override
    public void send(Multi<Frame> toSend) {
        if (!frames.complete(toSend)) {
            throw new IllegalStateException("a stream end sends one sequence of frames");
        }
    }

    @Override
    public void fail(StreamFailure why) {
        send(Multi.createFrom().failure(why));
    }

    /**
     * Ends a call with a status before anything was joined to it: the caller learns that nothing of its stream was taken,
     * and may carry it otherwise.
     */
    public void refuse(Status status) {
        send(Multi.createFrom().failure(status.asRuntimeException()));
    }

    @Override
    public CompletionStage<Void> closed() {
        return closed;
    }
}
