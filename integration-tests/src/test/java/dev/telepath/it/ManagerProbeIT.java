package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.harness.Installation;
import dev.telepath.harness.fault.Fault;
import dev.telepath.harness.fault.FaultProxy;
import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerProbe;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.time.Duration;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** What a client finds out of an address before it says anything there. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
@NullUnmarked
class ManagerProbeIT {
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Duration LONG = Duration.ofSeconds(20);

    private Installation telepath;
    private String ours;

    @BeforeAll
    void start() throws IOException {
        telepath = Installation.temporary().init();
        telepath.startManager();
        ours = JoinToken.parse(Files.readString(telepath.tokenFile("client-token")))
                .caFingerprint();
    }

    @AfterAll
    void stop() {
        telepath.close();
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @Test
    void aManagerOfThatAuthorityAnswers() {
        assertThat(ManagerProbe.answers(local(telepath.managerPort()), ours, LONG, LONG))
                .isTrue();
    }

    @Test
    void aManagerOfAnotherAuthorityDoesNot() {
        String other = ours.replace(ours.charAt(0), ours.charAt(0) == 'a' ? 'b' : 'a');
        assertThat(ManagerProbe.answers(local(telepath.managerPort()), other, LONG, LONG))
                .isFalse();
    }

    @Test
    void aPortWhereNobodyListensDoesNot() throws IOException {
        int port;
        try (var free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        assertThat(ManagerProbe.answers(local(port), ours, LONG, LONG)).isFalse();
    }

    @Test
    void whoTakesTheConnectionAndSaysNothingIsLeftInTime() throws IOException {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            long began = System.nanoTime();
            assertThat(ManagerProbe.answers(local(silent.getLocalPort()), ours, LONG, SHORT))
                    .isFalse();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isBetween(SHORT, LONG);
        }
    }

    @Test
    void whoseAnswerTricklesIsLeftInTime() {
        try (var slow = FaultProxy.before(telepath.managerPort())) {
            slow.apply(new Fault.Bandwidth(200));
            long began = System.nanoTime();
            assertThat(ManagerProbe.answers(local(slow.port()), ours, LONG, SHORT))
                    .isFalse();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isBetween(SHORT, LONG);
        }
    }
}
