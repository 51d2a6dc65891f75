package dev.telepath.manager.direct;

import static dev.telepath.manager.session.Arrived.AGENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.Arrived;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.Settings;
import dev.telepath.protocol.v1.AgentListener;
import dev.telepath.tunnel.direct.TicketKey;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListenersTest {
    private final Sessions sessions = new Sessions(new Settings(100), () -> Instant.EPOCH);
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Listeners listeners = new Listeners(meters);
    private final AgentSession agent = sessions.arrive(AGENT, Arrived.agent("web"));
    private final TicketKey key = TicketKey.random();
    private final AtomicInteger changes = new AtomicInteger();

    @BeforeEach
    void count() {
        listeners.changes().listen(changes::incrementAndGet);
    }

    private AgentListener.Builder told(String address) {
        return AgentListener.newBuilder()
                .setSessionId(agent.id())
                .setAddress(bytes(address))
                .setPort(4222)
                .setFingerprint(ByteString.copyFrom(new byte[32]))
                .setTicketKey(key.secret());
    }

    private static ByteString bytes(String address) {
        try {
            return ByteString.copyFrom(InetAddress.getByName(address).getAddress());
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private double gauge() {
        return meters.get("telepath.direct.listeners").gauge().value();
    }

    private void assertRefused(AgentListener.Builder told, String message) {
        assertThatThrownBy(() -> listeners.put(agent, told.build()))
                .hasMessageStartingWith("INVALID_ARGUMENT: ")
                .hasMessageContaining(message);
        assertThat(listeners.of(agent)).isEmpty();
        assertThat(changes).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.1.2.3", "127.0.0.1", "::1", "fd00::17"})
    void anAddressOfOneMachineIsKept(String address) {
        listeners.put(agent, told(address).build());

        Listener kept = listeners.of(agent).orElseThrow();
        assertThat(kept.address()).isEqualTo(bytes(address));
        assertThat(kept.port()).isEqualTo(4222);
        assertThat(kept.key().secret()).isEqualTo(key.secret());
        assertThat(gauge()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 65536})
    void aPortOfTheLoopbackThatCannotBeIsRefused(int port) {
        assertRefused(told("10.1.2.3").setLoopbackPort(port), "of the loopback is out of range");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"})
    void anAddressOfNoneOrManyIsRefused(String address) {
        assertRefused(told(address), "is not that of one machine");
    }

    @Test
    void anAddressInTheFormOfTheOtherFamilyIsJudgedAndKeptAsWhatItIs() {
        ByteString prefix = ByteString.copyFrom(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1});
        assertRefused(told("::1").setAddress(prefix.concat(bytes("224.0.0.1"))), "address 224.0.0.1 is not");

        listeners.put(
                agent, told("::1").setAddress(prefix.concat(bytes("10.1.2.3"))).build());

        assertThat(listeners.of(agent).orElseThrow().address()).isEqualTo(bytes("10.1.2.3"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 5, 15, 17, 1000})
    void anAddressOfAnotherLengthIsRefused(int length) {
        assertRefused(
                told("10.1.2.3").setAddress(ByteString.copyFrom(new byte[length])),
                "an address has 4 or 16 bytes, not " + length);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 65536, Integer.MAX_VALUE})
    void aPortOutOfRangeIsRefused(int port) {
        assertRefused(told("10.1.2.3").setPort(port), "port " + port + " is out of range");
    }

    @Test
    void aFingerprintAndAKeyOfAnotherLengthAreRefusedAndTheKeyIsNotRepeated() {
        assertRefused(told("10.1.2.3").clearFingerprint(), "a fingerprint has 32 bytes, not 0");
        assertRefused(told("10.1.2.3").clearTicketKey(), "a ticket key has 32 bytes, not 0");
        assertThatThrownBy(() -> listeners.put(
                        agent,
                        told("10.1.2.3")
                                .setTicketKey(ByteString.copyFromUtf8("secret"))
                                .build()))
                .hasMessage("INVALID_ARGUMENT: a ticket key has 32 bytes, not 6");
    }

    @Test
    void theLastWordCountsAndPortZeroTakesItBack() {
        listeners.put(agent, told("10.1.2.3").build());
        listeners.put(agent, told("10.1.2.4").setPort(4223).build());
        assertThat(listeners.of(agent).orElseThrow().port()).isEqualTo(4223);
        assertThatThrownBy(
                () -> listeners.put(agent, told("10.1.2.5").setPort(-1).build()));
        assertThat(listeners.of(agent).orElseThrow().port()).isEqualTo(4223);

        listeners.put(agent, AgentListener.getDefaultInstance());

        assertThat(listeners.of(agent)).isEmpty();
        assertThat(gauge()).isZero();
        listeners.put(agent, told("10.1.2.3").build());
        assertThat(listeners.of(agent)).isPresent();
        assertThat(changes).hasValue(4);
    }

    @Test
    void theEndOfTheSessionIsTheEndOfWhatItSaid() {
        listeners.put(agent, told("10.1.2.3").build());

        sessions.depart(AGENT, agent.id());

        assertThat(listeners.of(agent)).isEmpty();
        assertThat(gauge()).isZero();
        assertThat(changes).hasValue(2);
        listeners.put(agent, told("10.1.2.3").build());
        assertThat(listeners.of(agent)).as("said too late").isEmpty();
    }

    @Test
    void anAgentThatTakesTheIdOfAnEarlierOneHasSaidNothing() {
        var info = Arrived.agent("web").toBuilder().setPodUid("uid").build();
        AgentSession before = sessions.arrive(AGENT, info);
        listeners.put(before, told("10.1.2.3").build());

        AgentSession after = sessions.arrive(AGENT, info);

        assertThat(after.id()).isEqualTo(before.id());
        assertThat(listeners.of(after)).isEmpty();
        listeners.put(before, told("10.1.2.3").build());
        assertThat(listeners.of(after)).isEmpty();
    }

    @Test
    void whatIsKeptDoesNotShowTheKey() {
        listeners.put(agent, told("10.1.2.3").build());

        assertThat(listeners.of(agent).orElseThrow().toString()).contains("TicketKey[secret]");
    }
}
