package dev.telepath.client.packet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PacketTest {
    private static final int SYN = 2;
    private static final int ACK = 16;

    /** Both ends of a connection, of one family. */
    record Ends(InetAddress from, int fromPort, InetAddress to, int toPort) {
        Endpoint source() {
            return Endpoint.of(from, fromPort);
        }

        Endpoint destination() {
            return Endpoint.of(to, toPort);
        }
    }

    @Provide
    static Arbitrary<Ends> ends() {
        Arbitrary<Integer> port = Arbitraries.integers().between(1, 65_535);
        return Arbitraries.of(4, 16).flatMap(size -> {
            Arbitrary<InetAddress> address = Arbitraries.bytes()
                    .array(byte[].class)
                    .ofSize(size)
                    .map(PacketTest::inet)
                    .filter(any -> any.getAddress().length == size);
            return Combinators.combine(address, port, address, port).as(Ends::new);
        });
    }

    private static InetAddress inet(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static Packet read(ByteBuffer bytes) {
        var packet = new Packet();
        assertThat(packet.read(bytes)).isTrue();
        return packet;
    }

    @Property
    void aSegmentSaysWhereItIsFromAndGoesTo(@ForAll("ends") Ends ends, @ForAll @Size(max = 300) byte[] data) {
        Packet packet = read(Raw.tcp(ends.from(), ends.fromPort(), ends.to(), ends.toPort(), SYN, new byte[4], data));
        assertThat(packet.source()).isEqualTo(ends.source());
        assertThat(packet.destination()).isEqualTo(ends.destination());
        assertThat(packet.source().address()).isEqualTo(ends.from());
        assertThat(packet.isSyn()).isTrue();
    }

    @Property
    void aRewrittenSegmentIsTheOneThatWouldHaveBeenSentBetweenTheOthers(
            @ForAll("ends") Ends before, @ForAll("ends") Ends after, @ForAll @Size(max = 300) byte[] data) {
        net.jqwik.api.Assume.that(
                before.from().getAddress().length == after.from().getAddress().length);
        ByteBuffer bytes =
                Raw.tcp(before.from(), before.fromPort(), before.to(), before.toPort(), ACK, new byte[8], data);
        Packet packet = read(bytes);
        packet.rewriteTcp(after.source(), after.destination());
        ByteBuffer wanted = Raw.tcp(after.from(), after.fromPort(), after.to(), after.toPort(), ACK, new byte[8], data);
        assertThat(Raw.isSound(bytes)).isTrue();
        // A sum of 0 and one of 0xffff say the same; which one it is depends on the way.
        assertThat(withoutSums(bytes)).isEqualTo(withoutSums(wanted));
    }

    private static byte[] withoutSums(ByteBuffer packet) {
        byte[] bytes = Raw.bytes(packet);
        boolean ipv4 = bytes[0] >>> 4 == 4;
        int transport = ipv4 ? 20 : 40;
        bytes[transport + 16] = 0;
        bytes[transport + 17] = 0;
        if (ipv4) {
            bytes[10] = 0;
            bytes[11] = 0;
        }
        return bytes;
    }

    @Property
    void aRewrittenSegmentRewrittenBackIsWhatItWas(
            @ForAll("ends") Ends before, @ForAll("ends") Ends after, @ForAll @Size(max = 100) byte[] data) {
        net.jqwik.api.Assume.that(
                before.from().getAddress().length == after.from().getAddress().length);
        ByteBuffer bytes =
                Raw.tcp(before.from(), before.fromPort(), before.to(), before.toPort(), ACK, new byte[0], data);
        byte[] was = withoutSums(bytes);
        Packet packet = read(bytes);
        packet.rewriteTcp(after.source(), after.destination());
        packet.rewriteTcp(before.source(), before.destination());
        assertThat(withoutSums(bytes)).isEqualTo(was);
        assertThat(Raw.isSound(bytes)).isTrue();
    }

    @Property
    void aPacketWithOptionsIsRewrittenBehindThem(
            @ForAll("ends") Ends ends, @ForAll @IntRange(min = 1, max = 10) int words) {
        net.jqwik.api.Assume.that(ends.from().getAddress().length == 4);
        byte[] segment = new byte[20];
        segment[12] = 0x50;
        byte[] options = new byte[words * 4];
        Arrays.fill(options, (byte) 1);
        ByteBuffer bytes = Raw.ip(ends.from(), ends.to(), Packet.TCP, segment, 16, options);
        Packet packet = read(bytes);
        packet.rewriteTcp(ends.destination(), ends.source());
        assertThat(Raw.isSound(bytes)).isTrue();
    }

    @Property
    void noBytesMakeItFail(@ForAll @Size(max = 200) byte[] any, @ForAll boolean ipv4) {
        if (any.length > 0) {
            any[0] = (byte) (ipv4 ? 0x45 : 0x60);
        }
        var packet = new Packet();
        var reassembly = new Reassembly();
        assertThatCode(() -> {
                    if (packet.read(ByteBuffer.wrap(any))) {
                        packet.source();
                        packet.destination();
                        if (packet.isFragment()) {
                            reassembly.add(packet, 0);
                        } else if (packet.protocol() == Packet.TCP) {
                            Answers.reset(packet);
                        } else if (packet.protocol() == Packet.UDP) {
                            packet.udpPayload();
                            Answers.portUnreachable(packet);
                        } else if (packet.isEchoRequest()) {
                            Answers.echo(packet);
                        }
                    }
                })
                .doesNotThrowAnyException();
    }

    @Property
    void aDatagramIsReadAsItWasMade(@ForAll("ends") Ends ends, @ForAll @Size(max = 300) byte[] payload) {
        var flow = new Flow(ends.source(), ends.destination());
        List<ByteBuffer> made = Answers.datagram(flow, payload, 1500, 1);
        assertThat(made).hasSize(1);
        assertThat(Raw.isSound(made.getFirst())).isTrue();
        Packet packet = read(made.getFirst());
        assertThat(packet.source()).isEqualTo(ends.source());
        assertThat(packet.destination()).isEqualTo(ends.destination());
        assertThat(packet.udpPayload()).isEqualTo(payload);
    }

    @Property(tries = 200)
    void aDatagramTooLargeForTheLinkIsMadeWholeAgainWhateverTheOrder(
            @ForAll("ends") Ends ends,
            @ForAll @IntRange(min = 1400, max = 65_507) int size,
            @ForAll @IntRange(min = 1280, max = 9000) int mtu,
            @ForAll long seed) {
        byte[] payload = new byte[size];
        new java.util.Random(seed).nextBytes(payload);
        List<ByteBuffer> parts = new java.util.ArrayList<>(
                Answers.datagram(new Flow(ends.source(), ends.destination()), payload, mtu, 7));
        net.jqwik.api.Assume.that(parts.size() > 1);
        java.util.Collections.shuffle(parts, new java.util.Random(seed));
        var reassembly = new Reassembly();
        Optional<ByteBuffer> whole = Optional.empty();
        for (ByteBuffer part : parts) {
            assertThat(part.limit()).isLessThanOrEqualTo(mtu);
            assertThat(whole).isEmpty();
            Packet packet = read(part);
            assertThat(packet.isFragment()).isTrue();
            whole = reassembly.add(packet, 0);
        }
        assertThat(whole).isPresent();
        assertThat(Raw.isSound(whole.orElseThrow())).isTrue();
        assertThat(read(whole.orElseThrow()).udpPayload()).isEqualTo(payload);
    }

    @Test
    void partsThatOverlapAreNotMadeWhole() throws UnknownHostException {
        var flow = new Flow(
                Endpoint.of(InetAddress.getByName("10.0.0.1"), 1), Endpoint.of(InetAddress.getByName("10.0.0.2"), 2));
        List<ByteBuffer> parts = Answers.datagram(flow, new byte[4000], 1500, 9);
        List<ByteBuffer> others = Answers.datagram(flow, new byte[4000], 1280, 9);
        var reassembly = new Reassembly();
        assertThat(reassembly.add(read(parts.get(0)), 0)).isEmpty();
        assertThat(reassembly.add(read(others.get(1)), 0)).isEmpty();
        assertThat(reassembly.add(read(parts.get(1)), 0)).isEmpty();
        assertThat(reassembly.add(read(parts.get(2)), 0)).isEmpty();
    }

    @Test
    void partsOfWhichSomeNeverCameAreForgotten() throws UnknownHostException {
        var flow = new Flow(
                Endpoint.of(InetAddress.getByName("10.0.0.1"), 1), Endpoint.of(InetAddress.getByName("10.0.0.2"), 2));
        List<ByteBuffer> parts = Answers.datagram(flow, new byte[2000], 1500, 9);
        var reassembly = new Reassembly();
        assertThat(reassembly.add(read(parts.get(0)), 0)).isEmpty();
        assertThat(reassembly.add(read(parts.get(1)), 16_000_000_000L)).isEmpty();
        assertThat(reassembly.add(read(parts.get(0)), 16_000_000_001L)).isPresent();
    }

    @Property
    void anEchoHasTheRequestsContentAndTheOtherDirection(
            @ForAll("ends") Ends ends, @ForAll @Size(max = 100) byte[] data) {
        ByteBuffer request = Raw.echo(ends.from(), ends.to(), data);
        Packet packet = read(request);
        assertThat(packet.isEchoRequest()).isTrue();
        ByteBuffer reply = Answers.echo(packet);
        assertThat(Raw.isSound(reply)).isTrue();
        assertThat(read(reply).source().address()).isEqualTo(ends.to());
        assertThat(read(reply).isEchoRequest()).isFalse();
        int header = ends.from().getAddress().length == 4 ? 20 : 40;
        assertThat(Arrays.copyOfRange(Raw.bytes(reply), header + 4, reply.limit()))
                .isEqualTo(Arrays.copyOfRange(Raw.bytes(request), header + 4, request.limit()));
    }

    @Property
    void aRefusalIsSoundAndAcknowledgesWhatItRefuses(@ForAll("ends") Ends ends) {
        Packet syn =
                read(Raw.tcp(ends.from(), ends.fromPort(), ends.to(), ends.toPort(), SYN, new byte[4], new byte[0]));
        ByteBuffer reset = Answers.reset(syn);
        assertThat(Raw.isSound(reset)).isTrue();
        Packet packet = read(reset);
        assertThat(packet.isRst()).isTrue();
        assertThat(packet.source()).isEqualTo(ends.destination());
        assertThat(packet.tcpAcknowledgement()).isEqualTo(0x01020304 + 1);
    }

    @Property
    void theWordThatNobodyTakesDatagramsQuotesThem(@ForAll("ends") Ends ends, @ForAll @Size(max = 900) byte[] data) {
        Packet packet = read(Raw.udp(ends.from(), ends.fromPort(), ends.to(), ends.toPort(), data));
        ByteBuffer word = Answers.portUnreachable(packet);
        assertThat(Raw.isSound(word)).isTrue();
        int header = ends.from().getAddress().length == 4 ? 28 : 48;
        int quoted = word.limit() - header;
        assertThat(Arrays.copyOfRange(Raw.bytes(word), header, word.limit()))
                .isEqualTo(Arrays.copyOf(Raw.bytes(packet.bytes()), quoted));
        assertThat(word.limit()).isLessThanOrEqualTo(576);
    }
}
