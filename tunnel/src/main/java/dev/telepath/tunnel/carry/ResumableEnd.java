package dev.telepath.tunnel.carry;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.Block;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.resume.Link;
import dev.telepath.tunnel.resume.Local;
import dev.telepath.tunnel.resume.ResetCode;
import dev.telepath.tunnel.resume.ResumableStream;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.util.concurrent.EventExecutor;
import io.smallrye.mutiny.Multi;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A resumable stream as a stream end. What {@link #receive()}'s subscriber has asked for and got counts as taken by the
 * local socket, so the end-to-end window is that of the two sockets.
 *
 * <p>Confined to the streams' event loop; {@link #receive()}'s subscriber and {@link #send}'s source may use others.
 */
public final class ResumableEnd implements RemoteEnd, CarryLink.Owner {
    private static final int BATCH = 8;
    /** How long what is under way of a flow of datagrams still comes by the link that it had. */
    private static final long LINGER_MILLIS = 1000;

    private final CarriedStreams streams;
    private final EventExecutor loop;
    private final boolean datagrams;
    private final ResumableStream stream;
    private final Lifecycle lifecycle;
    private final CompletableFuture<Void> dialled = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Source source = new Source();
    private final Runnable acknowledging = this::acknowledge;

    private Flow.@Nullable Subscriber<? super Frame> reader;
    private final ArrayDeque<ByteString> pending = new ArrayDeque<>(2);
    private long demand;
    private boolean draining;
    private boolean finished;
    private boolean told;
    private @Nullable StreamFailure failure;
    private boolean reading;

    private long kept;
    private long replayedSoFar;
    private long droppedSoFar;
    private boolean suspended;
    /** Another link has taken the place of one that carried, and both edges are not in step on it yet. */
    private boolean moving;

    private @Nullable Link replaced;

    /** What the edge does at the turns of a stream's life. On the event loop. */
    interface Lifecycle {
        /**
         * A link ended, or will not carry any more.
         *
         * @param moved whether it had taken the place of one that carried, and both edges were not in step on it yet
         */
        void linkOver(ResumableEnd end, @Nullable Throwable cause, boolean moved);

        /** Both edges are in step again. */
        void inStep(ResumableEnd end);

        void ended(ResumableEnd end, ResetCode code);
    }

    ResumableEnd(
            CarriedStreams streams, boolean datagrams, Function<Local, ResumableStream> making, Lifecycle lifecycle) {
        this.streams = streams;
        this.loop = streams.loop();
        this.datagrams = datagrams;
        this.lifecycle = lifecycle;
        this.stream = making.apply(new Socket());
        streams.began();
    }

    ResumableStream stream() {
        return stream;
    }

    /** A link, with the greeting that it brought to an acceptor. */
    void link(CarryLink link, @Nullable StreamFrame greeting) {
        link.hand(this);
        finish(stream.attached(link, greeting));
        after();
    }

    /** A link in place of one that carries: not counted as a loss, unless this one is lost before both edges are in step on it. */
    void move(CarryLink link) {
        moving = true;
        link.hand(this);
        replaced = stream.attached(link, null);
        after();
    }

    private void finishReplaced() {
        Link before = replaced;
        replaced = null;
        finish(before);
    }

    private void finish(@Nullable Link before) {
        if (before != null && datagrams) {
            loop.schedule(before::finish, LINGER_MILLIS, TimeUnit.MILLISECONDS);
        } else if (before != null) {
            before.finish();
        }
    }

    /** Ends it: the edge has another session now, from which nobody takes the stream back. */
    void lose() {
        stream.lost();
        after();
    }

    /** Ends it: the process at the other edge is gone, and nobody else resumes it. */
    void forget() {
        stream.forgotten();
        after();
    }

    private void acknowledge() {
        stream.acknowledge();
        after();
    }

    void expire() {
        stream.expired();
        after();
    }

    // ---- the link ---------------------------------------------------------------------------------------------------

    @Override
    public void frame(CarryLink link, StreamFrame frame) {
        stream.receivedFrame(link, frame);
        after();
    }

    @Override
    public void ready(CarryLink link) {
        stream.linkReady(link);
        after();
    }

    @Override
    public void over(CarryLink link, @Nullable Throwable cause) {
        boolean current = stream.on(link);
        boolean moved = moving && current;
        moving &= !current;
        stream.detached(link);
        after();
        if (current && !stream.ended()) {
            lifecycle.linkOver(this, cause, moved);
        }
    }

    /** Keeps the books after anything that may have changed the stream. */
    private void after() {
        if (stream.ended()) {
            return;
        }
        long now = stream.buffered();
        if (now != kept) {
            streams.budget().add(now - kept);
            kept = now;
        }
        if (stream.replayed() != replayedSoFar) {
            streams.replayed(stream.replayed() - replayedSoFar);
            replayedSoFar = stream.replayed();
        }
        if (stream.dropped() != droppedSoFar) {
            streams.dropped(stream.dropped() - droppedSoFar);
            droppedSoFar = stream.dropped();
        }
        if (moving && !stream.suspended()) {
            moving = false;
            lifecycle.inStep(this);
        }
        if (!moving) {
            finishReplaced();
        }
        boolean is = stream.suspended() && dialled.isDone() && !moving;
        if (is != suspended) {
            suspended = is;
            if (is) {
                streams.suspended(this);
            } else {
                streams.resumed(this);
                lifecycle.inStep(this);
            }
        }
        source.pull();
    }

    // ---- what the other edge sends ----------------------------------------------------------------------------------

    @Override
    public Multi<Frame> receive() {
        return Multi.createFrom()
                .publisher(subscriber -> onLoop(() -> {
                    reader = subscriber;
                    subscriber.onSubscribe(new Flow.Subscription() {
                        @Override
                        public void request(long n) {
                            onLoop(() -> {
                                demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
                                drain();
                                after();
                            });
                        }

                        @Override
                        public void cancel() {
                            onLoop(() -> {
                                if (!told) {
                                    told = true;
                                    pending.clear();
                                    stream.localFailed();
                                    source.stop();
                                    after();
                                }
                            });
                        }
                    });
                    tellEnd();
                }));
    }

    private void drain() {
        Flow.Subscriber<? super Frame> to = reader;
        if (draining || to == null) {
            return;
        }
        draining = true;
        while (demand > 0 && !pending.isEmpty()) {
            ByteString bytes = pending.remove();
            demand--;
            to.onNext(new Frame.Data(bytes, streams.blocks().of(bytes)));
            stream.localWrote(bytes.size());
        }
        draining = false;
        tellEnd();
    }

    private void tellEnd() {
        Flow.Subscriber<? super Frame> to = reader;
        if (to == null || told || draining) {
            return;
        }
        if (failure != null) {
            told = true;
            to.onError(failure);
        } else if (finished) {
            told = true;
            to.onComplete();
        }
    }

    private final class Socket implements Local {
        @Override
        public void opened() {
            dialled.complete(null);
        }

        @Override
        public void write(ByteString bytes) {
            if (datagrams && pending.size() >= streams.settings().firstWindow() / FrameCodec.MAX_DATA) {
                streams.dropped(1);
                return;
            }
            pending.add(bytes);
            drain();
        }

        @Override
        public void finish() {
            finished = true;
            tellEnd();
        }

        @Override
        public void reset(ResetCode code) {
            if (code == ResetCode.CLEAN) {
                // Only a flow of datagrams ends so.
                finished = true;
            } else {
                failure = failure(code);
            }
            pending.clear();
            dialled.completeExceptionally(failure(code));
            source.stop();
            tellEnd();
        }

        @Override
        public void reading(boolean allowed) {
            reading = allowed;
            source.pull();
        }

        @Override
        public void acknowledgeSoon() {
            streams.soon(acknowledging);
        }

        @Override
        public void ended(ResetCode code) {
            finishReplaced();
            streams.budget().add(-kept);
            kept = 0;
            streams.ended(ResumableEnd.this, code);
            dialled.completeExceptionally(failure(code));
            source.stop();
            if (failure == null && !finished) {
                failure = failure(code);
            }
            tellEnd();
            lifecycle.ended(ResumableEnd.this, code);
            closed.complete(null);
        }
    }

    private StreamFailure failure(ResetCode code) {
        String said = stream.reason();
        return switch (code) {
            case REFUSED -> new StreamFailure.DialRefused(said.isEmpty() ? "the other edge could not dial" : said);
            case DIAL_TIMED_OUT ->
                new StreamFailure.DialTimedOut(said.isEmpty() ? "the destination did not answer the other edge" : said);
            case EXPIRED -> new StreamFailure.ConnectionLost("no link came back within the resume window");
            case UNKNOWN -> new StreamFailure.ConnectionLost("the other edge does not know the stream any more");
            case NOT_ATTACHED -> new StreamFailure.ConnectionLost(said.isEmpty() ? "the other edge is away" : said);
            case NOT_ALLOWED -> new StreamFailure.ConnectionLost(said.isEmpty() ? "the stream is not allowed" : said);
            case NOT_OFFERED -> new StreamFailure.NotOffered(said);
            case VIOLATION -> new StreamFailure.ProtocolViolation("an edge broke the protocol of the stream");
            case CLEAN, RESET -> new StreamFailure.Reset("the other edge reset the stream");
        };
    }

    // ---- what the local end gives -----------------------------------------------------------------------------------

    @Override
    public void send(Multi<Frame> frames) {
        frames.subscribe().withSubscriber(source);
    }

    /** Pulls from the local end as far as credit and budget allow. */
    private final class Source implements Flow.Subscriber<Frame> {
        private Flow.@Nullable Subscription upstream;
        private int outstanding;
        private boolean stopped;

        void pull() {
            Flow.Subscription from = upstream;
            if (from == null || !reading || outstanding > 0 || stopped) {
                return;
            }
            if (streams.budget().exhausted() && stream.buffered() > 0) {
                return;
            }
            // What is asked for is counted when it comes, so while memory is short it is little.
            int most = streams.budget().tight() ? 1 : BATCH;
            outstanding = datagrams ? BATCH : (int) Math.clamp(stream.room() / FrameCodec.MAX_DATA, 1, most);
            from.request(outstanding);
        }

        void stop() {
            stopped = true;
            if (upstream != null) {
                upstream.cancel();
            }
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            onLoop(() -> {
                upstream = subscription;
                if (stopped) {
                    subscription.cancel();
                } else {
                    pull();
                }
            });
        }

        @Override
        public void onNext(Frame frame) {
            onLoop(() -> {
                outstanding--;
                if (frame instanceof Frame.Data(ByteString bytes, Block block)) {
                    stream.localRead(bytes, block);
                }
                after();
            });
        }

        @Override
        public void onError(Throwable cause) {
            onLoop(() -> {
                stopped = true;
                stream.localFailed();
                after();
            });
        }

        @Override
        public void onComplete() {
            onLoop(() -> {
                stopped = true;
                stream.localFinished();
                after();
            });
        }
    }

    // ---- the rest ---------------------------------------------------------------------------------------------------

    @Override
    public CompletionStage<Void> dialled() {
        return dialled;
    }

    /** An acceptor's stream is made when it has dialled. */
    void dialledBefore() {
        dialled.complete(null);
    }

    @Override
    public void fail(StreamFailure why) {
        onLoop(() -> {
            if (!stream.ended()) {
                // Before the stream, which would say "reset", and may wait long for a link on which to say so.
                dialled.completeExceptionally(why);
                if (!finished && failure == null) {
                    failure = why;
                }
                pending.clear();
                source.stop();
                stream.localFailed();
                tellEnd();
                after();
            }
        });
    }

    @Override
    public CompletionStage<Void> closed() {
        return closed;
    }

    private void onLoop(Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }
}
