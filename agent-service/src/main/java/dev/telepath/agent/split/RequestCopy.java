package dev.telepath.agent.split;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.filter.HttpFilter;
import dev.telepath.tunnel.filter.RequestHead;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A copy of what a caller sends, of which only the requests go on that a filter matches. Requests of HTTP/1.1 go as they
 * came, on a connection that is dialled for the first of them, and again when the local process has closed it; streams of
 * HTTP/2 by {@link Http2Copy}. What speaks neither has no requests, and where the end of one is not certain no further one is
 * looked for. Answers are nobody's.
 *
 * <p>Confined to the loop. The next frame is asked for when the last one is taken, so what has to wait waits in its source.
 */
public final class RequestCopy implements Flow.Subscriber<Frame>, Leg.Listener {
    private enum Phase {
        OPENING,
        HTTP1,
        /** All that follows belongs to one request that switched the connection to another protocol. */
        THROUGH,
        HTTP2,
        /** Nothing that follows goes on. */
        DEAF
    }

    private final EventExecutor loop;
    private final Duration linger;
    private final HttpFilter filter;
    private final Supplier<? extends CompletionStage<? extends StreamEnd>> dial;
    private Phase phase = Phase.OPENING;
    /** Of the last frame, what is not looked at yet. */
    private ByteString pending = ByteString.EMPTY;

    private HeadCollector head = new HeadCollector();
    private Body body = Body.none();
    private boolean matched;
    private boolean dialling;
    private boolean asked;
    private boolean sourceEnded;
    private boolean stopped;
    private @Nullable Leg leg;
    private @Nullable Http2Copy http2;
    private Flow.@Nullable Subscription source;

    private RequestCopy(
            HttpFilter filter,
            Supplier<? extends CompletionStage<? extends StreamEnd>> dial,
            Duration linger,
            EventExecutor loop) {
        this.filter = filter;
        this.dial = dial;
        this.linger = linger;
        this.loop = loop;
    }

    /**
     * Begins. Any thread.
     *
     * @param from what the caller sends, from its first byte on; it ends in a failure when it cannot wait any longer
     * @param dial opens a stream to the local process
     * @param linger how long that may take to answer and close after the copied connection has ended
     */
    public static void start(
            Flow.Publisher<Frame> from,
            HttpFilter filter,
            Supplier<? extends CompletionStage<? extends StreamEnd>> dial,
            Duration linger,
            EventExecutor loop) {
        loop.execute(() -> from.subscribe(new RequestCopy(filter, dial, linger, loop)));
    }

