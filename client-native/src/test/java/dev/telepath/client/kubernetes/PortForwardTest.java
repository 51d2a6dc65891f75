package dev.telepath.client.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PortForwardTest {
    private static final String PATH = "/api/v1/namespaces/telepath/pods/m-0/portforward?ports=8443";
    private static final byte[] PORTS = {0, (byte) 0xFB, 0x20};

    private boolean active;

    /** The pipeline up to what would be gRPC's, which tells whether it thinks the channel active. */
    private EmbeddedChannel opened(long seed) {
        active = false;
        var channel = new EmbeddedChannel();
        channel.pipeline()
                .addLast(new PortForward(
                        "api:6443", PATH, List.of(Map.entry("authorization", "Bearer secret")), new Random(seed)))
                .addLast(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        active = true;
                        ctx.fireChannelActive();
                    }
                });
        channel.pipeline().fireChannelActive();
        return channel;
    }

    private static String text(EmbeddedChannel channel) {
        return new String(out(channel), StandardCharsets.US_ASCII);
    }

    private static byte[] out(EmbeddedChannel channel) {
        var all = new ByteArrayOutputStream();
        for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            all.writeBytes(ByteBufUtil.getBytes(next));
            next.release();
        }
        return all.toByteArray();
    }

    private static byte[] in(EmbeddedChannel channel) {
        var all = new ByteArrayOutputStream();
        for (ByteBuf next = channel.readInbound(); next != null; next = channel.readInbound()) {
            all.writeBytes(ByteBufUtil.getBytes(next));
            next.release();
        }
        return all.toByteArray();
    }

    private static byte[] agreement(String request) {
        String key = request.lines()
                .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith("sec-websocket-key:"))
                .findFirst()
                .orElseThrow()
                .substring("sec-websocket-key:".length())
                .strip();
        return ("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: "
                        + PortForward.accept(key) + "\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
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

    private static byte[] port(int channel) {
        return frame(channel, new byte[] {PORTS[1], PORTS[2]});
    }

    private static void feed(EmbeddedChannel channel, byte[] bytes, int chunk) {
        for (int at = 0; at < bytes.length; at += chunk) {
            channel.writeInbound(Unpooled.wrappedBuffer(bytes, at, Math.min(chunk, bytes.length - at)));
            channel.runPendingTasks();
        }
    }

    @Property(tries = 300)
    void bytesComeOutAsTheyWereSentHoweverTheWayCutsThem(
            @ForAll @Size(max = 20) List<@Size(max = 700) byte[]> messages,
            @ForAll @IntRange(min = 1, max = 3000) int chunk) {
        EmbeddedChannel channel = opened(chunk);
        var wire = new ByteArrayOutputStream();
        var expected = new ByteArrayOutputStream();
        wire.writeBytes(agreement(text(channel)));
        wire.writeBytes(port(0));
        wire.writeBytes(port(1));
        for (byte[] message : messages) {
            wire.writeBytes(frame(0, message));
            expected.writeBytes(message);
        }
        feed(channel, wire.toByteArray(), chunk);
        assertThat(active).isTrue();
        assertThat(in(channel)).isEqualTo(expected.toByteArray());
        assertThat(channel.isOpen()).isTrue();
        channel.finishAndReleaseAll();
    }

    @Property(tries = 300)
    void whatIsWrittenIsReadByAnyWebSocketServerAsTheSameBytes(
            @ForAll @Size(max = 20) List<@Size(max = 700) byte[]> messages, @ForAll long seed) {
        EmbeddedChannel channel = opened(seed);
        feed(channel, agreement(text(channel)), 4096);
        var expected = new ByteArrayOutputStream();
        for (byte[] message : messages) {
            channel.writeOutbound(Unpooled.copiedBuffer(message));
            expected.writeBytes(message);
        }
        var server = new EmbeddedChannel(new WebSocket13FrameDecoder(WebSocketDecoderConfig.newBuilder()
                .expectMaskedFrames(true)
                .maxFramePayloadLength(1 << 20)
                .build()));
        server.writeInbound(Unpooled.wrappedBuffer(out(channel)));
        var read = new ByteArrayOutputStream();
        for (BinaryWebSocketFrame next = server.readInbound(); next != null; next = server.readInbound()) {
            assertThat(next.content().readByte()).isZero();
            read.writeBytes(ByteBufUtil.getBytes(next.content()));
            next.release();
        }
        assertThat(read.toByteArray()).isEqualTo(expected.toByteArray());
        channel.finishAndReleaseAll();
        server.finishAndReleaseAll();
    }

    @Property(tries = 200)
    void garbageInsteadOfAnAnswerEndsTheChannelOrWaitsForMore(@ForAll @Size(max = 400) byte[] garbage) {
        EmbeddedChannel channel = opened(1);
        text(channel);
        try {
            feed(channel, garbage, 7);
        } catch (Exception expected) {
            assertThat(expected).isNotInstanceOf(NullPointerException.class);
        }
        assertThat(active).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void eventsPassButThoseOfTheApiServersTls() {
        EmbeddedChannel channel = opened(2);
        List<Object> seen = new java.util.ArrayList<>();
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                seen.add(event);
            }
        });
        channel.pipeline().fireUserEventTriggered(io.netty.handler.ssl.SslHandshakeCompletionEvent.SUCCESS);
        channel.pipeline().fireUserEventTriggered("begin");
        assertThat(seen).containsExactly("begin");
        channel.finishAndReleaseAll();
    }

    @Test
    void theRequestNamesThePodItsPortAndTheUser() {
        EmbeddedChannel channel = opened(3);
        assertThat(text(channel))
                .startsWith("GET " + PATH + " HTTP/1.1\r\n")
                .contains("sec-websocket-protocol: v4.channel.k8s.io", "authorization: Bearer secret");
        assertThat(active).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void aRefusalIsToldInTheApiServersWords() {
        EmbeddedChannel channel = opened(4);
        text(channel);
        String body =
                "{\"kind\":\"Status\",\"message\":\"pods \\\"m-0\\\" is forbidden: no portforward\",\"code\":403}";
        String answer = "HTTP/1.1 403 Forbidden\r\ncontent-length: " + body.length() + "\r\n\r\n" + body;
        assertThatThrownBy(() -> feed(channel, answer.getBytes(StandardCharsets.US_ASCII), 5))
                .isInstanceOf(PortForwardRefused.class)
                .hasMessageContaining("403")
                .hasMessageContaining("pods \"m-0\" is forbidden: no portforward")
                .extracting(refused -> ((PortForwardRefused) refused).status())
                .isEqualTo(403);
        assertThat(channel.isOpen()).isFalse();
        assertThat(active).isFalse();
    }

    @Test
    void anErrorOfTheForwardEndsTheChannelWithItsText() {
        EmbeddedChannel channel = opened(5);
        feed(channel, agreement(text(channel)), 4096);
        feed(channel, port(1), 4096);
        assertThatThrownBy(() ->
                        feed(channel, frame(1, "connection refused".getBytes(StandardCharsets.US_ASCII)), 4096))
                .hasMessageContaining("connection refused");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void aServerThatAgreesToAnotherProtocolIsNoPortForward() {
        EmbeddedChannel channel = opened(6);
        String answer = new String(agreement(text(channel)), StandardCharsets.US_ASCII)
                .replace("v4.channel.k8s.io", "SPDY/3.1+portforward.k8s.io");
        assertThatThrownBy(() -> feed(channel, answer.getBytes(StandardCharsets.US_ASCII), 4096))
                .hasMessageContaining("does not offer v4.channel.k8s.io");
        assertThat(channel.isOpen()).isFalse();
    }
}
