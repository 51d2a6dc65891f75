package dev.telepath.tunnel.carry;

import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.protocol.v1.StreamsGrpc;
import dev.telepath.tunnel.bridge.ViewMarshaller;
import io.grpc.MethodDescriptor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.NullUnmarked;

/** One direction of a link in memory: what one edge publishes the other is given, until it is cut or held. */
@NullUnmarked
final class Pipe implements Flow.Subscriber<StreamFrame>, Flow.Subscription {
    /** What comes is a copy of what was sent, as by a call. */
    private static final MethodDescriptor<StreamFrame, StreamFrame> WIRE =
            ViewMarshaller.in(StreamsGrpc.getCarryMethod(), StreamFrame.parser(), CarryRig.BLOCKS);

    private final Flow.Subscriber<? super StreamFrame> to;
    private final Consumer<StreamFrame> passing;
    private final Consumer<Runnable> delivery;
    private final AtomicBoolean over = new AtomicBoolean();
    private Flow.Subscription from;
    private boolean held;
    private long asked;

    /**
     * @param passing sees each frame before it goes on
     * @param delivery when it arrives
     */
    private Pipe(Flow.Subscriber<? super StreamFrame> to, Consumer<StreamFrame> passing, Consumer<Runnable> delivery) {
        this.to = to;
        this.passing = passing;
        this.delivery = delivery;
    }

    static Pipe join(
            Flow.Publisher<StreamFrame> from, Flow.Subscriber<? super StreamFrame> to, Consumer<StreamFrame> passing) {
        return join(from, to, passing, Runnable::run);
    }

    static Pipe join(
            Flow.Publisher<StreamFrame> from,
            Flow.Subscriber<? super StreamFrame> to,
            Consumer<StreamFrame> passing,
            Consumer<Runnable> delivery) {
        var pipe = new Pipe(to, passing, delivery);
        from.subscribe(pipe);
        return pipe;
    }

    /** The sender is cancelled, the receiver is told of a failure. */
    void cut() {
        if (over.compareAndSet(false, true)) {
            to.onError(new IllegalStateException("the link was cut"));
            Flow.Subscription sender;
            synchronized (this) {
                sender = from;
            }
            if (sender != null) {
                sender.cancel();
            }
        }
    }

    /** Nothing is asked of the sender until it is let go. */
    synchronized void hold() {
        held = true;
    }

    void letGo() {
        long n;
        synchronized (this) {
            held = false;
            n = asked;
            asked = 0;
        }
        if (n > 0 && from != null) {
            from.request(n);
        }
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        synchronized (this) {
            from = subscription;
        }
        to.onSubscribe(this);
    }

    @Override
    public void onNext(StreamFrame frame) {
        passing.accept(frame);
        delivery.accept(() -> {
            if (!over.get()) {
                to.onNext(WIRE.parseRequest(WIRE.streamRequest(frame)));
            }
        });
    }

    @Override
    public void onError(Throwable cause) {
        if (over.compareAndSet(false, true)) {
            to.onError(cause);
        }
    }

    @Override
    public void onComplete() {
        delivery.accept(() -> {
            if (over.compareAndSet(false, true)) {
                to.onComplete();
            }
        });
    }

    @Override
    public void request(long n) {
        synchronized (this) {
            if (held) {
                asked += n;
                return;
            }
        }
        from.request(n);
    }

    @Override
    public void cancel() {
        over.set(true);
        from.cancel();
    }
}
