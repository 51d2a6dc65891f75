package dev.telepath.client.packet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.packet.TcpConnections.Connection;
import dev.telepath.client.packet.TcpConnections.State;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TcpConnectionsTest {
    private final TcpConnections connections =
            new TcpConnections(endpoint("10.9.1.0", 0), endpoint("fd00::100", 0), 100_000);

    private static Endpoint endpoint(String address, int port) {
        try {
            return Endpoint.of(InetAddress.getByName(address), port);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static Flow flow(int port) {
        return new Flow(endpoint("10.9.0.1", port), endpoint("10.96.0.10", 80));
    }

    @Test
    void aConnectionIsFoundByItsProgramAndByItsStandIn() {
        Connection one = connections.begin(flow(1), 0).orElseThrow();
        assertThat(connections.of(flow(1))).contains(one);
        assertThat(connections.behind(one.standIn())).contains(one);
        assertThat(one.standIn().address().getHostAddress()).isEqualTo("10.9.1.0");
        assertThat(connections.of(flow(2))).isEmpty();
    }

    @Test
    void theStandInIsOfTheProgramsFamily() {
        var flow = new Flow(endpoint("fd00::1", 5), endpoint("fd00:1::2", 80));
        assertThat(connections.begin(flow, 0).orElseThrow().standIn().isIpv4()).isFalse();
    }

    @Test
    void noTwoConnectionsHaveOneStandIn() {
        Set<Endpoint> seen = new HashSet<>();
        for (int i = 0; i < 80_000; i++) {
            var flow = new Flow(endpoint("10.9.0.1", 1 + i % 60_000), endpoint("10.96.0.10", 1 + i / 60_000));
            assertThat(seen.add(connections.begin(flow, 0).orElseThrow().standIn()))
                    .isTrue();
        }
    }

    @Test
    void aStandInThatIsFreeAgainIsNotUsedAtOnce() {
        Connection one = connections.begin(flow(1), 0).orElseThrow();
        connections.remove(one);
        assertThat(connections.begin(flow(1), 0).orElseThrow().standIn()).isNotEqualTo(one.standIn());
    }

    @Test
    void aProgramsPortThatIsUsedAgainIsAnotherConnection() {
        Connection one = connections.begin(flow(1), 0).orElseThrow();
        Connection next = connections.begin(flow(1), 0).orElseThrow();
        assertThat(connections.of(flow(1))).contains(next);
        assertThat(connections.behind(one.standIn())).isEmpty();
        connections.remove(one);
        assertThat(connections.of(flow(1))).contains(next);
    }

    @Test
    void tooManyAreRefused() {
        var few = new TcpConnections(endpoint("10.9.1.0", 0), endpoint("fd00::100", 0), 2);
        assertThat(few.begin(flow(1), 0)).isPresent();
        Connection second = few.begin(flow(2), 0).orElseThrow();
        assertThat(few.begin(flow(3), 0)).isEmpty();
        few.remove(second);
        assertThat(few.begin(flow(3), 0)).isPresent();
    }

    @Test
    void stateGoesOneWayAndOldOnesAreForgotten() {
        Connection one = connections.begin(flow(1), 0).orElseThrow();
        assertThat(one.next(State.OFFERED, State.ACCEPTED, 1)).isFalse();
        assertThat(one.next(State.DIALLING, State.OFFERED, 1)).isTrue();
        assertThat(one.next(State.DIALLING, State.OVER, 2)).isFalse();
        assertThat(one.next(State.OFFERED, State.ACCEPTED, 2)).isTrue();
        connections.sweep(State.OFFERED, 0, 1000);
        assertThat(connections.size()).isEqualTo(1);
        assertThat(one.next(State.ACCEPTED, State.OVER, 100)).isTrue();
        connections.sweep(State.OVER, 50, 120);
        assertThat(connections.size()).isEqualTo(1);
        connections.sweep(State.OVER, 50, 151);
        assertThat(connections.size()).isZero();
    }
}
