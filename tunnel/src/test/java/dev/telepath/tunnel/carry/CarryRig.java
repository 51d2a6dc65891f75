package dev.telepath.tunnel.carry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.Blocks;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.stream.StreamEnd;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.DefaultEventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.NullUnmarked;

/** Two edges on an event loop each, joined in memory. */
@NullUnmarked
final class CarryRig implements AutoCloseable {
    static final Duration WAIT = Duration.ofSeconds(20);
    static final String NEAR = "near-session";
    static final long RUN = 7;
    /** Of all sockets, edges and links: one that is given back too early is overwritten by whatever comes next. */
    static final Blocks BLOCKS = new Blocks();

    final DefaultEventLoop nearLoop = new DefaultEventLoop();
    final DefaultEventLoop farLoop = new DefaultEventLoop();
    final SimpleMeterRegistry nearMeters = new SimpleMeterRegistry();
    final SimpleMeterRegistry farMeters = new SimpleMeterRegistry();
    final CarriedStreams near;
    final CarriedStreams far;
    final Initiator initiator;
    final Acceptor acceptor;
    final AtomicInteger dials = new AtomicInteger();
    final List<Wire> wires = new CopyOnWriteArrayList<>();
    volatile Dial dial = () -> CompletableFuture.completedFuture(MemorySocket.sending(0, 1));
    volatile Tap tap = (wire, toFar, frame) -> {};
    volatile boolean network = true;
    /** How long a frame is under way by what stands for the manager. */
    volatile Duration lag = Duration.ZERO;
    /** How much older links are than they are. */
    final AtomicLong aged = new AtomicLong();

    private final Duration settled;
    private final LongSupplier clock = () -> System.nanoTime() + aged.get();

    interface Dial {
        CompletionStage<? extends StreamEnd> dial();
    }

    /** Sees every frame under way. */
    interface Tap {
        void passing(Wire wire, boolean toFar, StreamFrame frame);
    }

    /** One link. */
    static final class Wire {
        volatile Pipe toFar;
        volatile Pipe toNear;

        void cut() {
            if (toFar != null) {
                toFar.cut();
            }
            if (toNear != null) {
                toNear.cut();
            }
        }
    }

    /** Waits for what follows without further ado. */
    static ConditionFactory soon() {
        return await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .atMost(WAIT);
    }

    CarryRig() {
        this(CarrySettings.STANDARD);
    }

    /**
     * @param settled after what time streams are moved past the manager
     */
    CarryRig(Duration settled) {
        this(CarrySettings.STANDARD, settled);
    }

    CarryRig(CarrySettings settings) {
        this(settings, Duration.ofMinutes(1));
    }

    private CarryRig(CarrySettings settings, Duration settled) {
        this.settled = settled;
        near = new CarriedStreams(nearLoop, settings, BLOCKS, nearMeters, clock);
        far = new CarriedStreams(farLoop, settings, BLOCKS, farMeters, clock);
        initiator = initiatorOfRun(RUN);
        acceptor = new Acceptor(far, (id, timeout, who) -> {
            dials.incrementAndGet();
            return dial.dial();
        });
    }

    Initiator initiatorOfRun(long run) {
        return new Initiator(near, new Backoff(Duration.ofMillis(1), Duration.ofMillis(5)), run, settled);
    }

    void attach() {
        initiator.attached(this::carry, NEAR);
    }

    void carry(CarryLink link) {
        if (!network) {
            link.incoming().onError(new IllegalStateException("no network"));
            return;
        }
        var wire = new Wire();
        wires.add(wire);
        CarryLink other = acceptor.link("far-session");
        wire.toNear =
                Pipe.join(other.outgoing(), link.incoming(), frame -> tap.passing(wire, false, frame), this::deliver);
        wire.toFar =
                Pipe.join(link.outgoing(), other.incoming(), frame -> tap.passing(wire, true, frame), this::deliver);
    }

    private void deliver(Runnable frame) {
        if (lag.isZero()) {
            frame.run();
        } else {
            nearLoop.schedule(frame, lag.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    Wire wire() {
        return wires.getLast();
    }

    void cut() {
        wires.forEach(Wire::cut);
    }

    /** A stranger's link that greets with that frame. */
    List<StreamFrame> greet(StreamFrame greeting) {
        var stranger = new Stranger(this);
        stranger.sends(greeting);
        return stranger.answers();
    }

    ResumableEnd open() {
        return initiator.open(id(Protocol.TCP), Duration.ofSeconds(5), "");
    }

    ResumableEnd openFlow() {
        return initiator.open(id(Protocol.UDP), Duration.ofSeconds(5), "");
    }

    static ConnectionId id(Protocol protocol) {
        return ConnectionId.of(
                protocol, new InetSocketAddress("127.0.0.1", 40000), new InetSocketAddress("127.0.0.1", 80));
    }

    static void ended(MemorySocket one) {
        soon().until(() -> one.input().isDone());
    }

    /** It got that many bytes, the right ones, and a half-close. */
    static void whole(MemorySocket to, int bytes) {
        ended(to);
        assertThat(to.input()).isCompleted();
        assertThat(to.got()).isEqualTo(bytes);
        assertThat(to.sound()).isTrue();
    }

    /** What must be so when all is over. */
    void nothingIsLeft() {
        soon().untilAsserted(() -> {
            for (CarriedStreams streams : List.of(near, far)) {
                assertThat(streams.open()).as("open").isZero();
                assertThat(streams.suspended()).as("suspended").isZero();
                assertThat(streams.budgetUsed()).as("budget used").isZero();
            }
        });
    }

    /**
     * A stream of a manager that goes, and comes back.
     *
     * @param way comes past the manager while that is there, and tells its links
     */
    void goesOnWithoutManager(Supplier<ResumableEnd> open, Supplier<List<Wire>> way) {
        int bytes = 1024 * 1024;
        MemorySocket here = MemorySocket.open(bytes);
        MemorySocket there = MemorySocket.open(bytes);
        dial = () -> CompletableFuture.completedFuture(there);
        attach();
        StreamEnd.join(here, open.get());
        soon().until(() -> here.got() == bytes && there.got() == bytes);
        List<Wire> past = way.get();

        network = false;
        initiator.detached();
        cut();

        soon().until(() -> past.size() == 1 && near.suspended() == 0 && far.suspended() == 0);
        int before = wires.size();
        network = true;
        attach();
        here.halfClose();
        there.halfClose();
        whole(here, bytes);
        whole(there, bytes);
        nothingIsLeft();
        assertThat(wires).hasSize(before);
    }

    /**
     * What may happen to two edges that have a way past the manager.
     *
     * @param wire on which a frame is under way
     * @param kind 0 to 3
     * @param gone has that way break for good
     * @param renewed has it break, and another come
     */
    void trouble(Wire wire, int kind, Runnable gone, Runnable renewed) {
        switch (kind) {
            case 0 -> wire.cut();
            case 1 -> renewed.run();
            case 2 -> {
                // The manager goes, and comes again.
                initiator.detached();
                cut();
                nearLoop.schedule(this::attach, 2, TimeUnit.MILLISECONDS);
            }
            default -> gone.run();
        }
    }

    @Override
    public void close() {
        nearLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        farLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
