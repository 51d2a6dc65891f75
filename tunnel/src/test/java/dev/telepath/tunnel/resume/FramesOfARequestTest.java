package dev.telepath.tunnel.resume;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which frames a stream takes that carries one request and its answer: each is read and written by three programs. */
class FramesOfARequestTest {
    private static final ByteString ID = ByteString.copyFrom(new byte[16]);
    private static final Window WINDOW = Window.of(64 * 1024);

    private final Deque<Runnable> onTheWay = new ArrayDeque<>();
    private final List<String> frames = new ArrayList<>();
    private final Edge caller = new Edge(">");
    private final Edge server = new Edge("<");

    /** One edge: a socket that takes everything at once, and the link to the other edge. */
    private final class Edge implements Local, Link {
        private final String direction;
        private @Nullable ResumableStream stream;
        private boolean owes;
        private boolean ended;

        Edge(String direction) {
            this.direction = direction;
        }

        ResumableStream stream() {
            if (stream == null) {
                throw new IllegalStateException("not opened yet");
            }
            return stream;
        }

        @Override
        public void send(StreamFrame frame) {
            frames.add(direction + " " + frame.getFrameCase() + (frame.getData().hasAck() ? "+ACK" : ""));
            Edge other = this == caller ? server : caller;
            onTheWay.add(() -> other.arrived(frame));
        }

        private void arrived(StreamFrame frame) {
            if (frame.hasOpen()) {
                stream = ResumableStream.acceptor(frame.getOpen(), "server", this, WINDOW, false);
                stream.attached(this, frame);
            } else if (frame.hasResume()) {
                stream().attached(this, frame);
            } else {
                stream().receivedFrame(this, frame);
            }
        }

        /** The 20 ms are over. */
        void laterOn() {
            if (owes) {
                owes = false;
                stream().acknowledge();
            }
        }

        @Override
        public boolean ready() {
            return true;
        }

        @Override
        public void write(ByteString bytes) {
            onTheWay.add(() -> stream().localWrote(bytes.size()));
        }

        @Override
        public void acknowledgeSoon() {
            owes = true;
        }

        @Override
        public void ended(ResetCode code) {
            assertThat(code).isEqualTo(ResetCode.CLEAN);
            ended = true;
        }

        @Override
        public void finish() {}

        @Override
        public void leave(StreamFrame goodbye) {
            frames.add(direction + " goodbye");
            Edge other = this == caller ? server : caller;
            onTheWay.add(() -> other.arrived(goodbye));
        }

        @Override
        public void reset(ResetCode code) {}

        @Override
        public void reading(boolean allowed) {}
    }

    private void settle() {
        for (Runnable next = onTheWay.poll(); next != null; next = onTheWay.poll()) {
            next.run();
        }
    }

    private void request() {
        request(false);
    }

    private void request(boolean keepsLink) {
        caller.stream = ResumableStream.initiator(
                StreamFrame.Open.newBuilder()
                        .setStreamId(ID)
                        .setKeepsLink(keepsLink)
                        .build(),
                caller,
                WINDOW,
                false);
        caller.stream().attached(caller, null);
        settle();
        caller.stream().localRead(ByteString.copyFromUtf8("request"), null);
        settle();
        server.stream().localRead(ByteString.copyFromUtf8("answer"), null);
        settle();
        assertThat(frames).containsExactly("> OPEN", "< ACCEPTED", "> DATA", "< DATA+ACK");
        frames.clear();
    }

    @Test
    void theHalfCloseOfTheCallerIsAcknowledgedWithTheServersOwn() {
        request();
        caller.stream().localFinished();
        settle();
        server.stream().localFinished();
        settle();
        assertThat(frames)
                .containsExactly("> ACK", "> HALF_CLOSE", "< ACK", "< HALF_CLOSE", "> ACK", "> GONE", "< GONE");
        assertThat(caller.ended && server.ended).isTrue();
    }

    @Test
    void whereTheLinkIsKeptTheLastAcknowledgementIsTheGoodbyeAndNoGoodbyeHurries() {
        request(true);
        caller.stream().localFinished();
        settle();
        server.stream().localFinished();
        settle();
        assertThat(frames).containsExactly("> ACK", "> HALF_CLOSE", "< ACK", "< HALF_CLOSE", "> goodbye", "< goodbye");
        assertThat(caller.ended && server.ended).isTrue();
    }

    @Test
    void aHalfCloseThatStaysAloneIsAcknowledgedAWhileLater() {
        request();
        caller.stream().localFinished();
        settle();
        frames.clear();
        server.laterOn();
        settle();
        assertThat(frames).containsExactly("< ACK");
        assertThat(caller.ended || server.ended).isFalse();
    }

    @Test
    void aResumedStreamTellsWhatItsSocketHasTaken() {
        request();
        caller.stream().detached(caller);
        server.stream().detached(server);
        caller.stream().attached(caller, null);
        settle();
        assertThat(frames).containsExactly("> RESUME", "< ACCEPTED", "< ACK", "> ACK");
    }
}
