package dev.telepath.tunnel.resume;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.Block;
import dev.telepath.tunnel.frame.FrameCodec;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The direction away from the local socket: what was read and is not acknowledged, how far it was sent, and how far the
 * other edge's credit goes. Confined to the stream's thread.
 */
final class Sending {
    private final ReplayBuffer replay = new ReplayBuffer();
    private final Window window;
    private long creditLimit;
    private boolean finished;
    private boolean finishSent;
    private boolean finishAcked;
    private long replayed;

    Sending(Window window) {
        this.window = window;
    }

    /** Bytes kept. */
    long kept() {
        return replay.end() - replay.start();
    }

    /** Bytes that the socket may still be read for; negative when the last read was more than the credit. */
    long room() {
        return Math.min(creditLimit - replay.end(), window.most() - kept());
    }

    /** Bytes sent more than once. */
    long replayed() {
        return replayed;
    }

    boolean finished() {
        return finished;
    }

    boolean finishAcked() {
        return finishAcked;
    }

    void append(ByteString bytes, @Nullable Block block) {
        replay.append(bytes, block);
    }

    void finish() {
        finished = true;
    }

    void credit(long limit) {
        creditLimit = Math.max(creditLimit, limit);
    }

    void clear() {
        replay.clear();
    }

    /** A new link: what the old one carried may be lost. */
    void newLink() {
        finishSent = false;
    }

    /** Sends again what the other edge has not acknowledged. */
    void rewind() {
        replayed += replay.sent() - replay.start();
        replay.rewind();
    }

    /** The other edge has everything before the offset; false when that is more than there was. */
    boolean release(long offset, long limit) {
        if (offset < 0 || offset > replay.end() + (finished ? 1 : 0)) {
            return false;
        }
        replay.release(Math.min(offset, replay.end()));
        credit(limit);
        return true;
    }

    /** As {@link #release}, by the other edge's socket: only this confirms a half-close. */
    boolean acknowledge(long offset, long limit) {
        if (!release(offset, limit)) {
            return false;
        }
        finishAcked |= finished && offset == replay.end() + 1;
        return true;
    }

    /**
     * The next frame of data that the credit allows, or null.
     *
     * @param ack asked for what goes along, when there is a frame; may give null
     */
    @Nullable
    StreamFrame next(Supplier<StreamFrame.@Nullable Ack> ack) {
        long offset = replay.sent();
        if (offset >= replay.end() || offset >= creditLimit) {
            return null;
        }
        ByteString bytes = replay.take((int) Math.min(FrameCodec.MAX_DATA, creditLimit - offset));
        var data = StreamFrame.Data.newBuilder().setOffset(offset).setBytes(bytes);
        if (replay.sent() == creditLimit && !(finished && creditLimit == replay.end())) {
            data.setStarved(true);
        }
        StreamFrame.Ack along = ack.get();
        if (along != null) {
            data.setAck(along);
        }
        return StreamFrame.newBuilder().setData(data).build();
    }

    /** The half-close, when all data is sent and it was not told on this link; or null. */
    @Nullable
    StreamFrame halfClose() {
        if (!finished || replay.sent() != replay.end() || finishSent || finishAcked) {
            return null;
        }
        finishSent = true;
        return StreamFrame.newBuilder()
                .setHalfClose(StreamFrame.HalfClose.newBuilder().setOffset(replay.end()))
                .build();
    }
}
