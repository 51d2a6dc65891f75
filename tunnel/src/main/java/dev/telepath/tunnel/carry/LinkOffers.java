package dev.telepath.tunnel.carry;

import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.stream.StreamFailure;
import io.grpc.Status;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Links to an edge that calls and cannot be called: it is told a number for each, and brings a call that names it. What a
 * manager does between two edges, an edge does here for itself, for one connection of the other. That one's own streams come
 * by calls that it makes unasked.
 *
 * <p>What waits is as many links as its streams have, told or not. Confined to the streams' event loop, but for the
 * messages of calls.
 */
public final class LinkOffers implements Carrier {
    /** From how many on those are looked for that were given up meanwhile. */
    private static final int LOOK = 64;

    /** The other edge's watch. */
    public interface Watcher {
        /** Whether it would take a request without keeping it. */
        boolean isReady();

        void tell(LinkRequest request);
    }

    private final EventExecutor loop;
    private final Acceptor acceptor;
    private final String other;
    private final Watcher watcher;
    private final Map<Long, CarryLink> waiting = new HashMap<>();
    private final ArrayDeque<Long> untold = new ArrayDeque<>();
    /** Calls that have their link. */
    private final Set<AnsweringCall> joined = ConcurrentHashMap.newKeySet();

    private long last;
    private boolean ended;

    /**
     * @param acceptor takes streams of the other edge
     * @param other its session, as it has proved it
     */
    public LinkOffers(CarriedStreams streams, Acceptor acceptor, String other, Watcher watcher) {
        this.loop = streams.loop();
        this.acceptor = acceptor;
        this.other = other;
        this.watcher = watcher;
    }

    @Override
    public void carry(CarryLink link) {
        if (ended) {
            lose(link);
            return;
        }
        if (waiting.size() >= LOOK) {
            waiting.values().removeIf(each -> !each.carries());
        }
        waiting.put(++last, link);
        untold.add(last);
        ready();
    }

    /** The watch takes requests again. On the loop. */
    public void ready() {
        while (!untold.isEmpty() && !ended && watcher.isReady()) {
            long number = untold.remove();
            if (waiting.containsKey(number)) {
                watcher.tell(LinkRequest.newBuilder().setLink(number).build());
            }
        }
    }

    /** The connection is gone: its links are lost, those that wait too, and so is each that comes. On the loop. */
    public void end() {
        ended = true;
        List<CarryLink> left = List.copyOf(waiting.values());
        waiting.clear();
        untold.clear();
        left.forEach(LinkOffers::lose);
        joined.forEach(AnsweringCall::breakOff);
    }

    /** Links that wait for their call. On the loop. */
    int waiting() {
        return waiting.size();
    }

    /** Serves a call of the other edge: NOT_FOUND for one that names no link and brings none. On the loop. */
    public Flow.Publisher<StreamFrame> answered(Flow.Publisher<StreamFrame> call) {
        var answer = new AnsweringCall();
        call.subscribe(answer);
        return answer;
    }

    private static void lose(CarryLink link) {
        link.incoming().onError(gone());
    }

    private static StreamFailure gone() {
        return new StreamFailure.ConnectionLost("the connection to the other edge ended");
    }

    private @Nullable CarryLink take(StreamFrame greeting) {
        if (brings(greeting)) {
            return ended ? null : acceptor.brought(other);
        }
        CarryLink link =
                greeting.hasAnswer() ? waiting.remove(greeting.getAnswer().getLink()) : null;
        return link != null && link.carries() ? link : null;
    }

    private static boolean brings(StreamFrame greeting) {
        return greeting.hasOpen() || greeting.hasResume();
    }

    /** One call: its first message names the link, the rest is the link's; or it is the first of a link that is brought. */
    private final class AnsweringCall implements Flow.Subscriber<StreamFrame>, Flow.Publisher<StreamFrame> {
        private Flow.@Nullable Subscription upstream;
        private Flow.@Nullable Subscriber<? super StreamFrame> downstream;
        private Flow.@Nullable Subscriber<StreamFrame> into;
        private boolean over;

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            upstream = subscription;
        }

        @Override
        public void subscribe(Flow.Subscriber<? super StreamFrame> subscriber) {
            downstream = subscriber;
            if (upstream != null) {
                upstream.request(1);
            }
        }

        @Override
        public void onNext(StreamFrame frame) {
            Flow.Subscriber<StreamFrame> to = into;
            if (to != null) {
                to.onNext(frame);
            } else if (loop.inEventLoop()) {
                greeted(frame);
            } else {
                loop.execute(() -> greeted(frame));
            }
        }

        private void greeted(StreamFrame frame) {
            Flow.Subscription from = upstream;
            Flow.Subscriber<? super StreamFrame> to = downstream;
            if (over || from == null || to == null) {
                return;
            }
            CarryLink link = take(frame);
            if (link == null) {
                over = true;
                from.cancel();
                to.onError(Status.NOT_FOUND
                        .withDescription("nobody waits for that link")
                        .asRuntimeException());
                return;
            }
            into = link.incoming();
            joined.add(this);
            into.onSubscribe(from);
            link.outgoing().subscribe(new Answers(to));
            if (brings(frame)) {
                into.onNext(frame);
            }
        }

        /** The answer of a call that is served is the end of it both ways: what the other edge still sends does not come. */
        private void answered() {
            if (!over) {
                onComplete();
            }
        }

        /** What the link sends, and its end. */
        private final class Answers implements Flow.Subscriber<StreamFrame> {
            private final Flow.Subscriber<? super StreamFrame> to;

            Answers(Flow.Subscriber<? super StreamFrame> to) {
                this.to = to;
            }

            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                to.onSubscribe(subscription);
            }

            @Override
            public void onNext(StreamFrame frame) {
                to.onNext(frame);
            }

            @Override
            public void onError(Throwable cause) {
                to.onError(cause);
            }

            @Override
            public void onComplete() {
                to.onComplete();
                // Not in the midst of what has ended it.
                loop.execute(AnsweringCall.this::answered);
            }
        }

        void breakOff() {
            Flow.Subscription from = upstream;
            if (from != null) {
                from.cancel();
            }
            onError(gone());
        }

        @Override
        public void onError(Throwable cause) {
            over = true;
            joined.remove(this);
            if (into != null) {
                into.onError(cause);
            }
        }

        @Override
        public void onComplete() {
            over = true;
            joined.remove(this);
            if (into != null) {
                into.onComplete();
            } else if (downstream != null) {
                downstream.onComplete();
            }
        }
    }
}
