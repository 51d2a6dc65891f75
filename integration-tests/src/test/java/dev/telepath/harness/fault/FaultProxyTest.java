package dev.telepath.harness.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FaultProxyTest {
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private ServerSocket target;
    private FaultProxy proxy;

    private record Joined(Socket caller, Socket served) {}

    @BeforeEach
    void start() throws IOException {
        target = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        opened.push(target);
        proxy = FaultProxy.before(target.getLocalPort());
        opened.push(proxy);
    }

    @AfterEach
    void end() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }

    private Socket caller() throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
        socket.setSoTimeout(20_000);
        opened.push(socket);
        return socket;
    }

    private Joined joined() throws IOException {
        Socket caller = caller();
        Socket served = target.accept();
        served.setSoTimeout(20_000);
        opened.push(served);
        return new Joined(caller, served);
    }

    private static void say(Socket from, String text) throws IOException {
        from.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String hear(Socket at, int bytes) throws IOException {
        return new String(at.getInputStream().readNBytes(bytes), StandardCharsets.US_ASCII);
    }

    /** Nothing arrives for as long as one cares to look; a wrong answer, unlike a right one, is always seen. */
    private static void hearsNothing(Socket at) throws IOException {
        at.setSoTimeout(100);
        assertThatThrownBy(() -> at.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        at.setSoTimeout(20_000);
    }

    private static void isReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().read())
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset");
    }

    @Test
    void bytesAndHalfClosesPassBothWays() throws IOException {
        Joined joined = joined();

        say(joined.caller(), "there");
        joined.caller().shutdownOutput();

        assertThat(joined.served().getInputStream().readAllBytes()).asString().isEqualTo("there");
        say(joined.served(), "back");
        joined.served().close();
        assertThat(joined.caller().getInputStream().readAllBytes()).asString().isEqualTo("back");
        assertThat(proxy.carried(Direction.TO_TARGET)).isEqualTo(5);
        assertThat(proxy.carried(Direction.TO_CALLER)).isEqualTo(4);
        await().until(() -> proxy.open() == 0);
    }

    @Test
    void aResetOfOneSideIsOneForTheOther() throws IOException {
        Joined joined = joined();

        joined.served().setSoLinger(true, 0);
        joined.served().close();

        isReset(joined.caller());
    }

    @Test
    void aDelayedByteIsHeldBackAndArrives() throws IOException {
        Joined joined = joined();
        proxy.apply(new Fault.Delay(Duration.ofMillis(200)));
        long before = System.nanoTime();

        say(joined.caller(), "late");

        assertThat(hear(joined.served(), 4)).isEqualTo("late");
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThanOrEqualTo(Duration.ofMillis(200));
    }

    @Test
    void aBlackholeHoldsEverythingAndThenGoesOnInOrder() throws IOException {
        Joined joined = joined();
        proxy.apply(new Fault.Blackhole());

        say(joined.caller(), "abc");
        say(joined.served(), "xyz");
        joined.caller().shutdownOutput();

        hearsNothing(joined.served());
        hearsNothing(joined.caller());
        proxy.pass();
        assertThat(joined.served().getInputStream().readAllBytes()).asString().isEqualTo("abc");
        assertThat(hear(joined.caller(), 3)).isEqualTo("xyz");
    }

    @Test
    void aBlackholeOfOneDirectionLeavesTheOther() throws IOException {
        Joined joined = joined();
        proxy.apply(new Fault.Blackhole(Set.of(Direction.TO_TARGET)));

        say(joined.caller(), "there");
        say(joined.served(), "back");

        assertThat(hear(joined.caller(), 4)).isEqualTo("back");
        hearsNothing(joined.served());
    }

    @Test
    void aBlackholeTakesNoMoreThanItsBuffers() throws Exception {
        Joined joined = joined();
        proxy.apply(new Fault.Blackhole());
        Future<Long> sent = started(() -> {
            byte[] chunk = new byte[64 * 1024];
            long total = 0;
            try {
                for (int i = 0; i < 1024; i++) {
                    joined.caller().getOutputStream().write(chunk);
                    total += chunk.length;
                }
            } catch (IOException cut) {
                return total;
            }
            return total;
        });

        hearsNothing(joined.served());
        proxy.cut(Cut.RESET);

        assertThat(sent.get()).isLessThan(16 << 20);
        isReset(joined.served());
    }

    private static <T> Future<T> started(java.util.concurrent.Callable<T> work) {
        var task = new FutureTask<>(work);
        Thread.ofVirtual().start(task);
        return task;
    }

    @Test
    void aBlackholeTakesConnectionsAndJoinsThemWhenItEnds() throws IOException {
        proxy.apply(new Fault.Blackhole());
        Socket caller = caller();
        say(caller, "early");
        hearsNothing(caller);
        proxy.pass();

        Socket served = target.accept();
        opened.push(served);
        assertThat(hear(served, 5)).isEqualTo("early");
    }

    @Test
    void aResetOfTheSourceIsHiddenByABlackhole() throws IOException {
        Joined joined = joined();
        proxy.apply(new Fault.Blackhole());

        joined.served().setSoLinger(true, 0);
        joined.served().close();

        hearsNothing(joined.caller());
        proxy.pass();
        isReset(joined.caller());
    }

    @Test
    void aRefusalByTheTargetIsHiddenByABlackhole() throws IOException {
        target.close();
        proxy.apply(new Fault.Blackhole(Set.of(Direction.TO_CALLER)));
        Socket caller = caller();

        hearsNothing(caller);
        proxy.pass();
        isReset(caller);
    }

    @Test
    void aCutWithResetEndsBothSidesAndNewConnectionsWork() throws IOException {
        Joined joined = joined();

        proxy.cut(Cut.RESET);

        isReset(joined.caller());
        isReset(joined.served());
        Joined fresh = joined();
        say(fresh.caller(), "again");
        assertThat(hear(fresh.served(), 5)).isEqualTo("again");
    }

    @Test
    void aCutWithFinishIsAnOrderlyEndForBothSides() throws IOException {
        Joined joined = joined();

        proxy.cut(Cut.FINISH);

        assertThat(joined.caller().getInputStream().read()).isEqualTo(-1);
        assertThat(joined.served().getInputStream().read()).isEqualTo(-1);
        say(joined.caller(), "lost");
        joined.caller().close();
        joined.served().close();
        await().until(() -> proxy.open() == 0);
        assertThat(proxy.carried(Direction.TO_TARGET)).isZero();
    }

    /** The target's system takes a connection before the proxy knows: a cut in that moment is as orderly. */
    @Test
    void aCutWithFinishOfAConnectionThatIsNotJoinedYetIsOrderlyToo() throws IOException {
        proxy.apply(new Fault.Blackhole());
        Socket caller = caller();
        await().until(() -> proxy.open() == 1);

        proxy.cut(Cut.FINISH);
        assertThat(caller.getInputStream().read()).isEqualTo(-1);
        proxy.pass();

        try (Socket served = target.accept()) {
            assertThat(served.getInputStream().read()).isEqualTo(-1);
        }
        caller.close();
        await().until(() -> proxy.open() == 0);
    }

    @Test
    void aClosedListenerRefusesAndTheOpenConnectionsPass() throws IOException {
        Joined joined = joined();

        proxy.apply(new Fault.Refuse(Fault.Refusal.CLOSED));

        assertThatThrownBy(this::caller).isInstanceOf(ConnectException.class);
        say(joined.caller(), "still");
        assertThat(hear(joined.served(), 5)).isEqualTo("still");
        proxy.pass();
        Joined fresh = joined();
        say(fresh.caller(), "again");
        assertThat(hear(fresh.served(), 5)).isEqualTo("again");
    }

    @Test
    void aRefusalByResetTakesTheConnectionFirst() throws IOException {
        proxy.apply(new Fault.Refuse(Fault.Refusal.RESET));

        assertThatThrownBy(() -> caller().getInputStream().read()).isInstanceOf(SocketException.class);
        assertThat(proxy.accepted()).isZero();
    }

    @Test
    void aTargetThatIsNotThereIsAReset() throws IOException {
        target.close();

        assertThatThrownBy(() -> caller().getInputStream().read()).isInstanceOf(SocketException.class);
        await().until(() -> proxy.open() == 0);
    }

    @Test
    void bytesOneAtATimeAreTheSameBytes() throws Exception {
        Joined joined = joined();
        proxy.apply(new Fault.ByteAtATime());
        String text = "0123456789".repeat(50);

        say(joined.caller(), text);

        assertThat(hear(joined.served(), text.length())).isEqualTo(text);
    }

    @Test
    void aSlowLineStillCarriesAllAndPassEndsIt() throws Exception {
        Joined joined = joined();
        proxy.apply(new Fault.Bandwidth(1000));
        say(joined.caller(), "x".repeat(100_000));

        assertThat(hear(joined.served(), 100)).hasSize(100);
        assertThat(proxy.carried(Direction.TO_TARGET)).isLessThan(100_000);
        proxy.pass();
        assertThat(hear(joined.served(), 99_900)).hasSize(99_900);
    }

    @Test
    void anOutageResetsWhatIsOpenRefusesAndEndsByItself() throws Exception {
        Joined joined = joined();

        var back = proxy.outage(Duration.ofMillis(300));

        isReset(joined.caller());
        assertThatThrownBy(() -> caller().getInputStream().read()).isInstanceOf(SocketException.class);
        back.get();
        Joined fresh = joined();
        say(fresh.caller(), "again");
        assertThat(hear(fresh.served(), 5)).isEqualTo("again");
    }

    @Test
    void anotherFaultEndsAnOutageEarly() throws Exception {
        var back = proxy.outage(Duration.ofHours(1));

        proxy.pass();

        back.get();
        assertThat(joined().caller().isConnected()).isTrue();
    }

    @Test
    void closingLeavesNothing() throws IOException {
        Joined joined = joined();

        proxy.close();

        isReset(joined.caller());
        isReset(joined.served());
        assertThat(proxy.open()).isZero();
        assertThatThrownBy(this::caller).isInstanceOf(ConnectException.class);
    }
}
