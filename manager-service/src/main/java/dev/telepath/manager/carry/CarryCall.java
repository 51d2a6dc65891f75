package dev.telepath.manager.carry;

import com.google.protobuf.ByteString;
import dev.telepath.manager.wire.MessageReader;
import dev.telepath.manager.wire.Messages;
import dev.telepath.protocol.v1.StreamFrame;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.vertx.core.buffer.Buffer;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * What one edge sends on a {@code Carry} call: its greeting, the only message that is read here, then chunks for the other
 * edge, pulled by that one's call and passed on as they came. Thread-safe; chunks come on the event loop of the call's
 * connection.
 */
final class CarryCall implements Flow.Subscriber<Buffer>, Flow.Publisher<Buffer>, Flow.Subscription {
    private final CompletableFuture<StreamFrame> greeting = new CompletableFuture<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final @Nullable SocketAddress peer;
    private @Nullable MessageReader reader = new MessageReader();
    private Flow.@Nullable Subscription upstream;
    private Flow.@Nullable Subscriber<? super Buffer> downstream;
    /** What the subscriber gets before what comes. */
    private @Nullable Buffer first;

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
        Buffer behind = first;
        first = Messages.chunk(frame);
        if (behind != null) {
            first = Buffer.buffer(first.length() + behind.length())
                    .appendBuffer(first)
                    .appendBuffer(behind);
        }
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
    public void onNext(Buffer chunk) {
        MessageReader greets = reader;
        if (greets != null) {
            greet(greets, chunk);
            return;
        }
        Flow.Subscriber<? super Buffer> to;
        synchronized (this) {
            to = done ? null : downstream;
        }
        if (to != null) {
            to.onNext(chunk);
        }
    }

    private void greet(MessageReader greets, Buffer chunk) {
        StreamFrame frame;
        try {
            greets.add(chunk);
            ByteString message = greets.next();
            if (message == null) {
                more(1);
                return;
            }
            frame = Messages.read(message, StreamFrame.parser());
        } catch (StatusRuntimeException malformed) {
            reader = null;
            greeting.completeExceptionally(Status.INVALID_ARGUMENT
                    .withDescription("the first frame cannot be read")
                    .withCause(malformed)
                    .asRuntimeException());
            return;
        }
        reader = null;
        Buffer behind = greets.rest();
        synchronized (this) {
            first = behind.length() == 0 ? null : behind;
        }
        greeting.complete(frame);
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

    /** Tells of the end: a loss at once, a clean one behind what is still to be passed on. */
    private void deliver() {
        Flow.Subscriber<? super Buffer> to;
        synchronized (this) {
            if (!done || delivered || downstream == null || first != null && failure == null) {
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
    public void subscribe(Flow.Subscriber<? super Buffer> subscriber) {
        synchronized (this) {
            downstream = subscriber;
        }
        subscriber.onSubscribe(this);
        deliver();
    }

    @Override
    public void request(long n) {
        Buffer held;
        Flow.Subscriber<? super Buffer> to;
        synchronized (this) {
            to = delivered ? null : downstream;
            held = to == null ? null : first;
            if (held != null) {
                first = null;
            }
        }
        long wanted = n;
        if (held != null && to != null) {
            to.onNext(held);
            wanted--;
            deliver();
        }
        if (wanted > 0) {
            more(wanted);
        }
    }

    private void more(long n) {
        Flow.Subscription from = upstream;
        if (from != null) {
            from.request(n);
        }
    }

    @Override
    public void cancel() {
        synchronized (this) {
            done = true;
            delivered = true;
            first = null;
        }
        over.complete(null);
        Flow.Subscription from = upstream;
        if (from != null) {
            from.cancel();
        }
    }
}
