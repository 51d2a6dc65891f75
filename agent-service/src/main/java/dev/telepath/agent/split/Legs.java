package dev.telepath.agent.split;

import dev.telepath.agent.engage.Engagement;
import dev.telepath.agent.engage.Engagements.Hold;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.util.concurrent.EventExecutor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The destinations that one caller's connection has open: at most one for the workload and for each engagement of the
 * port. Confined to the loop.
 */
final class Legs {
    /** Name of the workload's leg; no engagement has it. */
    static final String WORKLOAD = "";

    /** What came of asking for a leg; on the loop. */
    interface Opened {
        void opened(Leg leg);

        void failed(StreamFailure why);
    }

    private final Ways ways;
    private final EventExecutor loop;
    private final Leg.Listener listener;
    private final Map<String, Leg> open = new HashMap<>();
    private boolean closed;

    Legs(Ways ways, EventExecutor loop, Leg.Listener listener) {
        this.ways = ways;
        this.loop = loop;
        this.listener = listener;
    }

    /** The leg of the workload or of the engagement, dialled if there is none. */
    void open(@Nullable Engagement engagement, Opened then) {
        String name = engagement == null ? WORKLOAD : engagement.id();
        Leg known = open.get(name);
        if (known != null) {
            then.opened(known);
            return;
        }
        CompletionStage<? extends StreamEnd> dial = engagement == null ? ways.workload() : ways.client(engagement);
        dial.whenComplete((end, failure) -> loop.execute(() -> {
            if (failure != null) {
                then.failed(StreamFailure.of(failure));
                return;
            }
            Leg other = open.get(name);
            var leg = new Leg(name, end, loop, listener);
            if (closed || other != null) {
                leg.fail("the connection ended");
            } else {
                open.put(name, leg);
            }
            if (!closed) {
                then.opened(other == null ? leg : other);
            }
            // Last: a server may have spoken already, and who is to hear it is known only now.
            leg.start();
        }));
    }

    boolean isEmpty() {
        return open.isEmpty();
    }

    boolean has(Leg leg) {
        return open.get(leg.name()) == leg;
    }

    void forget(Leg leg) {
        open.remove(leg.name(), leg);
    }

    /** Half-closes the legs of engagements that the port has no more. */
    void keepOnly(Hold hold) {
        List<String> held = Stream.concat(hold.filtered().stream(), hold.intercept().stream())
                .map(Engagement::id)
                .toList();
        for (Leg leg : List.copyOf(open.values())) {
            if (!leg.name().equals(WORKLOAD) && !held.contains(leg.name())) {
                retire(leg);
            }
        }
    }

    /** Half-closes all but one. */
    void keepOnly(Leg kept) {
        List.copyOf(open.values()).stream().filter(leg -> leg != kept).forEach(this::retire);
    }

    private void retire(Leg leg) {
        forget(leg);
        // Idle, so nothing is lost, and an end that does not answer a half-close keeps nothing open.
        leg.fail("its turn is over");
    }

    void failAll(String why) {
        closed = true;
        List.copyOf(open.values()).forEach(leg -> leg.fail(why));
        open.clear();
    }

    /** The engagement that a request is for; of several the one that came first. */
    static Optional<Engagement> holder(Hold hold, dev.telepath.tunnel.filter.RequestHead request) {
        return hold.intercept()
                .or(() -> hold.filtered().stream()
                        .filter(one -> one.filter().matches(request))
                        .findFirst());
    }
}
