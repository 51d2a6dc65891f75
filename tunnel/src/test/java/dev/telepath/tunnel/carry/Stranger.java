package dev.telepath.tunnel.carry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.resume.ResetCode;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.NullUnmarked;

/** An initiator by hand, on one link, that says what the test says. */
@NullUnmarked
final class Stranger implements CarryLink.Owner {
    private final CarryRig rig;
    private final CarryLink link;
    private final List<StreamFrame> answers = new CopyOnWriteArrayList<>();
    private volatile boolean over;

    Stranger(CarryRig rig) {
        this(rig, rig::carry);
    }

    Stranger(CarryRig rig, Carrier way) {
        this.rig = rig;
        this.link = new CarryLink(rig.near, this, CarryLink::finish);
        way.carry(link);
    }

    @Override
    public void frame(CarryLink on, StreamFrame frame) {
        answers.add(frame);
    }

    @Override
    public void ready(CarryLink on) {}

    @Override
    public void over(CarryLink on, Throwable cause) {
        over = true;
        answers.add(StreamFrame.getDefaultInstance());
    }

    /** What came, an empty frame when nothing follows. */
    List<StreamFrame> answers() {
        return answers;
    }

    boolean isOver() {
        return over;
    }

    void sends(StreamFrame frame) {
        rig.nearLoop.execute(() -> link.send(frame));
    }

    void streamToItsEnd(StreamFrame open) {
        sends(open);
        goodbye();
    }

    /** The other edge half-closes at once; so does this one, and says goodbye. */
    void goodbye() {
        CarryRig.soon().until(() -> answers.stream().anyMatch(StreamFrame::hasHalfClose));
        sends(StreamFrame.newBuilder()
                .setAck(StreamFrame.Ack.newBuilder().setOffset(1).setLimit(1 << 20))
                .build());
        sends(StreamFrame.newBuilder()
                .setHalfClose(StreamFrame.HalfClose.newBuilder())
                .build());
        sends(StreamFrame.newBuilder()
                .setGone(StreamFrame.Gone.newBuilder().setCode(ResetCode.CLEAN.number()))
                .build());
        CarryRig.soon().until(() -> answers.stream().anyMatch(StreamFrame::hasGone));
        assertThat(over).as("the acceptor waits for another stream").isFalse();
        answers.clear();
    }
}
