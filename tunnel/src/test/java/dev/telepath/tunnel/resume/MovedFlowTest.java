package dev.telepath.tunnel.resume;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** By which of two links the datagrams of a flow go that is moved. */
class MovedFlowTest {
    private final Wire before = new Wire();
    private final Wire next = new Wire();
    private final Socket socket = new Socket();
    private final ResumableStream flow = ResumableStream.initiator(
            StreamFrame.Open.newBuilder()
                    .setStreamId(ByteString.copyFrom(new byte[16]))
                    .build(),
            socket,
            Window.of(65_536),
            true);

    private static final class Wire implements Link {
        private final List<String> sent = new ArrayList<>();
        private boolean ready = true;

        @Override
        public void send(StreamFrame frame) {
            sent.add(
                    frame.hasDatagram()
                            ? frame.getDatagram().getBytes().toStringUtf8()
                            : frame.getFrameCase().name());
        }

        @Override
        public boolean ready() {
            return ready;
        }

        @Override
        public void finish() {
            sent.add("finished");
        }

        @Override
        public void leave(StreamFrame goodbye) {
            sent.add("left");
        }
    }

    private static final class Socket implements Local {
        private final List<String> written = new ArrayList<>();

        @Override
        public void opened() {}

        @Override
        public void write(ByteString bytes) {
            written.add(bytes.toStringUtf8());
        }

        @Override
        public void finish() {}

        @Override
        public void reset(ResetCode code) {}

        @Override
        public void reading(boolean allowed) {}

        @Override
        public void acknowledgeSoon() {}

        @Override
        public void ended(ResetCode code) {}
    }

    private void says(String datagram) {
        flow.localRead(ByteString.copyFromUtf8(datagram), null);
    }

    private void accepts(Wire link) {
        flow.receivedFrame(link, Frames.accepted(0, 65_536, "other", false));
    }

    @Test
    void theyGoByTheOneBeforeUntilTheNextTakesAnyAndComeByBoth() {
        flow.attached(before, null);
        accepts(before);
        says("one");
        next.ready = false;
        assertThat(flow.attached(next, null)).isSameAs(before);
        says("two");
        next.ready = true;
        says("three");
        flow.receivedFrame(before, Frames.datagram(ByteString.copyFromUtf8("late")));
        accepts(next);
        flow.receivedFrame(before, Frames.datagram(ByteString.copyFromUtf8("later")));
        flow.receivedFrame(next, Frames.datagram(ByteString.copyFromUtf8("now")));

        assertThat(before.sent).containsExactly("OPEN", "one", "two");
        assertThat(next.sent).containsExactly("RESUME", "three");
        assertThat(socket.written).containsExactly("late", "later", "now");
        assertThat(flow.dropped()).isZero();
    }

    @Test
    void theOneBeforeTakesNoneWhenItIsLostOrTheNextIsAgreedOn() {
        flow.attached(before, null);
        accepts(before);
        next.ready = false;
        flow.attached(next, null);
        flow.detached(before);
        says("lost");
        var third = new Wire();
        flow.attached(third, null);
        accepts(third);
        third.ready = false;
        says("lost too");

        assertThat(before.sent).containsExactly("OPEN");
        assertThat(next.sent).containsExactly("RESUME");
        assertThat(third.sent).containsExactly("RESUME");
        assertThat(flow.dropped()).isEqualTo(2);
    }
}
