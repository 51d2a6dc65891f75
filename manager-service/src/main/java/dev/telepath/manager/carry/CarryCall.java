package dev.telepath.manager.carry;

import dev.telepath.protocol.v1.StreamFrame;
import io.grpc.Status;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * What one edge sends on a {@code Carry} call: its greeting, then frames for the other edge, pulled by that one's call.
 * Thread-safe; items come on the event loop of the call's connection.
 */
final class CarryCall implements Flow.Subscriber<StreamFrame>, Flow.Publisher<StreamFrame>, Flow.Subscription {
    private final CompletableFuture<StreamFrame> greeting = new CompletableFuture<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final @Nullable SocketAddress peer;
    private Flow.@Nullable Subscription upstream;
    private Flow.@Nullable Subscriber<? super StreamFrame> downstream;
    private @Nullable StreamFrame first;
    private boolean done;
    private boolean delivered;
    private @Nullable Throwable failure;

    /**
     * @param peer where the call's connection comes from
     */
    CarryCall(@Nullable SocketAddress peer) {
        this.peer = peer;
    }

    /** The first frame; fails when the call ends before it. */
    CompletableFuture<StreamFrame> greeting() {
        return greeting;
    }

    /** Whether its connection comes from there. */
    boolean from(@Nullable SocketAddress address) {
        return peer != null && peer.equals(address);
    }

    /** Completes when the edge sends no more, for whatever reason. */
    CompletableFuture<Void> over() {
        return over;
    }

    /** Lets the greeting be the first frame that the subscriber gets. */
    synchronized void passOn(StreamFrame frame) {
        first = frame;
    }

    /** Ends the call at both edges, as if it was lost. */
    void breakOff(String why) {
        finish(Status.UNAVAILABLE.withDescription(why).asRuntimeException());
    }

    /** Its edge is sent no more, so its call is closed and what it might still send is not for anybody. */
    void answered() {
        finish(null);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        upstream = subscription;
        subscription.request(1);
    }

    @Override
    public void onNext(StreamFrame frame) {
        if (!greeting.isDone()) {
            greeting.complete(frame);
            return;
        }
        Flow.Subscriber<? super StreamFrame> to;
        synchronized (this) {
            to = done ? null : downstream;
        }
        if (to != null) {
            to.onNext(frame);
        }
    }

    @Override
    public void onError(Throwable cause) {
        finish(Status.UNAVAILABLE
                .withDescription("the other edge's link was lost")
                .withCause(cause)
                .asRuntimeException());
    }

    @Override
    public void onComplete() {
        finish(null);
    }

    private void finish(@Nullable Throwable cause) {
        synchronized (this) {
            if (done) {
                return;
            }
            done = true;
            failure = cause;
        }
        greeting.completeExceptionally(Status.FAILED_PRECONDITION
                .withDescription("the call ended before its greeting")
                .asRuntimeException());
        over.complete(null);
        deliver();
    }

    private void deliver() {
        Flow.Subscriber<? super StreamFrame> to;
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
    public void subscribe(Flow.Subscriber<? super StreamFrame> subscriber) {
        synchronized (this) {
            downstream = subscriber;
        }
        subscriber.onSubscribe(this);
        deliver();
    }

    @Override
    public void request(long n) {
        StreamFrame held;
        Flow.Subscriber<? super StreamFrame> to;
        synchronized (this) {
            held = first;
            first = null;
            to = done ? null : downstream;
        }
        long more = n;
        if (held != null && to != null) {
            to.onNext(held);
            more--;
        }
        Flow.Subscription from = upstream;
        if (from != null && more > 0) {
            from.request(more);
        }
    }

    @Override
    public void cancel() {
        synchronized (this) {
            done = true;
            delivered = true;
        }
        over.complete(null);
        Flow.Subscription from = upstream;
        if (from != null) {
            from.cancel();
        }
    }
}
