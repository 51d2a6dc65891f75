package dev.telepath.agent.split;

import com.google.protobuf.ByteString;
import dev.telepath.agent.engage.Engagement;
import dev.telepath.agent.engage.Engagements.Hold;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.util.concurrent.EventExecutor;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One caller's connection, whose requests go each to the engagement that asks for it, else to the workload.
 *
 * <pre>
 *   OPENING ── a request ──► HEAD ──► DIALLING ──► EXCHANGE ──┐     no HTTP, upgrade, doubt,
 *      │                      ▲ request and answer are over ──┘     one side's end ──► THROUGH (one destination, raw)
 *      └── HTTP/2 ──► handed on
 * </pre>
 *
 * The next request is sent when the answer to the last is over, so answers keep their order; bytes pass as they came.
 * What cannot be read for certain is not guessed: from there on the connection is its destination's alone. Confined to the
 * loop. What waits here is at most {@link #READ_AHEAD} and a frame from the caller, and a frame from a destination.
 */
public final class Http1Split implements Leg.Listener {
    /** Read on while an answer is under way, so that a caller who leaves is seen. */
    private static final int READ_AHEAD = 64 * 1024;
    /** Bytes that are thrown away after the end was told to the caller. */
    private static final long MAX_DISCARD = 1 << 20;

    private static final Duration LINGER = Duration.ofSeconds(5);

    private enum Phase {
        OPENING,
        HEAD,
        DIALLING,
        EXCHANGE,
        THROUGH,
        ENDING,
        OVER
    }

    private final EventExecutor loop;
    private final Ways ways;
    private final Leg caller;
    private final Legs legs;
    private Phase phase = Phase.OPENING;
    private ByteString pending = ByteString.EMPTY;
    private HeadCollector head = new HeadCollector();
    private Http1Answer answer = new Http1Answer("");
    private @Nullable Leg current;
    private Body request = Body.none();
    private boolean callerEnded;
    private long discarded;
    private boolean pumping;
    private @Nullable Http2Split http2;

    private Http1Split(StreamEnd end, EventExecutor loop, Ways ways) {
        this.loop = loop;
        this.ways = ways;
        this.caller = new Leg("caller", end, loop, this);
        this.legs = new Legs(ways, loop, this);
    }

    /**
     * Takes a connection over. On the loop.
     *
     * @param patience how long the caller may take to say what it speaks, before the workload is dialled and may speak first
     */
    public static void start(StreamEnd end, EventExecutor loop, Ways ways, Duration patience) {
        var split = new Http1Split(end, loop, ways);
        split.caller.start();
        var silent = loop.schedule(split::silent, patience.toMillis(), TimeUnit.MILLISECONDS);
        end.closed().whenComplete((done, never) -> silent.cancel(false));
    }

    private void silent() {
        if (phase == Phase.OPENING && pending.isEmpty()) {
            legs.open(null, new Legs.Opened() {
                @Override
                public void opened(Leg leg) {
                    current = phase == Phase.OPENING ? leg : current;
                }

                @Override
                public void failed(StreamFailure why) {
                    if (phase == Phase.OPENING) {
                        reset(why);
                    }
                }
            });
        } else if (phase == Phase.OPENING) {
            toWorkload(pending);
        }
    }

    @Override
    public void received(Leg leg, ByteString bytes) {
        if (http2 != null) {
            http2.received(leg, bytes);
            return;
        }
        if (leg == caller) {
            if (phase == Phase.ENDING) {
                discarded += bytes.size();
                if (discarded > MAX_DISCARD) {
                    reset(new StreamFailure.Reset("more was sent after the end"));
                }
            } else {
                pending = pending.concat(bytes);
            }
        } else if (leg == current && exchanging()) {
            answered(leg, bytes);
        } else {
            unasked(leg, bytes);
        }
        pump();
    }

    /** A server that speaks first, or one that says good-bye to an idle connection. */
    private void unasked(Leg leg, ByteString bytes) {
        if (idle() && (leg == current || leg.name().equals(Legs.WORKLOAD))) {
            through(leg);
            caller.write(bytes);
        } else {
            legs.forget(leg);
            leg.fail("it answered what nobody asked");
        }
    }

    private void answered(Leg leg, ByteString bytes) {
        caller.write(bytes);
        if (phase == Phase.EXCHANGE && !answer.take(bytes)) {
            through(leg);
        }
    }

    @Override
    public void ended(Leg leg) {
        if (http2 != null) {
            http2.ended(leg);
            return;
        }
        if (leg == caller) {
            callerEnded = true;
        } else if (leg == current && (exchanging() || idle())) {
            through(leg);
            caller.finish();
        } else {
            // Between two requests: the next one for it dials anew.
            legs.forget(leg);
            leg.fail("it closed while idle");
        }
        pump();
    }

    @Override
    public void failed(Leg leg, StreamFailure why) {
        if (http2 != null) {
            http2.failed(leg, why);
        } else if (leg == caller) {
            phase = Phase.OVER;
            legs.failAll(String.valueOf(why.getMessage()));
        } else {
            legs.forget(leg);
            if (leg == current && (exchanging() || phase == Phase.OPENING)) {
                reset(why);
            } else if (leg == current && idle()) {
                end();
            }
        }
    }

    private boolean exchanging() {
        return phase == Phase.EXCHANGE || phase == Phase.THROUGH;
    }

    /** Between requests, and nothing of the next one is here. */
    private boolean idle() {
        return (phase == Phase.OPENING || phase == Phase.HEAD) && head.isEmpty() && pending.isEmpty();
    }

    @Override
    public void drained(Leg leg) {
        if (http2 != null) {
            http2.drained(leg);
            return;
        }
        pump();
    }

    private void pump() {
        if (pumping) {
            return;
        }
        pumping = true;
        boolean more = true;
        while (more) {
            more = step();
        }
        pumping = false;
        ask();
    }

    /** Whether something was done, so that more may be. */
    private boolean step() {
        return switch (phase) {
            case OPENING -> opening();
            case HEAD -> head();
            case EXCHANGE -> exchange();
            case THROUGH -> throughOut();
            case DIALLING, ENDING, OVER -> false;
        };
    }

    private boolean opening() {
        switch (FirstBytes.of(pending)) {
            case HTTP1 -> phase = Phase.HEAD;
            case OTHER -> toWorkload(pending);
            case HTTP2 -> handOn();
            case UNDECIDED -> {
                if (callerEnded) {
                    toWorkload(pending);
                    return true;
                }
                return false;
            }
        }
        return true;
    }

    private void handOn() {
        phase = Phase.OVER;
        // One that was dialled because the caller was slow speaks nothing yet.
        legs.failAll("the caller speaks HTTP/2");
        var streams = new Http2Split(caller, loop, ways);
        http2 = streams;
        streams.start(pending);
        pending = ByteString.EMPTY;
    }

    private boolean head() {
        if (pending.isEmpty()) {
            if (callerEnded) {
                atCallersEnd();
                return true;
            }
            return false;
        }
        pending = pending.substring(head.take(pending));
        if (head.isComplete()) {
            HttpHead.request(head.lines()).ifPresentOrElse(this::decide, () -> toWorkload(head.bytes()));
        } else if (head.isFull()) {
            toWorkload(head.bytes());
        }
        return phase != Phase.HEAD || !pending.isEmpty();
    }

    private void atCallersEnd() {
        if (!head.isEmpty()) {
            toWorkload(head.bytes());
        } else if (current != null && legs.has(current)) {
            through(current);
        } else {
            end();
        }
    }

    private void decide(HttpHead.Request read) {
        Hold hold = ways.hold();
        legs.keepOnly(hold);
        request = read.body();
        answer = new Http1Answer(read.head().method());
        ByteString bytes = head.bytes();
        head = new HeadCollector();
        Optional<Engagement> holder = Legs.holder(hold, read.head());
        if (holder.isEmpty()) {
            workload(bytes, Phase.EXCHANGE);
            return;
        }
        phase = Phase.DIALLING;
        legs.open(holder.get(), new Legs.Opened() {
            @Override
            public void opened(Leg leg) {
                ways.decided(true);
                begin(leg, bytes, Phase.EXCHANGE);
            }

            @Override
            public void failed(StreamFailure why) {
                if (why instanceof StreamFailure.DialRefused) {
                    refuse(holder.get());
                } else {
                    workload(bytes, Phase.EXCHANGE);
                }
                pump();
            }
        });
    }

    /** All that comes is the workload's. */
    private void toWorkload(ByteString first) {
        ByteString rest = phase == Phase.OPENING ? ByteString.EMPTY : pending;
        pending = rest;
        head = new HeadCollector();
        workload(first, Phase.THROUGH);
    }

    private void workload(ByteString bytes, Phase then) {
        phase = Phase.DIALLING;
        legs.open(null, new Legs.Opened() {
            @Override
            public void opened(Leg leg) {
                ways.decided(false);
                begin(leg, bytes, then);
            }

            @Override
            public void failed(StreamFailure why) {
                reset(why);
            }
        });
    }

    private void begin(Leg leg, ByteString bytes, Phase then) {
        if (phase != Phase.DIALLING) {
            return;
        }
        if (current != null) {
            // So that its end is seen while it is idle.
            current.read();
        }
        current = leg;
        if (then == Phase.THROUGH) {
            through(leg);
        } else {
            phase = then;
        }
        leg.write(bytes);
        if (leg.inputOver()) {
            ended(leg);
        }
        pump();
    }

    private boolean exchange() {
        Leg to = current;
        if (to == null || !to.writable()) {
            return false;
        }
        if (!request.done() && !pending.isEmpty()) {
            int taken = request.take(pending);
            to.write(pending.substring(0, taken));
            pending = pending.substring(taken);
            if (request.broken()) {
                through(to);
            }
            return true;
        }
        if (callerEnded && pending.isEmpty()) {
            through(to);
            return true;
        }
        if (request.done() && answer.done()) {
            phase = Phase.HEAD;
            return true;
        }
        return false;
    }

    private void through(Leg leg) {
        phase = Phase.THROUGH;
        current = leg;
        legs.keepOnly(leg);
    }

    private boolean throughOut() {
        Leg to = current;
        if (to != null && to.writable() && !pending.isEmpty()) {
            to.write(pending);
            pending = ByteString.EMPTY;
        }
        if (to != null && callerEnded && pending.isEmpty()) {
            to.finish();
        }
        return false;
    }

    /** The local process is away: the caller is told, since others' requests came by the same connection. */
    private void refuse(Engagement engagement) {
        String text = "telepath: the local process of " + engagement.client() + " refused the connection\n";
        caller.write(ByteString.copyFromUtf8("HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: "
                + text.getBytes(StandardCharsets.UTF_8).length + "\r\nConnection: close\r\n\r\n"
                + (answer.isToHead() ? "" : text)));
        end();
    }

    private void end() {
        phase = Phase.ENDING;
        pending = ByteString.EMPTY;
        legs.failAll("the connection ended");
        caller.finish();
        loop.schedule(() -> caller.fail("the caller did not close"), LINGER.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void reset(StreamFailure why) {
        phase = Phase.OVER;
        legs.failAll(String.valueOf(why.getMessage()));
        caller.fail(String.valueOf(why.getMessage()));
    }

    /** Asks every end for what there is room for. */
    private void ask() {
        if (phase == Phase.OVER) {
            return;
        }
        boolean stalled = pending.size() >= READ_AHEAD
                || (phase == Phase.EXCHANGE && !request.done() && !pending.isEmpty())
                || (phase == Phase.THROUGH && !pending.isEmpty());
        if (!stalled) {
            caller.read();
        }
        if (current != null && (!exchanging() || caller.writable())) {
            current.read();
        }
    }
}
