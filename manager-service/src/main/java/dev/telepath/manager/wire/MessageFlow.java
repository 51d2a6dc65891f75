package dev.telepath.manager.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.grpc.StatusRuntimeException;
import io.vertx.core.buffer.Buffer;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Turns the demand for messages into demand for chunks: one chunk is asked for when the last has no whole message left.
 * Thread-safe; messages are emitted one after the other.
 */
final class MessageFlow<T extends MessageLite> implements Flow.Subscriber<Buffer>, Flow.Subscription {
    private final Flow.Subscriber<? super T> downstream;
    private final Parser<T> parser;
    private final MessageReader reader = new MessageReader();
    private Flow.@Nullable Subscription upstream;
    private @Nullable Buffer arrived;
    private @Nullable Throwable failure;
    private long demand;
    private boolean asked;
    private boolean ended;
    private boolean over;
    private boolean emitting;
    private boolean again;

    MessageFlow(Flow.Subscriber<? super T> downstream, Parser<T> parser) {
        this.downstream = downstream;
        this.parser = parser;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        upstream = subscription;
        downstream.onSubscribe(this);
    }

    @Override
    public void onNext(Buffer chunk) {
        synchronized (this) {
            arrived = chunk;
            asked = false;
        }
        drain();
    }

    @Override
    public void onError(Throwable cause) {
        synchronized (this) {
            failure = cause;
            ended = true;
        }
        drain();
    }

    @Override
    public void onComplete() {
        synchronized (this) {
            ended = true;
        }
        drain();
    }

    @Override
    public void request(long n) {
        synchronized (this) {
            demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
        }
        drain();
    }

    @Override
    public void cancel() {
        synchronized (this) {
            over = true;
        }
        Flow.Subscription from = upstream;
        if (from != null) {
            from.cancel();
        }
    }

    private void drain() {
        synchronized (this) {
            again = true;
            if (emitting) {
                return;
            }
            emitting = true;
        }
        while (goesOn()) {
            step();
        }
    }

    private synchronized boolean goesOn() {
        emitting = again && !over;
        again = false;
        return emitting;
    }

    /** One message, one chunk asked for, or the end. */
    private void step() {
        boolean wanted;
        Throwable cause;
        synchronized (this) {
            wanted = demand > 0;
            cause = failure;
        }
        if (cause != null) {
            end(cause);
            return;
        }
        try {
            ByteString bytes = wanted ? reader.next() : null;
            if (bytes == null && wanted) {
                more();
            } else if (bytes != null) {
                T message = Messages.read(bytes, parser);
                synchronized (this) {
                    demand--;
                    again = true;
                }
                downstream.onNext(message);
            } else {
                endIfNothingIsLeft();
            }
        } catch (StatusRuntimeException malformed) {
            Flow.Subscription from = upstream;
            if (from != null) {
                from.cancel();
            }
            end(malformed);
        }
    }

    private void more() {
        Flow.Subscription from;
        boolean last;
        synchronized (this) {
            Buffer chunk = arrived;
            if (chunk != null) {
                arrived = null;
                reader.add(chunk);
                again = true;
                return;
            }
            last = ended;
            if (asked && !last) {
                return;
            }
            asked = !last;
            from = upstream;
        }
        if (last) {
            end(null);
        } else if (from != null) {
            from.request(1);
        }
    }

    /** Without demand: the end is told when no chunk is unread. */
    private void endIfNothingIsLeft() {
        boolean last;
        synchronized (this) {
            last = ended && arrived == null && reader.unread() == 0;
        }
        if (last) {
            end(null);
        }
    }

    private void end(@Nullable Throwable cause) {
        synchronized (this) {
            if (over) {
                return;
            }
            over = true;
        }
        if (cause != null) {
            downstream.onError(cause);
        } else {
            downstream.onComplete();
        }
    }
}
