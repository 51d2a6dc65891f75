package dev.telepath.tunnel.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HexFormat;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class FrameCodecTest {
    @Property
    void everyFrameSurvivesTheWire(@ForAll("frames") Frame frame) {
        assertThat(FrameCodec.decode(FrameCodec.encode(frame))).isEqualTo(frame);
    }

    @Property
    void anyBytesAreAFrameOrAMalformedFrameAndNothingElse(@ForAll byte[] payload) {
        TunnelMessage message = TunnelMessage.newBuilder()
                .setPayload(ByteString.copyFrom(payload))
                .build();
        try {
            assertThat(FrameCodec.decode(message)).isNotNull();
        } catch (MalformedFrame expected) {
            assertThat(expected.getMessage()).isNotBlank();
        }
    }

    @Property
    void aStreamInfoCutAnywhereIsRefused(@ForAll("streamInfos") Frame.StreamInfo info, @ForAll int where) {
        ByteString whole = FrameCodec.encode(info).getPayload();
        int cut = 1 + Math.floorMod(where, whole.size() - 1);
        TunnelMessage message =
                TunnelMessage.newBuilder().setPayload(whole.substring(0, cut)).build();
        assertThatThrownBy(() -> FrameCodec.decode(message)).isInstanceOf(MalformedFrame.class);
    }

    @Property
    void aConnectionIdGivesBackItsParts(
            @ForAll("addresses") InetAddress source,
            @ForAll("addresses") InetAddress destination,
            @ForAll("ports") int sourcePort,
            @ForAll("ports") int destinationPort,
            @ForAll Protocol protocol) {
        ConnectionId id = ConnectionId.of(protocol, source, sourcePort, destination, destinationPort);
        ConnectionId next = ConnectionId.of(protocol, source, sourcePort ^ 1, destination, destinationPort);
        ConnectionId elsewhere = ConnectionId.of(protocol, source, sourcePort, destination, destinationPort ^ 1);
        assertThat(id.destination()).isEqualTo(next.destination()).isNotEqualTo(elsewhere.destination());
        assertThat(id.sourceAddress()).isEqualTo(source);
        assertThat(id.destinationAddress()).isEqualTo(destination);
        assertThat(id.sourcePort()).isEqualTo(sourcePort);
        assertThat(id.destinationPort()).isEqualTo(destinationPort);
        assertThat(id.protocol()).isEqualTo(protocol);
        boolean bothV4 = source.getAddress().length == 4 && destination.getAddress().length == 4;
        assertThat(id.bytes().size()).isEqualTo(bothV4 ? 13 : 37);
    }

    @Example
    void theStreamInfoOfAPeerIsReadByteForByte() throws UnknownHostException {
        // version 2, latency 100 ns, timeout 300 ns, id of 10.0.0.1:80 -> 10.0.0.2:443 TCP, session "s1"
        byte[] payload = HexFormat.of()
                .parseHex("01" + "02" + "64" + "ac02" + "0d" + "0a000001" + "0050" + "0a000002" + "01bb" + "06" + "02"
                        + "7331");
        Frame frame = FrameCodec.decode(TunnelMessage.newBuilder()
                .setPayload(ByteString.copyFrom(payload))
                .build());
        ConnectionId id = ConnectionId.of(
                Protocol.TCP, InetAddress.getByName("10.0.0.1"), 80, InetAddress.getByName("10.0.0.2"), 443);
        assertThat(frame).isEqualTo(new Frame.StreamInfo(2, Duration.ofNanos(100), Duration.ofNanos(300), id, "s1"));
        assertThat(FrameCodec.encode(frame).getPayload().toByteArray()).isEqualTo(payload);
    }

    @Example
    void aStreamViaAWorkloadSaysSoBehindWhatEveryPeerReads() throws UnknownHostException {
        ConnectionId id = ConnectionId.of(
                Protocol.TCP, InetAddress.getByName("10.0.0.1"), 80, InetAddress.getByName("10.0.0.2"), 443);
        var plain = new Frame.StreamInfo(2, Duration.ofNanos(100), Duration.ofNanos(300), id, "s1");
        var via = new Frame.StreamInfo(2, Duration.ofNanos(100), Duration.ofNanos(300), id, "s1", "web");
        ByteString wire = FrameCodec.encode(via).getPayload();
        assertThat(wire).isEqualTo(FrameCodec.encode(plain).getPayload().concat(ByteString.copyFromUtf8("via=web")));
        assertThat(FrameCodec.decode(TunnelMessage.newBuilder().setPayload(wire).build()))
                .isEqualTo(via);
        ByteString another = FrameCodec.encode(plain).getPayload().concat(ByteString.copyFromUtf8("else"));
        assertThat(FrameCodec.decode(
                        TunnelMessage.newBuilder().setPayload(another).build()))
                .isEqualTo(plain);
    }

    @Example
    void anIdOfAnotherLengthIsRefused() {
        assertThatThrownBy(() -> new ConnectionId(ByteString.copyFrom(new byte[14])))
                .isInstanceOf(MalformedFrame.class)
                .hasMessageContaining("14");
    }

    @Example
    void theSignallingIdIsKnownByItsZeros() {
        assertThat(new ConnectionId(ByteString.copyFrom(new byte[13])).isZero()).isTrue();
    }

    @Provide
    Arbitrary<InetAddress> addresses() {
        return Arbitraries.bytes()
                .array(byte[].class)
                .ofSize(4)
                .map(FrameCodecTest::address)
                .flatMap(v4 -> Arbitraries.of(true, false)
                        .flatMap(four -> four
                                ? Arbitraries.just(v4)
                                : Arbitraries.bytes()
                                        .array(byte[].class)
                                        .ofSize(16)
                                        .map(FrameCodecTest::address)));
    }

    @Provide
    Arbitrary<Integer> ports() {
        return Arbitraries.integers().between(0, 65535);
    }

    @Provide
    Arbitrary<Frame.StreamInfo> streamInfos() {
        Arbitrary<Duration> spans =
                Arbitraries.longs().between(0, Long.MAX_VALUE).map(Duration::ofNanos);
        Arbitrary<ConnectionId> ids = Combinators.combine(addresses(), addresses(), ports(), ports())
                .as((a, b, p, q) -> ConnectionId.of(Protocol.TCP, a, p, b, q));
        return Combinators.combine(
                        Arbitraries.integers().between(0, Integer.MAX_VALUE),
                        spans,
                        spans,
                        ids,
                        Arbitraries.strings().ofMaxLength(200))
                .as(Frame.StreamInfo::new)
                .filter(info -> isUtf8(info.sessionId()));
    }

    @Provide
    Arbitrary<Frame> frames() {
        Arbitrary<Frame> data = Arbitraries.bytes()
                .array(byte[].class)
                .ofMaxSize(2000)
                .map(bytes -> new Frame.Data(ByteString.copyFrom(bytes)));
        Arbitrary<Frame> plain = Arbitraries.of(
                new Frame.CloseSend(),
                new Frame.DialOk(),
                new Frame.DialReject(),
                new Frame.Disconnect(),
                new Frame.KeepAlive(),
                new Frame.StreamOk(2),
                new Frame.Unknown(200));
        Arbitrary<Frame> session = Arbitraries.strings()
                .ofMaxLength(200)
                .filter(FrameCodecTest::isUtf8)
                .map(Frame.Session::new);
        return Arbitraries.oneOf(data, plain, session, streamInfos().map(info -> info));
    }

    private static boolean isUtf8(String text) {
        return java.nio.charset.StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
