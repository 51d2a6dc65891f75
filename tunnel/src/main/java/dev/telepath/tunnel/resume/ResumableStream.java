package dev.telepath.tunnel.resume;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.Block;
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
 * <p>A flow of datagrams re-attaches in the same way, but numbers and keeps nothing: what a link loses, or what comes
 * while there is none, is lost. One that is moved loses nothing.
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
    private final StreamFrame.@Nullable Open open;
    private final Local local;
    private final boolean datagrams;
    private final Sending sending;
    private final Receiving receiving;

    private State state;
    private ResetCode code = ResetCode.CLEAN;
    private String reason = "";
    private String acceptorSession;
    private String initiatorSession;
    private @Nullable Link link;
    /** Of a flow that was moved: its link before, until both edges are in step on the next. */
    private @Nullable Link former;

    private int attempt;
    /** Both edges have agreed on where they are, on this link. */
    private boolean synced;
    /** The other edge takes acknowledgements within data, on this link. */
    private boolean acksWithData;
    /** Both edges want to use this link again, when the stream is over. */
    private boolean keepsLink;

    private long dropped;

    private ResumableStream(
            StreamFrame.Open opening, boolean initiates, Local local, Window window, boolean datagrams) {
        this.id = opening.getStreamId();
        this.open = initiates ? opening : null;
        this.acceptorSession = opening.getAcceptorSessionId();
        this.initiatorSession = opening.getSessionId();
        this.local = local;
        this.datagrams = datagrams;
        this.sending = new Sending(window);
        this.receiving = new Receiving(window);
        this.state = initiates ? State.OPENING : State.OPEN;
    }

    /**
     * The edge that opens a stream.
     *
     * @param open the first frame; limit and attempt are set here
     * @param datagrams whether it is a flow of datagrams
     */
    public static ResumableStream initiator(StreamFrame.Open open, Local local, Window window, boolean datagrams) {
        return new ResumableStream(open, true, local, window, datagrams);
    }

    /**
     * The edge that is asked; made when it has dialled.
     *
     * @param opened the frame that opened the stream
     * @param session its own session, which the initiator is told
     */
    public static ResumableStream acceptor(
            StreamFrame.Open opened, String session, Local local, Window window, boolean datagrams) {
        var stream = new ResumableStream(opened, false, local, window, datagrams);
        stream.acceptorSession = session;
        stream.sending.credit(opened.getLimit());
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

    /** Whether there is a link, in step or not. */
    public boolean linked() {
        return link != null;
    }

    /** Whether both edges are in step on a link and neither has ended the stream. */
    public boolean working() {
        return synced && state == State.OPEN;
    }

    /** Whether the other edge has not said yet that it has dialled. */
    public boolean opening() {
        return state == State.OPENING;
    }

    /** The session of the other edge, as it has said it when it dialled; before, whom the stream is to; empty: whoever is chosen. */
    public String acceptorSession() {
        return acceptorSession;
    }

    public boolean ended() {
        return state == State.ENDED;
    }

    /** How it ended, or is ending. */
    public ResetCode code() {
        return code;
    }

    /** What the other edge, or the manager, said of a refusal; may be empty. */
    public String reason() {
        return reason;
    }

    /** Bytes kept now: for replay, and for a local socket that is behind. */
    public long buffered() {
        return sending.kept() + receiving.waiting();
    }

    /** Bytes that may be read from the local socket within the credit; zero or less when there is none. */
    public long room() {
        return sending.room();
    }

    /** Bytes sent more than once so far. */
    public long replayed() {
        return sending.replayed();
    }

    /** Datagrams that no link took. */
    public long dropped() {
        return dropped;
    }

    /** The initiator's session, from the first link on. */
    public void openedBy(String session) {
        initiatorSession = session;
    }

    // ---- the link -------------------------------------------------------------------------------------------------

    /**
     * A link to the other edge. The initiator greets; the acceptor is given the link with the greeting it brought. What is under way on
     * the link that it had is sent again, but of a flow of datagrams.
     *
     * @return that one, if any, for the caller to finish. While it works it is better kept until both edges are in step, or will not be on
     *     the new one: ended earlier it looks to the other edge as if it were lost, and what is under way of a flow is
     */
    public @Nullable Link attached(Link fresh, @Nullable StreamFrame greeting) {
        if (state == State.ENDED) {
            fresh.send(Frames.gone(code));
            fresh.finish();
            return null;
        }
        if (greeting != null && attemptOf(greeting) <= attempt) {
            fresh.finish();
            return null;
        }
        attempt = greeting == null ? attempt + 1 : attemptOf(greeting);
        Link old = link;
        former = datagrams ? old : null;
        link = fresh;
        boolean mine = !left();
        keepsLink = false;
        notInStep();
        sending.newLink();
        if (open != null) {
            fresh.send(greeting(open));
        } else if (greeting != null) {
            greeted(fresh, greeting);
        }
        return mine ? old : null;
    }

    private StreamFrame greeting(StreamFrame.Open first) {
        if (state == State.OPENING) {
            return StreamFrame.newBuilder()
                    .setOpen(first.toBuilder()
                            .setAttempt(attempt)
                            .setLimit(receiving.granted())
                            .setSessionId(initiatorSession)
                            .setAcksWithData(true))
                    .build();
        }
        return StreamFrame.newBuilder()
                .setResume(StreamFrame.Resume.newBuilder()
                        .setStreamId(id)
                        .setReceived(receiving.received())
                        .setLimit(receiving.grant())
                        .setAttempt(attempt)
                        .setSessionId(initiatorSession)
                        .setAcceptorSessionId(acceptorSession)
                        .setAcksWithData(true))
                .build();
    }

    private static int attemptOf(StreamFrame greeting) {
        return greeting.hasResume()
                ? greeting.getResume().getAttempt()
                : greeting.getOpen().getAttempt();
    }

    private void greeted(Link fresh, StreamFrame greeting) {
        if (state == State.RESETTING) {
            fresh.send(Frames.gone(code));
            end();
            return;
        }
        keepsLink = greeting.getOpen().getKeepsLink();
        fresh.send(Frames.accepted(receiving.received(), receiving.granted(), acceptorSession, keepsLink));
        if (greeting.hasResume()) {
            acksWithData = greeting.getResume().getAcksWithData();
            inStep(greeting.getResume().getReceived(), greeting.getResume().getLimit());
        } else {
            acksWithData = greeting.getOpen().getAcksWithData();
            inStep(0, greeting.getOpen().getLimit());
        }
    }

    /** The link is lost. Ignored when it is no longer the stream's. */
    public void detached(Link lost) {
        if (lost == former) {
            former = null;
        }
        if (lost == link) {
            link = null;
            notInStep();
        }
    }

    /** What the socket has stays there until the edges are in step again; a flow of datagrams loses it. */
    private void notInStep() {
        synced = false;
        local.reading(datagrams && state == State.OPEN);
    }

    /** Whether this is the stream's link. */
    public boolean on(Link one) {
        return one == link;
    }

    /** The link takes data again. */
    public void linkReady(Link ready) {
        if (ready == link) {
            pump();
        }
    }

    /** The resume window is over and no link came. */
    public void expired() {
        if (!synced) {
            lost();
        }
    }

    /** No link can come any more. */
    public void lost() {
        over(ResetCode.EXPIRED);
    }

    /** The process at the other edge is gone for good; whoever is there now does not know the stream. */
    public void forgotten() {
        over(ResetCode.UNKNOWN);
    }

    private void over(ResetCode why) {
        if (state != State.ENDED) {
            fail(why);
            end();
        }
    }

    private void inStep(long peerReceived, long limit) {
        // Received is not yet written: only an Ack says that the other edge's socket has it.
        if (!sending.release(peerReceived, limit)) {
            violation();
            return;
        }
        sending.rewind();
        synced = true;
        former = null;
        receiving.rewind();
        if (state == State.RESETTING) {
            send(Frames.reset(code));
            return;
        }
        if (receiving.moreThanGreeted()) {
            sendAck();
        }
        pump();
        closeWhenDone();
    }

    // ---- the local socket -----------------------------------------------------------------------------------------

    /**
     * Bytes read from the socket; only after {@code reading(true)}, and at most a frame more than the credit.
     *
     * @param block given back when the other edge has acknowledged them; null when they are nobody's to give back
     */
    public void localRead(ByteString bytes, @Nullable Block block) {
        if (datagrams) {
            datagram(bytes);
        } else if (state == State.OPEN && !sending.finished()) {
            sending.append(bytes, block);
            pump();
        }
    }

    /** Behind the greeting, so that the other edge takes it for the stream's even if that has not been answered yet. */
    private void datagram(ByteString bytes) {
        Link to = link != null && link.ready() ? link : former;
        if (state == State.OPEN && to != null && to.ready()) {
            to.send(Frames.datagram(bytes));
        } else {
            dropped++;
        }
    }

    /** The socket's peer sends no more. Ends a flow of datagrams. */
    public void localFinished() {
        if (datagrams) {
            resetting(ResetCode.CLEAN);
        } else if (state == State.OPEN || state == State.OPENING) {
            sending.finish();
            pump();
        }
    }

    /** The socket was reset. */
    public void localFailed() {
        resetting(ResetCode.RESET);
    }

    private void resetting(ResetCode why) {
        if (state == State.ENDED || state == State.RESETTING || state == State.CLOSING) {
            return;
        }
        code = why;
        if (state == State.OPENING && attempt == 0) {
            // Nobody has heard of it.
            end();
            return;
        }
        sending.clear();
        // One that is still opening is not in step, but its link carries in order: the other edge can give up its dial.
        boolean heard = synced || state == State.OPENING;
        state = State.RESETTING;
        if (heard) {
            send(Frames.reset(code));
        }
    }

    /** The socket has taken that many bytes of what it was given. */
    public void localWrote(int bytes) {
        if (datagrams) {
            return;
        }
        receiving.wrote(bytes);
        deliverFinish();
        if (state != State.OPEN) {
            return;
        }
        acknowledgeOrClose();
    }

    private void acknowledgeOrClose() {
        // That a goodbye goes along with the next stream is worth more than an acknowledgement, and says as much.
        if (!(keepsLink && done())) {
            acknowledgeDue();
        }
        closeWhenDone();
    }

    /** A half-close that does not end the stream can wait: most often the socket's own follows, and they go together. */
    private void acknowledgeDue() {
        if (receiving.ackDue(sending.finished())) {
            sendAck();
        } else if (receiving.ackOwed()) {
            local.acknowledgeSoon();
        }
    }

    /** Tells the other edge what the socket has taken, if it does not know yet. */
    public void acknowledge() {
        if (state == State.OPEN && receiving.ackOwed()) {
            sendAck();
        }
    }

    // ---- frames ---------------------------------------------------------------------------------------------------

    /** A frame from a link. Ignored when the link is no longer the stream's, but for what is under way of a flow that was moved. */
    public void receivedFrame(Link from, StreamFrame frame) {
        if (state == State.ENDED || from != link && !(datagrams && frame.hasDatagram())) {
            return;
        }
        switch (frame.getFrameCase()) {
            case ACCEPTED -> accepted(frame.getAccepted());
            case REFUSED -> {
                reason = frame.getRefused().getReason();
                fail(ResetCode.of(frame.getRefused().getCode()));
                end();
            }
            case DATA -> data(frame.getData());
            case DATAGRAM -> {
                if (datagrams && state == State.OPEN) {
                    local.write(frame.getDatagram().getBytes());
                }
            }
            case ACK -> acknowledged(frame.getAck());
            case HALF_CLOSE -> halfClose(frame.getHalfClose().getOffset());
            case RESET -> {
                fail(ResetCode.of(frame.getReset().getCode()));
                send(Frames.gone(code));
                end();
            }
            case GONE -> gone(ResetCode.of(frame.getGone().getCode()), from);
            case OPEN, RESUME, ANSWER, FRAME_NOT_SET -> violation();
        }
    }

    private void accepted(StreamFrame.Accepted answer) {
        if (!initiates() || synced) {
            violation();
            return;
        }
        if (!answer.getSessionId().isEmpty()) {
            acceptorSession = answer.getSessionId();
        }
        if (state == State.CLOSING) {
            synced = true;
            sendAck();
            send(Frames.gone(ResetCode.CLEAN));
            return;
        }
        boolean opened = state == State.OPENING;
        if (opened) {
            state = State.OPEN;
        }
        acksWithData = answer.getAcksWithData();
        keepsLink = answer.getKeepsLink();
        inStep(answer.getReceived(), answer.getLimit());
        if (opened && state == State.OPEN) {
            local.opened();
        }
    }

    private void data(StreamFrame.Data data) {
        switch (receiving.classify(data)) {
            case VIOLATION -> violation();
            case KNOWN -> {}
            case FRESH -> {
                if (state == State.OPEN && !datagrams) {
                    local.write(receiving.take(data));
                }
            }
        }
        if (data.hasAck() && state != State.ENDED) {
            acknowledged(data.getAck());
        }
    }

    private void acknowledged(StreamFrame.Ack ack) {
        if (sending.acknowledge(ack.getOffset(), ack.getLimit())) {
            pump();
            closeWhenDone();
        } else {
            violation();
        }
    }

    private void halfClose(long offset) {
        if (receiving.finishKnown() || state != State.OPEN) {
            return;
        }
        if (!receiving.finish(offset)) {
            violation();
            return;
        }
        deliverFinish();
        if (receiving.finishDelivered()) {
            acknowledgeOrClose();
        }
    }

    private void deliverFinish() {
        if (receiving.finishDue() && state == State.OPEN) {
            local.finish();
        }
    }

    private void gone(ResetCode said, Link from) {
        if (left() && said == ResetCode.CLEAN) {
            link = null;
            end();
        } else if (state == State.CLOSING || state == State.RESETTING) {
            end();
        } else if (said != ResetCode.CLEAN) {
            fail(said);
            if (!initiates()) {
                from.send(Frames.gone(said));
            }
            end();
        } else if (receiving.finishDelivered() && sending.finished()) {
            // The other edge has everything and we have acknowledged all of its own.
            if (initiates()) {
                end();
            } else if (keepsLink) {
                link = null;
                end();
                from.leave(Frames.gone(ResetCode.CLEAN));
            } else {
                from.send(Frames.gone(ResetCode.CLEAN));
                end();
            }
        } else {
            violation();
        }
    }

    // ---- what follows ---------------------------------------------------------------------------------------------

    /** Sends what the credit and the link allow, and says whether the socket may be read. */
    private void pump() {
        // Who resets has forgotten what was not sent.
        if (!synced || link == null || state == State.RESETTING) {
            return;
        }
        while (link != null && link.ready()) {
            StreamFrame data = sending.next(this::ackToGoAlong);
            if (data == null) {
                break;
            }
            send(data);
        }
        StreamFrame halfClose = sending.halfClose();
        if (halfClose != null) {
            acknowledge();
            send(halfClose);
        }
        local.reading(state == State.OPEN && !sending.finished() && (datagrams || sending.room() > 0));
    }

    private StreamFrame.@Nullable Ack ackToGoAlong() {
        return acksWithData && receiving.ackOwed() ? receiving.ack() : null;
    }

    private void sendAck() {
        StreamFrame.Ack ack = receiving.ack();
        if (synced && !datagrams) {
            send(StreamFrame.newBuilder().setAck(ack).build());
        }
    }

    /** The initiator says goodbye when everything of both directions has arrived. */
    private void closeWhenDone() {
        if (!done()) {
            return;
        }
        state = State.CLOSING;
        if (link != null && keepsLink) {
            link.leave(Frames.gone(ResetCode.CLEAN));
        } else {
            send(Frames.gone(ResetCode.CLEAN));
        }
    }

    /** Whether the link has the goodbye, and may be another stream's by now. */
    private boolean left() {
        return state == State.CLOSING && keepsLink;
    }

    private boolean done() {
        return state == State.OPEN && initiates() && synced && sending.finishAcked() && receiving.finishDelivered();
    }

    private void violation() {
        fail(ResetCode.VIOLATION);
        send(Frames.reset(ResetCode.VIOLATION));
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
        sending.clear();
        Link last = link;
        link = null;
        former = null;
        synced = false;
        if (last != null) {
            last.finish();
        }
        local.ended(code);
    }

    private void send(StreamFrame frame) {
        if (link != null && !left()) {
            link.send(frame);
        }
    }
}