    // ---- from the caller --------------------------------------------------------------------------------------------

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        source = subscription;
        work();
    }

    @Override
    public void onNext(Frame frame) {
        loop.execute(() -> {
            asked = false;
            if (frame instanceof Frame.Data data) {
                pending = pending.concat(data.bytes());
            }
            work();
        });
    }

    @Override
    public void onError(Throwable failure) {
        loop.execute(() -> stop(String.valueOf(failure.getMessage())));
    }

    @Override
    public void onComplete() {
        loop.execute(() -> {
            sourceEnded = true;
            work();
            loop.schedule(() -> stop("the copied connection ended"), linger.toMillis(), TimeUnit.MILLISECONDS);
        });
    }

    /** Looks at what is here, and asks for more when there is room. */
    private void work() {
        boolean more = true;
        while (more && !dialling && !stopped && !pending.isEmpty()) {
            more = step();
        }
        Flow.Subscription from = source;
        if (dialling || stopped || from == null) {
            return;
        }
        if (sourceEnded) {
            endIfDone();
        } else if (!asked && hasRoom()) {
            asked = true;
            from.request(1);
        }
    }

    private boolean hasRoom() {
        return http2 == null ? leg == null || leg.writable() : !http2.isFull();
    }

    /** Whether it got on. */
    private boolean step() {
        switch (phase) {
            case OPENING -> {
                return opening();
            }
            case HTTP1 -> http1();
            case THROUGH -> pass(pending.size());
            case HTTP2 -> {
                ByteString bytes = pending;
                // First, for what is passed on at once comes back here.
                pending = ByteString.EMPTY;
                if (http2 != null) {
                    http2.take(bytes);
                }
            }
            case DEAF -> pending = ByteString.EMPTY;
        }
        return true;
    }

    private boolean opening() {
        switch (FirstBytes.of(pending)) {
            case HTTP1 -> phase = Phase.HTTP1;
            case HTTP2 -> {
                phase = Phase.HTTP2;
                dial(ByteString.EMPTY);
            }
            case OTHER -> deaf();
            case UNDECIDED -> {
                return false;
            }
        }
        return true;
    }

    private void http1() {
        if (!body.done()) {
            pass(body.take(pending));
            if (body.broken()) {
                deaf();
            }
            return;
        }
        pending = pending.substring(head.take(pending));
        if (head.isComplete()) {
            HttpHead.request(head.lines()).ifPresentOrElse(this::begin, this::deaf);
        } else if (head.isFull()) {
            deaf();
        }
    }

    private void begin(HttpHead.Request request) {
        ByteString bytes = head.bytes();
        head = new HeadCollector();
        matched = filter.matches(request.head());
        body = request.body();
        if (switches(request.head())) {
            phase = matched ? Phase.THROUGH : Phase.DEAF;
        }
        Leg to = leg;
        if (!matched) {
            return;
        }
        if (to == null) {
            dial(bytes);
        } else {
            to.write(bytes);
        }
    }

    /**
     * Whether what follows is most likely no HTTP/1.1. Of the answer nothing is known here; servers that do not know {@code
     * h2c}, which is what some clients ask for at each first request, go on as before.
     */
    private static boolean switches(RequestHead request) {
        String upgrade = request.headers().getOrDefault("upgrade", "");
        return request.method().equals("CONNECT")
                || !upgrade.isEmpty() && !upgrade.toLowerCase(Locale.ROOT).contains("h2c");
    }

    /** Moves on by so many bytes, which are the local process's if their request is. */
    private void pass(int bytes) {
        if (matched && leg != null && bytes > 0) {
            leg.write(pending.substring(0, bytes));
        }
        pending = pending.substring(bytes);
    }

    private void deaf() {
        phase = Phase.DEAF;
        matched = false;
        head = new HeadCollector();
    }

    // ---- the local process ------------------------------------------------------------------------------------------

    private void dial(ByteString first) {
        dialling = true;
        dial.get()
                .whenComplete((end, failure) -> loop.execute(() -> {
                    dialling = false;
                    if (failure == null) {
                        dialled(end, first);
                    } else if (phase == Phase.HTTP1) {
                        // This one is lost; the next one dials anew.
                        matched = false;
                    } else {
                        deaf();
                    }
                    work();
                }));
    }

    private void dialled(StreamEnd end, ByteString first) {
        var fresh = new Leg("copy", end, loop, this);
        if (stopped) {
            fresh.fail("the copy ended");
        } else {
            leg = fresh;
            if (phase == Phase.HTTP2) {
                http2 = new Http2Copy(fresh, filter, this::work, this::stop);
                http2.start();
            } else {
                fresh.write(first);
            }
        }
        // Last: the process may have spoken already, and who is to hear it is known only now.
        fresh.start();
    }

    @Override
    public void received(Leg from, ByteString bytes) {
        if (http2 != null) {
            http2.received(bytes);
        }
        from.read();
    }

    @Override
    public void ended(Leg from) {
        gone(from, "the local process closed");
    }

    @Override
    public void failed(Leg from, StreamFailure why) {
        gone(from, String.valueOf(why.getMessage()));
    }

    private void gone(Leg from, String why) {
        from.fail(why);
        if (from != leg || stopped) {
            return;
        }
        leg = null;
        if (phase == Phase.HTTP1) {
            // What is left of a request that it had begun to get is no request.
            matched = false;
            work();
        } else {
            stop(why);
        }
    }

    @Override
    public void drained(Leg from) {
        if (http2 != null) {
            http2.writable();
        }
        work();
    }

    /** On a connection that several requests share a half-close would end those that are not answered yet. */
    private void endIfDone() {
        if (leg != null && (http2 == null || http2.isIdle())) {
            leg.finish();
        }
    }

    private void stop(String why) {
        if (stopped) {
            return;
        }
        stopped = true;
        if (source != null) {
            source.cancel();
        }
        if (http2 != null) {
            http2.close();
        }
        if (leg != null) {
            leg.fail(why);
        }
    }
}
