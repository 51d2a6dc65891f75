package dev.telepath.tunnel.resume;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;

/**
 * The direction towards the local socket: what came, what the socket has taken, what was acknowledged and granted. A
 * half-close counts as one more byte. Confined to the stream's thread.
 */
final class Receiving {
    /** Bytes taken that the other edge is told of at once, however large the window: it keeps them until then. */
    private static final long MOST_UNTOLD = 256 * 1024;

    /** Offset after what came. */
    private long received;
    /** Offset after what the socket has taken. */
    private long written;
    /** Offset last told to the other edge. */
    private long acked;
    /** Offset up to which the other edge may send; never falls. */
    private long granted;

    private long finishAt = -1;
    private boolean finishDelivered;
    private boolean wanted;
    /** The other edge had no credit left, and was not told of more since. */
    private boolean starved;

    private final Window window;

    /** What a frame of data is. */
    enum Arrival {
        FRESH,
        KNOWN,
        VIOLATION
    }

    Receiving(Window window) {
        this.window = window;
        this.granted = window.size();
    }

    long received() {
        return received;
    }

    long granted() {
        return granted;
    }

    /** Bytes that the socket has not taken yet. */
    long waiting() {
        return received - Math.min(received, written);
    }

    boolean finishDelivered() {
        return finishDelivered;
    }

    /** What of a frame is new; asks for nothing to be written when it brings nothing. */
    Arrival classify(StreamFrame.Data data) {
        long after = data.getOffset() + data.getBytes().size();
        if (data.getOffset() > received
                || data.getOffset() < 0
                || after > granted
                || finishAt >= 0 && after > finishAt) {
            return Arrival.VIOLATION;
        }
        return after <= received ? Arrival.KNOWN : Arrival.FRESH;
    }

    /** Takes the new part of a fresh frame. */
    ByteString take(StreamFrame.Data data) {
        ByteString fresh = data.getBytes().substring((int) (received - data.getOffset()));
        received += fresh.size();
        wanted |= data.getStarved();
        starved |= data.getStarved();
        return fresh;
    }

    /** A half-close; false when its offset is not where the data ended. */
    boolean finish(long offset) {
        if (offset != received) {
            return false;
        }
        finishAt = offset;
        received = offset + 1;
        return true;
    }

    boolean finishKnown() {
        return finishAt >= 0;
    }

    void wrote(int bytes) {
        written += bytes;
        if (wanted && written == received) {
            wanted = false;
            window.wanting();
        }
    }

    /** Whether the half-close is due at the socket; true once. */
    boolean finishDue() {
        if (finishAt >= 0 && written == finishAt && !finishDelivered) {
            finishDelivered = true;
            written = finishAt + 1;
            return true;
        }
        return false;
    }

    /**
     * Whether the other edge has to be told now: a quarter of the window was taken, or much; or everything, and it waits for that since its
     * credit is used up or since nothing else is left to come.
     *
     * @param last whether this edge sends nothing more
     */
    boolean ackDue(boolean last) {
        return written - acked >= Math.min(window.size() / 4, MOST_UNTOLD)
                || written == received && (starved || finishDelivered && last);
    }

    /** Whether there is anything to tell. */
    boolean ackOwed() {
        return Math.min(received, written) > acked;
    }

    /** A new link: what was told on the old one may be lost. */
    void rewind() {
        acked = Math.min(acked, received);
    }

    /** Whether there is anything to tell of that the first frames on a link, with what was received and granted, have not told. */
    boolean moreThanGreeted() {
        return received > 0 || window.size() > granted;
    }

    /** The limit as of now, without an acknowledgement. */
    long grant() {
        granted = Math.max(granted, Math.min(received, written) + window.size());
        return granted;
    }

    /** What to tell the other edge; it counts as told. */
    StreamFrame.Ack ack() {
        acked = Math.min(received, written);
        starved = false;
        return StreamFrame.Ack.newBuilder().setOffset(acked).setLimit(grant()).build();
    }
}
