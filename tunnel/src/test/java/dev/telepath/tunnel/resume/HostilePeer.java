package dev.telepath.tunnel.resume;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.telepath.protocol.v1.StreamFrame;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Plays a script against one edge of a stream: frames of a peer that keeps to nothing, links that come and go, and a local
 * socket that keeps to its contract. After each step: nothing was thrown, no more waits for the socket than the window
 * allows, no more was read than the peer asked for, and a stream that has ended stays so and holds nothing.
 */
final class HostilePeer {
    private static final int WINDOW = 64 * 1024;
    private static final int READ = 1024;
    private static final ByteString ID = ByteString.copyFrom(new byte[16]);
    private static final long[] EXTREMES = {
        -1, Long.MIN_VALUE, Long.MAX_VALUE, WINDOW, WINDOW + 1, Integer.MAX_VALUE, 1L << 32, 0
    };

    private final ResumableStream stream;
    private final boolean initiates;
    private final Socket socket = new Socket();
    private final List<Wire> links = new ArrayList<>();
    private int attempt = 1;
    private long limit = WINDOW;

    /** The edge's socket: takes what it is given only when the script says so, reads only when it may. */
    private static final class Socket implements Local {
        private long waiting;
        private long read;
        private boolean reading;
        private boolean over;

        @Override
        public void write(ByteString bytes) {
            assertThat(over).as("bytes for a socket that has ended").isFalse();
            waiting += bytes.size();
        }

        @Override
        public void finish() {}

        @Override
        public void reset(ResetCode code) {
            waiting = 0;
        }

        @Override
        public void reading(boolean allowed) {
            reading = allowed;
        }

        @Override
        public void acknowledgeSoon() {}

        @Override
        public void ended(ResetCode code) {
            assertThat(over).as("ended twice").isFalse();
            over = true;
        }
    }

    /** A link that forgets what is sent. */
    private static final class Wire implements Link {
        private boolean ready = true;
        private boolean finished;

        @Override
        public void send(StreamFrame frame) {
            assertThat(finished).as("a frame after the end of its link").isFalse();
        }

        @Override
        public boolean ready() {
            return ready;
        }

        @Override
        public void finish() {
            finished = true;
        }

        @Override
        public void leave(StreamFrame goodbye) {
            send(goodbye);
            finished = true;
        }
    }

    private HostilePeer(boolean initiates) {
        this.initiates = initiates;
        var open = StreamFrame.Open.newBuilder()
                .setStreamId(ID)
                .setLimit(WINDOW)
                .setAttempt(1)
                .setKeepsLink(true);
        if (initiates) {
            stream = ResumableStream.initiator(open.build(), socket, Window.of(WINDOW), false);
            link(null);
        } else {
            stream = ResumableStream.acceptor(open.build(), "a", socket, Window.of(WINDOW), false);
            link(StreamFrame.newBuilder().setOpen(open).build());
        }
    }

    /** The edge under test opened the stream. */
    static HostilePeer ofInitiator() {
        return new HostilePeer(true);
    }

    /** The edge under test was asked. */
    static HostilePeer ofAcceptor() {
        return new HostilePeer(false);
    }

    private void link(@Nullable StreamFrame greeting) {
        var fresh = new Wire();
        links.add(fresh);
        Link before = stream.attached(fresh, greeting);
        if (before != null) {
            before.finish();
        }
    }

    void play(byte[] script) {
        ByteBuffer in = ByteBuffer.wrap(script);
        while (in.hasRemaining()) {
            step(in.get() & 0xff, in);
            judge();
        }
    }

