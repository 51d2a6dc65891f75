package dev.telepath.tunnel.resume;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.jspecify.annotations.NullUnmarked;

/**
 * Two edges of one stream on a simulated network with a virtual clock. Everything that happens follows from the seed:
 * delays, links cut between and inside frames with each side learning of it at its own time, resumes while the old link
 * still lives, pauses of an edge, slow readers, half-closes at any time, resets, refused dials, outages beyond the resume
 * window. {@link #run()} plays it and checks what must hold.
 */
@NullUnmarked
final class Simulation {
    private static final long RESUME_WINDOW = 60_000;
    private static final long HORIZON = 50_000_000;

    private final long seed;
    private final SplittableRandom random;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::at).thenComparingLong(Event::order));
    private final List<String> history = new ArrayList<>();
    private final Edge initiator;
    private final Edge acceptor;
    private final int window;
    private final int largest;
    private final Budget budget = new Budget(Long.MAX_VALUE / 8);
    private final boolean hostile;
    private long now;
    private long order;
    private Wire wire;
    private boolean dialled;
    private boolean refused;
    private boolean dialFailed;
    private int cuts;
    private int left;

    private record Event(long at, long order, Runnable action) {}

    /** What a schedule came to. */
    record Outcome(ResetCode atInitiator, int cuts, long replayed, long bytes) {}

    Simulation(long seed) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.window = 1 << random.nextInt(6, 18);
        this.largest = random.nextBoolean() ? window : 8 * window;
        this.hostile = random.nextInt(10) == 0;
        this.initiator = new Edge("initiator");
        this.acceptor = new Edge("acceptor");
    }

    /** One that grows, or one that does not. */
    private Window window() {
        return largest == window ? Window.of(window) : new GrowingWindow(window, largest, budget);
    }

    private void after(long delay, Runnable action) {
        events.add(new Event(now + delay, order++, action));
    }

    private long pause(int most) {
        return random.nextInt(4) == 0 ? random.nextInt(1, most * 20) : random.nextInt(1, most);
    }

    Outcome run() {
        initiator.stream = ResumableStream.initiator(
                StreamFrame.Open.newBuilder()
                        .setStreamId(ByteString.copyFrom(new byte[16]))
                        .setKeepsLink(random.nextBoolean() && !acceptor.older)
                        .build(),
                initiator,
                window(),
                false);
        initiator.begin();
        after(0, this::connect);
        for (int i = random.nextInt(6); i > 0; i--) {
            after(random.nextInt(1, 20_000), this::cut);
        }
        if (random.nextInt(5) == 0) {
            // A resume while the old link still lives.
            after(random.nextInt(1, 10_000), random.nextBoolean() ? this::connect : this::move);
        }
        if (hostile) {
            after(random.nextInt(1, 20_000), (random.nextBoolean() ? initiator : acceptor)::breakSocket);
        }
        long steps = 0;
        while (!events.isEmpty()) {
            Event next = events.remove();
            now = next.at();
            next.action().run();
            check(++steps < 2_000_000 && now < HORIZON, "it does not end");
            invariants();
        }
        finalChecks();
        return new Outcome(
                initiator.stream.code(),
                cuts,
                initiator.stream.replayed() + (acceptor.stream == null ? 0 : acceptor.stream.replayed()),
                initiator.read.size() + acceptor.read.size());
    }

    private void invariants() {
        for (Edge edge : List.of(initiator, acceptor)) {
            check(edge.got.startsWith(edge.other().read), edge.name + " got bytes that were not sent");
            if (edge.stream != null) {
                check(
                        edge.stream.buffered() <= 2L * largest + 2 * 32 * 1024,
                        edge.name + " holds " + edge.stream.buffered() + " bytes with a window of " + largest);
            }
        }
    }

    private void finalChecks() {
        check(initiator.stream.ended(), "the initiator is left over");
        check(acceptor.stream == null || acceptor.stream.ended(), "the acceptor is left over");
        ResetCode code = initiator.stream.code();
        if (code == ResetCode.CLEAN) {
            check(acceptor.got.is(initiator.read), "the acceptor lacks bytes of a clean stream");
            check(initiator.got.is(acceptor.read), "the initiator lacks bytes of a clean stream");
            check(initiator.finished && acceptor.finished, "a half-close was lost");
        }
        // One edge alone leaves a link where the other did not hear its goodbye.
        check(left <= 2 && (left != 1 || cuts > 0 || wires > 1 || hostile), left + " ends of links were left");
        if (wire != null
                && wire.keeps
                && !initiator.older
                && !acceptor.older
                && !hostile
                && !refused
                && cuts == 0
                && wires == 1) {
            check(left == 2, "a link that both edges keep ends with its stream");
        }
        if (!hostile && !refused && cuts == 0) {
            check(code == ResetCode.CLEAN, "ended with " + code + " although nothing failed");
        }
        for (Edge edge : List.of(initiator, acceptor)) {
            check(edge.endings <= 1, edge.name + " ended twice");
        }
        check(code != ResetCode.VIOLATION, "one edge accused the other");
        check(acceptor.stream == null || acceptor.stream.code() != ResetCode.VIOLATION, "one edge accused the other");
    }

    private void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("seed " + seed + ": " + what + " at " + now + " ms\n" + String.join("\n", tail()));
        }
    }

    private List<String> tail() {
        return history.subList(Math.max(0, history.size() - 60), history.size());
    }

    private void note(String text) {
        history.add(now + " " + text);
    }

    // ---- the network ----------------------------------------------------------------------------------------------

    /** The initiator brings a link, or tries again later. */
    private void connect() {
        if (initiator.stream.ended()) {
            return;
        }
        if (now < initiator.pausedUntil) {
            after(initiator.pausedUntil - now, this::connect);
            return;
        }
        Wire fresh = new Wire();
        wire = fresh;
        note("new link " + fresh.number);
        finish(initiator.stream.attached(fresh.near, null));
    }

    private static void finish(Link before) {
        if (before != null) {
            before.finish();
        }
    }

    /** The initiator brings a link in place of one that carries, which ends at some time. */
    private void move() {
        if (!initiator.stream.working() || now < initiator.pausedUntil) {
            return;
        }
        Wire fresh = new Wire();
        wire = fresh;
        note("moved to link " + fresh.number);
        Link before = initiator.stream.attached(fresh.near, null);
        if (before != null) {
            after(random.nextInt(1, 200), before::finish);
        }
    }

    private void cut() {
        Wire victim = wire;
        if (victim == null || victim.cut) {
            return;
        }
        cuts++;
        victim.cut = true;
        note("link " + victim.number + " is cut");
        // Some of what is under way still arrives, the rest is lost; each side learns at its own time.
        after(pause(2000), () -> {
            victim.near.silence();
            initiator.lost(victim.near);
            boolean tooLong = random.nextInt(12) == 0;
            after(tooLong ? RESUME_WINDOW * 2 : pause(3000), this::connect);
        });
        after(pause(5000), () -> {
            victim.far.silence();
            acceptor.lost(victim.far);
        });
    }

    private int wires;

    private final class Wire {
        private final int number = wires++;
        private final End near = new End(this);
        private final End far = new End(this);
        private boolean cut;
        private boolean greeted;
        private boolean keeps;

        Wire() {
            near.peer = far;
            far.peer = near;
            near.receive = frame -> initiator.deliver(near, frame);
            far.receive = frame -> {
                if (!greeted) {
                    greeted = true;
                    keeps = frame.getOpen().getKeepsLink();
                    greet(far, frame);
                } else {
                    acceptor.deliver(far, frame);
                }
            };
        }
    }

    private interface Receiver {
        void take(StreamFrame frame);
    }

    private final class End implements Link {
        private final Wire on;
        private End peer;
        private Receiver receive;
        private long lastArrival;
        private int underWay;
        private boolean finished;
        private boolean leaves;

        End(Wire on) {
            this.on = on;
        }

        @Override
        public void send(StreamFrame frame) {
            check(!leaves, "a frame follows on a link that was left: " + frame.getFrameCase());
            sendNow(frame);
        }

        private void sendNow(StreamFrame frame) {
            if (finished || on.cut && random.nextBoolean()) {
                finished = true;
                return;
            }
            check(
                    !(ownerOf(peer).older && frame.getData().hasAck()),
                    "an older edge is sent an acknowledgement that it does not see");
            StreamFrame sent = ownerOf(this).older ? withoutNews(frame) : frame;
            underWay++;
            lastArrival = Math.max(lastArrival, now + random.nextInt(1, 50));
            boolean doomed = on.cut;
            events.add(new Event(lastArrival, order++, () -> {
                underWay--;
                if (doomed || on.cut && random.nextInt(3) > 0) {
                    // Lost, and with it all that follows on this link.
                    finished = true;
                    peer.silence();
                    return;
                }
                peer.receive.take(sent);
                if (now >= ownerOf(this).pausedUntil && ownerOf(this).stream != null) {
                    ownerOf(this).stream.linkReady(this);
                }
            }));
        }

        /** As an edge greets that does not know of acknowledgements within data. */
        private static StreamFrame withoutNews(StreamFrame frame) {
            StreamFrame.Builder older = frame.toBuilder();
            switch (frame.getFrameCase()) {
                case OPEN -> older.getOpenBuilder().clearAcksWithData().clearKeepsLink();
                case RESUME -> older.getResumeBuilder().clearAcksWithData();
                case ACCEPTED -> older.getAcceptedBuilder().clearAcksWithData();
                default -> {}
            }
            return older.build();
        }

        /** Nothing comes any more: an edge hears of a loss after all that it hears on the link. */
        void silence() {
            receive = lost -> {};
        }

        private Edge ownerOf(End end) {
            return end == end.on.near ? initiator : acceptor;
        }

        @Override
        public boolean ready() {
            return underWay < 6;
        }

        /** The next stream may use it; the goodbye may go along with that one, and so be late. */
        @Override
        public void leave(StreamFrame goodbye) {
            ResumableStream stream = ownerOf(this).stream;
            check(on.keeps, "a link is left that neither edge wanted to keep");
            check(stream.code() == ResetCode.CLEAN, "a link is left after a reset");
            check(this == on.near || stream.ended(), "the acceptor leaves before its stream has ended");
            left++;
            Receiver before = receive;
            receive = frame -> {
                check(
                        this == on.near && (frame.hasGone() || frame.hasReset()),
                        "a frame comes on a link that was left: " + frame.getFrameCase());
                receive = late -> check(false, "a frame comes after the goodbye: " + late.getFrameCase());
                before.take(frame);
            };
            after(random.nextInt(1, 40), () -> {
                if (!finished) {
                    sendNow(goodbye);
                }
            });
            leaves = true;
        }

        @Override
        public void finish() {
            if (!finished) {
                finished = true;
                // The call ends at the other side too, after all that was sent on it.
                after(Math.max(0, lastArrival - now) + random.nextInt(1, 100), () -> {
                    if (peer == peer.on.near) {
                        if (wire == on) {
                            after(pause(300), Simulation.this::connect);
                        }
                        initiator.lost(peer);
                    } else {
                        acceptor.lost(peer);
                    }
                });
            }
        }
    }

    /** The first frame of a link at the acceptor's side, as an owner of streams handles it. */
    private void greet(End far, StreamFrame frame) {
        note("greeting " + frame.getFrameCase());
        if (acceptor.stream != null) {
            finish(acceptor.stream.attached(far, frame));
        } else if (dialFailed) {
            // An owner remembers a refusal, so that an Open that comes again learns of it.
            far.send(refusal());
        } else if (frame.hasOpen()) {
            if (!dialled) {
                dialled = true;
                refused = random.nextInt(20) == 0;
                after(pause(300), () -> dialDone(frame.getOpen()));
            }
            if (acceptor.waitingGreeting == null
                    || acceptor.waitingGreeting.getOpen().getAttempt()
                            < frame.getOpen().getAttempt()) {
                acceptor.waiting = far;
                acceptor.waitingGreeting = frame;
            }
        } else {
            far.send(StreamFrame.newBuilder()
                    .setGone(StreamFrame.Gone.newBuilder().setCode(ResetCode.UNKNOWN.number()))
                    .build());
        }
    }

    private static StreamFrame refusal() {
        return StreamFrame.newBuilder()
                .setRefused(StreamFrame.Refused.newBuilder().setCode(ResetCode.REFUSED.number()))
                .build();
    }

    private void dialDone(StreamFrame.Open open) {
        if (refused) {
            dialFailed = true;
            if (acceptor.waiting == null) {
                return;
            }
            acceptor.waiting.send(refusal());
            return;
        }
        acceptor.stream = ResumableStream.acceptor(open, "a", acceptor, window(), false);
        acceptor.begin();
        if (acceptor.waiting != null) {
            finish(acceptor.stream.attached(acceptor.waiting, acceptor.waitingGreeting));
        }
    }

    // ---- the edges ------------------------------------------------------------------------------------------------

    /** Bytes of a direction. Content follows from the position, so that a doubled or lost byte shows. */
    private static final class Tape {
        private int size;
        private boolean sound = true;

        static byte at(int position) {
            return (byte) (position * 31 + (position >> 8) * 7 + 3);
        }

        ByteString next(int count) {
            byte[] bytes = new byte[count];
            for (int i = 0; i < count; i++) {
                bytes[i] = at(size + i);
            }
            size += count;
            return ByteString.copyFrom(bytes);
        }

        void append(ByteString bytes) {
            for (int i = 0; i < bytes.size(); i++) {
                sound &= bytes.byteAt(i) == at(size + i);
            }
            size += bytes.size();
        }

        int size() {
            return size;
        }

        boolean startsWith(Tape sent) {
            return sound && size <= sent.size;
        }

        boolean is(Tape sent) {
            return sound && size == sent.size;
        }
    }

    private final class Edge implements Local {
        private final String name;
        private ResumableStream stream;
        private final Tape read = new Tape();
        private final Tape got = new Tape();
        private final ArrayDeque<Runnable> backlog = new ArrayDeque<>();
        private final ArrayDeque<ByteString> toWrite = new ArrayDeque<>();
        private int toSend = random.nextInt(4) == 0 ? 0 : random.nextInt(1, 200_000);
        private final int pace = random.nextInt(1, 400);
        private final boolean older = random.nextInt(4) == 0;
        private boolean reading;
        private boolean readPlanned;
        private boolean ackPlanned;
        private boolean closedOutput;
        private boolean finished;
        private boolean over;
        private int endings;
        private long pausedUntil;
        private long suspendedSince = -1;
        private Link waiting;
        private StreamFrame waitingGreeting;

        Edge(String name) {
            this.name = name;
        }

        Edge other() {
            return this == initiator ? acceptor : initiator;
        }

        void begin() {
            if (random.nextInt(6) == 0) {
                pausedUntil = now + random.nextInt(1, 20_000);
            }
            if (toSend == 0) {
                after(pause(500), this::close);
            }
            watchWindow();
        }

        private void watchWindow() {
            if (stream.ended()) {
                return;
            }
            suspendedSince = !stream.suspended() ? -1 : suspendedSince < 0 ? now : suspendedSince;
            if (suspendedSince >= 0 && now - suspendedSince > RESUME_WINDOW) {
                note(name + " expires");
                stream.expired();
                return;
            }
            after(1000, this::watchWindow);
        }

        void deliver(End on, StreamFrame frame) {
            if (now < pausedUntil || !backlog.isEmpty()) {
                if (backlog.isEmpty()) {
                    events.add(new Event(pausedUntil, order++, this::goOn));
                }
                backlog.add(() -> take(on, frame));
                return;
            }
            take(on, frame);
        }

        private void take(End on, StreamFrame frame) {
            if (stream != null) {
                stream.receivedFrame(on, frame);
            }
        }

        private void goOn() {
            while (!backlog.isEmpty()) {
                backlog.remove().run();
            }
        }

        void lost(Link link) {
            if (link == waiting) {
                waiting = null;
            }
            if (stream != null) {
                stream.detached(link);
            }
        }

        void breakSocket() {
            if (!over && stream != null && !stream.ended()) {
                note(name + " socket breaks");
                over = true;
                stream.localFailed();
            }
        }

        private void close() {
            if (!over && !closedOutput) {
                closedOutput = true;
                note(name + " half-closes after " + read.size());
                stream.localFinished();
            }
        }

        @Override
        public void reading(boolean allowed) {
            reading = allowed;
            if (allowed && !readPlanned) {
                readPlanned = true;
                after(random.nextInt(1, pace + 1), this::readSome);
            }
        }

        private void readSome() {
            readPlanned = false;
            if (!reading || over || closedOutput || stream.ended()) {
                return;
            }
            int size = Math.min(toSend, random.nextInt(1, 32 * 1024));
            toSend -= size;
            if (size > 0) {
                reading = false;
                stream.localRead(read.next(size), null);
            }
            if (toSend == 0) {
                after(random.nextInt(1, 100), this::close);
            } else {
                reading(reading);
            }
        }

        @Override
        public void write(ByteString bytes) {
            check(!finished, name + " was given bytes after the half-close");
            toWrite.add(bytes);
            after(random.nextInt(1, pace + 1), this::wrote);
        }

        private void wrote() {
            ByteString bytes = toWrite.remove();
            if (over) {
                return;
            }
            got.append(bytes);
            stream.localWrote(bytes.size());
        }

        @Override
        public void finish() {
            check(toWrite.isEmpty(), name + " half-closes before all is written");
            check(!finished, name + " half-closes twice");
            finished = true;
            note(name + " is told of the half-close after " + got.size());
        }

        @Override
        public void reset(ResetCode code) {
            note(name + " is reset: " + code);
            over = true;
        }

        @Override
        public void acknowledgeSoon() {
            if (!ackPlanned) {
                ackPlanned = true;
                after(random.nextInt(1, 200), () -> {
                    ackPlanned = false;
                    stream.acknowledge();
                });
            }
        }

        @Override
        public void ended(ResetCode code) {
            note(name + " ended: " + code);
            endings++;
        }
    }
}
