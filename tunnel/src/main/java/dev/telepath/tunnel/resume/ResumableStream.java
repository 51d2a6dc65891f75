package dev.telepath.tunnel.resume;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.FrameCodec;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One edge of a stream. Holds what must not be lost, and brings a new {@link Link} to where the old one was.
 *
 * <pre>
 *   initiator                                   acceptor
 *   OPENING ── Open ──────────────────────────▶ dials
 *      │  ◀──────────── Accepted / Refused ────
 *   OPEN  ◀──── Data, Ack, HalfClose ─────────▶ OPEN
 *      │        link lost: suspended; the initiator brings a new link:
 *      │ ── Resume(received, limit) ──────────▶
 *      │  ◀──────────── Accepted(received, limit), both rewind to what the other has received
 *   both directions closed and acknowledged:
 *   CLOSING ── Gone(clean) ───────────────────▶ ENDED (remembered for a while by its owner)
 *      │  ◀──────────────────── Gone(clean) ───
 *   ENDED
 * </pre>
 *
 * A reset is told the same way: whoever resets says so until the other has confirmed with Gone, or the resume window is
 * over. Back-pressure: the acknowledged offset is what the local socket has taken, and the limit follows it; so a slow
 * reader stops the other edge's socket, and nothing between holds more than the window.
 *
 * <p>Not thread-safe: every method is called on the stream's one thread.
 */
public final class ResumableStream {
    private enum State {
        OPENING,
        OPEN,
        CLOSING,
        RESETTING,
        ENDED
    }

    private final ByteString id;
    private final @Nullable StreamFrame open;
    private final Local local;
    private final LongSupplier window;

    private State state;
    private ResetCode code = ResetCode.CLEAN;
    private @Nullable Link link;
    private int attempt;
    /** Both edges have agreed on where they are, on this link. */
    private boolean synced;

    private final ReplayBuffer replay = new ReplayBuffer();
    private long sent;
    private long creditLimit;
    private boolean localFinished;
    private boolean finishSent;
    private boolean finishAcked;

    private long received;
    private long written;
    private long acked;
    private long granted;
    private long finishAt = -1;
    private boolean finishDelivered;
    private long replayed;

    private ResumableStream(ByteString id, @Nullable StreamFrame open, Local local, LongSupplier window, State state) {
        this.id = id;
        this.open = open;
        this.local = local;
        this.window = window;
        this.state = state;
        this.granted = window.getAsLong();
    }

    /**
     * The edge that opens a stream.
     *
     * @param open the first frame; its limit is set here
     * @param window bytes the local socket may be behind, now; at least one frame, may change
     */
    public static ResumableStream initiator(StreamFrame.Open open, Local local, LongSupplier window) {
        long limit = window.getAsLong();
        StreamFrame first = StreamFrame.newBuilder()
                .setOpen(open.toBuilder().setLimit(limit))
                .build();
        return new ResumableStream(open.getStreamId(), first, local, window, State.OPENING);
    }

    /**
     * The edge that is asked; made when it has dialled.
     *
     * @param opened the frame that opened the stream
     */
    public static ResumableStream acceptor(StreamFrame.Open opened, Local local, LongSupplier window) {
        var stream = new ResumableStream(opened.getStreamId(), null, local, window, State.OPEN);
        stream.creditLimit = opened.getLimit();
        return stream;
    }

    private boolean initiates() {
        return open != null;
    }

    /** 16 bytes. */
    public ByteString id() {
        return id;
    }

    /** Whether there is no link, or none on which both edges are in step. */
    public boolean suspended() {
        return !synced && state != State.ENDED;
    }

    public boolean ended() {
        return state == State.ENDED;
    }

    /** How it ended, or is ending. */
    public ResetCode code() {
        return code;
    }

    /** Bytes kept for replay now. */
    public long buffered() {
        return replay.end() - replay.start() + (received - Math.min(received, written));
    }

    /** Bytes sent more than once so far. */
    public long replayed() {
        return replayed;
    }

    // ---- the link -------------------------------------------------------------------------------------------------

    /** A link to the other edge. The initiator greets; the acceptor is given the link with the greeting it brought. */
    public void attached(Link fresh, @Nullable StreamFrame greeting) {
        if (state == State.ENDED) {
            fresh.send(gone(code));
            fresh.finish();
            return;
        }
        if (greeting != null && attemptOf(greeting) <= attempt) {
            fresh.finish();
            return;
        }
        attempt = greeting == null ? attempt + 1 : attemptOf(greeting);
        Link old = link;
        link = fresh;
        synced = false;
        finishSent = false;
        if (old != null) {
            old.finish();
        }
        if (open != null) {
            if (state == State.OPENING) {
                fresh.send(StreamFrame.newBuilder()
                        .setOpen(open.getOpen().toBuilder().setAttempt(attempt))
                        .build());
            } else {
                granted = Math.max(granted, Math.min(received, written) + window.getAsLong());
                fresh.send(StreamFrame.newBuilder()
                        .setResume(StreamFrame.Resume.newBuilder()
                                .setStreamId(id)
                                .setReceived(received)
                                .setLimit(granted)
                                .setAttempt(attempt))
                        .build());
            }
        } else if (greeting != null) {
            greeted(fresh, greeting);
        }
    }