    private void step(int what, ByteBuffer in) {
        switch (what % 16) {
            case 0 -> raw(in);
            case 1 -> {
                var data = StreamFrame.Data.newBuilder()
                        .setOffset(number(in))
                        .setBytes(ByteString.copyFrom(new byte[small(in) * 256]));
                if (what >= 128) {
                    data.setAck(
                            StreamFrame.Ack.newBuilder().setOffset(number(in)).setLimit(number(in)));
                }
                frame(StreamFrame.newBuilder().setData(data));
            }
            case 2 ->
                frame(StreamFrame.newBuilder()
                        .setAck(StreamFrame.Ack.newBuilder()
                                .setOffset(number(in))
                                .setLimit(number(in))));
            case 3 ->
                frame(StreamFrame.newBuilder()
                        .setHalfClose(StreamFrame.HalfClose.newBuilder().setOffset(number(in))));
            case 4 ->
                frame(StreamFrame.newBuilder()
                        .setReset(StreamFrame.Reset.newBuilder().setCode(small(in))));
            case 5 ->
                frame(StreamFrame.newBuilder()
                        .setGone(StreamFrame.Gone.newBuilder().setCode(small(in) % 8)));
            case 6 ->
                frame(StreamFrame.newBuilder()
                        .setAccepted(StreamFrame.Accepted.newBuilder()
                                .setReceived(number(in))
                                .setLimit(number(in))));
            case 7 -> newLink(in);
            case 8 -> stream.detached(links.getLast());
            case 9 -> read();
            case 10 -> written(small(in) * 256);
            case 11 -> written((int) Math.min(socket.waiting, Integer.MAX_VALUE));
            case 12 -> {
                socket.reading = false;
                stream.localFinished();
            }
            case 13 -> {
                socket.reading = false;
                stream.localFailed();
            }
            case 14 -> {
                links.getLast().ready = !links.getLast().ready;
                stream.linkReady(links.getLast());
            }
            default -> {
                if (what >= 128) {
                    stream.acknowledge();
                } else {
                    stream.expired();
                }
            }
        }
    }

    /** A frame as it comes from the wire. */
    private void raw(ByteBuffer in) {
        byte[] bytes = new byte[Math.min(small(in), in.remaining())];
        in.get(bytes);
        try {
            frame(StreamFrame.parseFrom(bytes).toBuilder());
        } catch (InvalidProtocolBufferException noMessage) {
            // gRPC ends the call before anybody sees it.
            stream.detached(links.getLast());
        }
    }

    private void frame(StreamFrame.Builder frame) {
        StreamFrame whole = frame.build();
        limit = LongStream.of(
                        limit,
                        whole.getAck().getLimit(),
                        whole.getData().getAck().getLimit(),
                        whole.getAccepted().getLimit())
                .max()
                .orElseThrow();
        stream.receivedFrame(links.getLast(), whole);
    }

    private void newLink(ByteBuffer in) {
        if (initiates) {
            link(null);
            return;
        }
        attempt += small(in) % 3;
        var resume = StreamFrame.Resume.newBuilder()
                .setStreamId(ID)
                .setReceived(number(in))
                .setLimit(number(in))
                .setAttempt(attempt);
        limit = Math.max(limit, resume.getLimit());
        link(StreamFrame.newBuilder().setResume(resume).build());
    }

    private void read() {
        if (socket.reading && !stream.ended()) {
            socket.read += READ;
            stream.localRead(ByteString.copyFrom(new byte[READ]), null);
        }
    }

    private void written(int most) {
        int taken = (int) Math.min(socket.waiting, most);
        if (taken > 0 && !stream.ended()) {
            socket.waiting -= taken;
            stream.localWrote(taken);
        }
    }

    private void judge() {
        assertThat(socket.waiting).as("bytes that wait for the socket").isLessThanOrEqualTo(WINDOW);
        assertThat(socket.read - READ).as("bytes read beyond the credit").isLessThan(limit);
        if (stream.ended()) {
            assertThat(socket.over).as("the owner was told of the end").isTrue();
            assertThat(stream.suspended()).isFalse();
        } else {
            assertThat(socket.over).isFalse();
            assertThat(stream.buffered()).isBetween(0L, WINDOW + Math.max(0, socket.read));
        }
    }

    /** Small numbers are near what is right, the last few are extremes. */
    private static long number(ByteBuffer in) {
        int first = small(in);
        return first >= 256 - EXTREMES.length ? EXTREMES[first - (256 - EXTREMES.length)] : first * 256L;
    }

    private static int small(ByteBuffer in) {
        return in.hasRemaining() ? in.get() & 0xff : 0;
    }
}
