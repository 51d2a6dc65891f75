package dev.telepath.client.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class WebSocketCarrierTest {
    /** Port 8443, the low byte first. */
    private static final byte[] PORT = {(byte) 0xFB, 0x20};

    private static Forwarded asked() {
        var protocols = new ForwardProtocols(InstantSource.system());
        protocols.refused(new SpdyCarrier());
        return new Forwarded(protocols);
    }

    private static Forwarded opened() {
        Forwarded forward = asked();
        forward.feed(Forwarded.webSocket(forward.request()));
        return forward;
    }

    /** As a server sends it: unmasked. */
    private static byte[] frame(int channel, byte[] payload) {
        var frame = new ByteArrayOutputStream();
        int length = payload.length + 1;
        frame.write(0x82);
        if (length < 126) {
            frame.write(length);
        } else {
            frame.write(126);
            frame.write(length >>> 8);
            frame.write(length);
        }
        frame.write(channel);
        frame.writeBytes(payload);
        return frame.toByteArray();
    }

    @Property(tries = 300)
    void bytesComeOutAsTheyWereSentHoweverTheWayCutsThem(
            @ForAll @Size(max = 20) List<@Size(max = 700) byte[]> messages,
            @ForAll @IntRange(min = 1, max = 3000) int chunk) {
        Forwarded forward = asked();
        var wire = new ByteArrayOutputStream();
        var expected = new ByteArrayOutputStream();
        wire.writeBytes(Forwarded.webSocket(forward.request()).getBytes(StandardCharsets.US_ASCII));
        wire.writeBytes(frame(0, PORT));
        wire.writeBytes(frame(1, PORT));
        for (byte[] message : messages) {
            wire.writeBytes(frame(0, message));
            expected.writeBytes(message);
        }
        forward.feed(wire.toByteArray(), chunk);
        assertThat(forward.active).isTrue();
        assertThat(forward.came()).isEqualTo(expected.toByteArray());
        assertThat(forward.channel.isOpen()).isTrue();
        forward.channel.finishAndReleaseAll();
    }

    @Property(tries = 300)
    void whatIsWrittenIsReadByAnyWebSocketServerAsTheSameBytes(
            @ForAll @Size(max = 20) List<@Size(max = 700) byte[]> messages) {
        Forwarded forward = opened();
        var expected = new ByteArrayOutputStream();
        for (byte[] message : messages) {
            forward.channel.writeOutbound(Unpooled.copiedBuffer(message));
            expected.writeBytes(message);
        }
        var server = new EmbeddedChannel(new WebSocket13FrameDecoder(WebSocketDecoderConfig.newBuilder()
                .expectMaskedFrames(true)
                .maxFramePayloadLength(1 << 20)
                .build()));
        server.writeInbound(Unpooled.wrappedBuffer(forward.sent()));
        var read = new ByteArrayOutputStream();
        for (BinaryWebSocketFrame next = server.readInbound(); next != null; next = server.readInbound()) {
            assertThat(next.content().readByte()).isZero();
            read.writeBytes(ByteBufUtil.getBytes(next.content()));
            next.release();
        }
        assertThat(read.toByteArray()).isEqualTo(expected.toByteArray());
        forward.channel.finishAndReleaseAll();
        server.finishAndReleaseAll();
    }

    @Test
    void theRequestNamesThePodItsPortAndTheUser() {
        Forwarded forward = asked();
        assertThat(forward.request())
                .startsWith("GET " + Forwarded.PATH + "?ports=8443 HTTP/1.1\r\n")
                .contains(
                        "sec-websocket-protocol: v4.channel.k8s.io", "host: api:6443", "authorization: Bearer secret");
        assertThat(forward.active).isFalse();
        forward.channel.finishAndReleaseAll();
    }

    @Test
    void anErrorOfTheForwardEndsTheChannelWithItsText() {
        Forwarded forward = opened();
        forward.feed(frame(1, PORT), 4096);
        assertThatThrownBy(() -> forward.feed(frame(1, "connection refused".getBytes(StandardCharsets.US_ASCII)), 4096))
                .hasMessageContaining("connection refused");
        assertThat(forward.channel.isOpen()).isFalse();
    }

    @Test
    void aServerThatAgreesToAnotherProtocolIsNoPortForward() {
        Forwarded forward = asked();
        String answer =
                Forwarded.webSocket(forward.request()).replace("v4.channel.k8s.io", "SPDY/3.1+portforward.k8s.io");
        assertThatThrownBy(() -> forward.feed(answer)).hasMessageContaining("does not offer v4.channel.k8s.io");
        assertThat(forward.channel.isOpen()).isFalse();
    }
}
