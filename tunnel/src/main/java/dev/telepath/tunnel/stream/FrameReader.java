package dev.telepath.tunnel.stream;

import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.frame.MalformedFrame;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Reads a {@code Tunnel} call: its opening frames one by one, then, once {@link #subscribe} is called, the rest as a
 * back-pressured publisher of the frames that pass between ends. The half-close of the call and the frame
 * {@code CloseSend} mean the same and both complete it.
 */
final class FrameReader implements Flow.Subscriber<TunnelMessage>, Flow.Publisher<Frame>, Flow.Subscription {
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final CompletableFuture<Void> broken = new CompletableFuture<>();
    private final CompletableFuture<Flow.Subscription> upstream = new CompletableFuture<>();
    private @Nullable CompletableFuture<Frame> opening;
    private Flow.@Nullable Subscriber<? super Frame> downstream;
    private boolean done;
    private boolean delivered;
    private volatile boolean callEnded;
    private @Nullable StreamFailure failure;

    /** The next opening frame. Before {@link #subscribe}, one at a time. */
    CompletableFuture<Frame> next() {
        var frame = new CompletableFuture<Frame>();
        synchronized (this) {
            if (done) {
                frame.completeExceptionally(
                        failure != null
                                ? failure
                                : new StreamFailure.ConnectionLost("the call ended before the stream"));
                return frame;
            }
            opening = frame;
        }
        upstream.thenAccept(source -> source.request(1));
        return frame;
    }

    /** Completes when the peer sends nothing any more, for whatever reason. */
    CompletableFuture<Void> ended() {
        return ended;
    }

    /** Completes when the peer's side ended by anything but a half-close. */
    CompletableFuture<Void> broken() {
        return broken;
    }

    /** Whether the call itself is over, not only the peer's data. */
    boolean callEnded() {
        return callEnded;
    }

    /** Ends the call because of what the peer sent. */
    void abort(StreamFailure why) {
        upstream.thenAccept(Flow.Subscription::cancel);
        finish(why);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        upstream.complete(subscription);
    }

    @Override
    public void onNext(TunnelMessage message) {
        Frame frame;
        try {
            frame = FrameCodec.decode(message);
        } catch (MalformedFrame malformed) {
            abort(StreamFailure.of(malformed));
            return;
        }
        CompletableFuture<Frame> waiting;
        Flow.Subscriber<? super Frame> to;
        synchronized (this) {
            waiting = opening;
            opening = null;
            to = done ? null : downstream;
        }
        if (waiting != null) {
            waiting.complete(frame);
            return;
        }
        switch (frame) {
            case Frame.Data data -> pass(to, data);
            case Frame.DialOk ok -> pass(to, ok);
            case Frame.KeepAlive alive -> pass(to, alive);
            case Frame.CloseSend() -> {
                finish(null);
                upstream.join().request(1);
            }
            case Frame.Disconnect() -> finish(new StreamFailure.Reset("the peer reset the stream"));
            case Frame.DialReject() -> finish(new StreamFailure.DialRefused("the peer could not dial the destination"));
            default -> upstream.join().request(1);
        }
    }

    private void pass(Flow.@Nullable Subscriber<? super Frame> to, Frame frame) {
        if (to != null) {
            to.onNext(frame);
        } else {
            upstream.join().request(1);
        }
    }

    @Override
    public void onError(Throwable cause) {
        callEnded = true;
        finish(StreamFailure.of(cause));
    }

    @Override
    public void onComplete() {
        callEnded = true;
        finish(null);
    }

    private void finish(@Nullable StreamFailure cause) {
        CompletableFuture<Frame> waiting;
        synchronized (this) {
            if (!done) {
                done = true;
                failure = cause;
            }
            waiting = opening;
            opening = null;
        }
        if (waiting != null) {
            waiting.completeExceptionally(
                    cause != null ? cause : new StreamFailure.ConnectionLost("the call ended before the stream"));
        }
        deliver();
        ended.complete(null);
        if (cause != null) {
            broken.complete(null);
        }
    }

    private void deliver() {
        Flow.Subscriber<? super Frame> to;
        synchronized (this) {
            if (!done || delivered || downstream == null) {
                return;
            }
            delivered = true;
            to = downstream;
        }
        if (failure != null) {
            to.onError(failure);
        } else {
            to.onComplete();
        }
    }

    @Override
    public void subscribe(Flow.Subscriber<? super Frame> subscriber) {
        synchronized (this) {
            downstream = subscriber;
        }
        subscriber.onSubscribe(this);
        deliver();
    }

    @Override
    public void request(long n) {
        upstream.thenAccept(source -> source.request(n));
    }

    @Override
    public void cancel() {
        synchronized (this) {
            done = true;
            delivered = true;
        }
        callEnded = true;
        upstream.thenAccept(Flow.Subscription::cancel);
        ended.complete(null);
    }
}