    private static int attemptOf(StreamFrame greeting) {
        return greeting.hasResume()
                ? greeting.getResume().getAttempt()
                : greeting.getOpen().getAttempt();
    }

    private void greeted(Link fresh, StreamFrame greeting) {
        if (state == State.RESETTING) {
            fresh.send(gone(code));
            end();
            return;
        }
        fresh.send(StreamFrame.newBuilder()
                .setAccepted(
                        StreamFrame.Accepted.newBuilder().setReceived(received).setLimit(granted))
                .build());
        if (greeting.hasResume()) {
            inStep(greeting.getResume().getReceived(), greeting.getResume().getLimit());
        } else {
            inStep(0, greeting.getOpen().getLimit());
        }
    }

    /** The link is lost. Ignored when it is no longer the stream's. */
    public void detached(Link lost) {
        if (lost == link) {
            link = null;
            synced = false;
            local.reading(false);
        }
    }

    /** The link takes data again. */
    public void linkReady(Link ready) {
        if (ready == link) {
            pump();
        }
    }

    /** The resume window is over and no link came. */
    public void expired() {
        if (state != State.ENDED && !synced) {
            fail(ResetCode.EXPIRED);
            end();
        }
    }

    private void inStep(long peerReceived, long limit) {
        // Received is not yet written: only an Ack says that the other edge's socket has it.
        if (!release(peerReceived, limit)) {
            return;
        }
        replayed += Math.max(0, sent - Math.min(sent, replay.start()));
        sent = replay.start();
        synced = true;
        acked = Math.min(acked, received);
        if (state == State.RESETTING) {
            send(StreamFrame.newBuilder()
                    .setReset(StreamFrame.Reset.newBuilder().setCode(code.number()))
                    .build());
            return;
        }
        sendAck();
        pump();
        closeWhenDone();
    }

    // ---- the local socket -----------------------------------------------------------------------------------------

    /** Bytes read from the socket; only after {@code reading(true)}, and at most a frame more than the credit. */
    public void localRead(ByteString bytes) {
        if (state == State.OPEN && !localFinished) {
            replay.append(bytes);
            pump();
        }
    }

    /** The socket's peer sends no more. */
    public void localFinished() {
        if (state == State.OPEN || state == State.OPENING) {
            localFinished = true;
            pump();
        }
    }

    /** The socket was reset. */
    public void localFailed() {
        if (state == State.ENDED || state == State.RESETTING || state == State.CLOSING) {
            return;
        }
        code = ResetCode.RESET;
        replay.clear();
        state = State.RESETTING;
        if (synced) {
            send(StreamFrame.newBuilder()
                    .setReset(StreamFrame.Reset.newBuilder().setCode(code.number()))
                    .build());
        }
    }

    /** The socket has taken that many bytes of what it was given. */
    public void localWrote(int bytes) {
        written += bytes;
        deliverFinish();
        if (state != State.OPEN) {
            return;
        }
        long behind = written - acked;
        if (behind >= window.getAsLong() / 4 || written == received) {
            sendAck();
        }
        closeWhenDone();
    }

    // ---- frames ---------------------------------------------------------------------------------------------------

    /** A frame from a link. Ignored when the link is no longer the stream's. */
    public void receivedFrame(Link from, StreamFrame frame) {
        if (from != link || state == State.ENDED) {
            return;
        }
        switch (frame.getFrameCase()) {
            case ACCEPTED -> accepted(frame.getAccepted());
            case REFUSED -> {
                fail(ResetCode.of(frame.getRefused().getCode()));
                end();
            }
            case DATA -> data(frame.getData());
            case ACK -> {
                if (acknowledge(frame.getAck().getOffset(), frame.getAck().getLimit())) {
                    pump();
                    closeWhenDone();
                }
            }
            case HALF_CLOSE -> halfClose(frame.getHalfClose().getOffset());
            case RESET -> {
                fail(ResetCode.of(frame.getReset().getCode()));
                send(gone(code));
                end();
            }
            case GONE -> gone(ResetCode.of(frame.getGone().getCode()), from);
            case OPEN, RESUME, FRAME_NOT_SET -> violation();
        }
    }

    private void accepted(StreamFrame.Accepted answer) {
        if (!initiates() || synced) {
            violation();
            return;
        }
        if (state == State.OPENING) {
            state = State.OPEN;
        }
        if (state == State.CLOSING) {
            synced = true;
            sendAck();
            send(gone(ResetCode.CLEAN));
            return;
        }
        inStep(answer.getReceived(), answer.getLimit());
    }

    private void data(StreamFrame.Data data) {
        long offset = data.getOffset();
        ByteString bytes = data.getBytes();
        long after = offset + bytes.size();
        if (offset > received || after > granted || finishAt >= 0 && after > finishAt) {
            violation();
            return;
        }
        if (state != State.OPEN || after <= received) {
            return;
        }
        ByteString fresh = bytes.substring((int) (received - offset));
        received = after;
        local.write(fresh);
    }

    private void halfClose(long offset) {
        if (finishAt >= 0 || state != State.OPEN) {
            return;
        }
        if (offset != received) {
            violation();
            return;
        }
        finishAt = offset;
        received = offset + 1;
        deliverFinish();
        if (finishDelivered) {
            sendAck();
            closeWhenDone();
        }
    }

    private void deliverFinish() {
        if (finishAt >= 0 && written == finishAt && !finishDelivered) {
            finishDelivered = true;
            written = finishAt + 1;
            if (state == State.OPEN) {
                local.finish();
            }
        }
    }

    private void gone(ResetCode said, Link from) {
        switch (state) {
            case CLOSING -> end();
            case RESETTING -> end();
            default -> {
                if (said == ResetCode.CLEAN) {
                    // The other edge has everything and we have acknowledged all of its own.
                    if (finishDelivered && localFinished) {
                        if (!initiates()) {
                            from.send(gone(ResetCode.CLEAN));
                        }
                        end();
                    } else {
                        violation();
                    }
                } else {
                    fail(said);
                    if (initiates()) {
                        end();
                    } else {
                        from.send(gone(said));
                        end();
                    }
                }
            }
        }
    }

    // ---- what follows ---------------------------------------------------------------------------------------------

    private boolean acknowledge(long offset, long limit) {
        if (!release(offset, limit)) {
            return false;
        }
        finishAcked |= localFinished && offset == replay.end() + 1;
        return true;
    }

    private boolean release(long offset, long limit) {
        if (offset > replay.end() + (localFinished ? 1 : 0)) {
            violation();
            return false;
        }
        replay.release(Math.min(offset, replay.end()));
        sent = Math.max(sent, replay.start());
        creditLimit = Math.max(creditLimit, limit);
        return true;
    }

    /** Sends what the credit and the link allow, and says whether the socket may be read. */
    private void pump() {
        if (!synced || link == null) {
            return;
        }
        while (sent < replay.end() && sent < creditLimit && link.ready()) {
            int most = (int) Math.min(FrameCodec.MAX_DATA, creditLimit - sent);
            ByteString bytes = replay.from(sent, most);
            send(StreamFrame.newBuilder()
                    .setData(StreamFrame.Data.newBuilder().setOffset(sent).setBytes(bytes))
                    .build());
            sent += bytes.size();
        }
        if (localFinished && sent == replay.end() && !finishSent && !finishAcked) {
            finishSent = true;
            send(StreamFrame.newBuilder()
                    .setHalfClose(StreamFrame.HalfClose.newBuilder().setOffset(replay.end()))
                    .build());
        }
        local.reading(state == State.OPEN && !localFinished && replay.end() < creditLimit);
    }

    private void sendAck() {
        acked = Math.min(received, written);
        long wanted = acked + window.getAsLong();
        granted = Math.max(granted, wanted);
        if (synced) {
            send(StreamFrame.newBuilder()
                    .setAck(StreamFrame.Ack.newBuilder().setOffset(acked).setLimit(granted))
                    .build());
        }
    }

    /** The initiator says goodbye when everything of both directions has arrived. */
    private void closeWhenDone() {
        if (state == State.OPEN && initiates() && synced && finishAcked && finishDelivered) {
            state = State.CLOSING;
            send(gone(ResetCode.CLEAN));
        }
    }

    private void violation() {
        fail(ResetCode.VIOLATION);
        send(StreamFrame.newBuilder()
                .setReset(StreamFrame.Reset.newBuilder().setCode(ResetCode.VIOLATION.number()))
                .build());
        end();
    }

    private void fail(ResetCode why) {
        if (state != State.RESETTING && state != State.CLOSING) {
            code = why;
            local.reset(why);
        }
    }

    private void end() {
        if (state == State.ENDED) {
            return;
        }
        state = State.ENDED;
        replay.clear();
        Link last = link;
        link = null;
        synced = false;
        if (last != null) {
            last.finish();
        }
        local.ended(code);
    }

    private void send(StreamFrame frame) {
        if (link != null) {
            link.send(frame);
        }
    }

    private static StreamFrame gone(ResetCode code) {
        return StreamFrame.newBuilder()
                .setGone(StreamFrame.Gone.newBuilder().setCode(code.number()))
                .build();
    }
}
