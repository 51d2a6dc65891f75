package dev.telepath.client.kubernetes;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** The pipeline of a port-forward up to what would be gRPC's, fed and read as bytes. */
final class Forwarded {
    static final String PATH = "/api/v1/namespaces/telepath/pods/m-0/portforward";
    static final int PORT = 8443;

    final EmbeddedChannel channel = new EmbeddedChannel();
    /** Whether what is above thinks that bytes pass. */
    boolean active;

    Forwarded(ForwardProtocols protocols) {
        channel.pipeline()
                .addLast(new PortForward(
                        "api:6443", PATH, PORT, List.of(Map.entry("authorization", "Bearer secret")), protocols))
                .addLast(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        active = true;
                        ctx.fireChannelActive();
                    }
                });
        channel.pipeline().fireChannelActive();
    }

    /** What it has sent since it was asked the last time. */
    byte[] sent() {
        var all = new ByteArrayOutputStream();
        for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            all.writeBytes(ByteBufUtil.getBytes(next));
            next.release();
        }
        return all.toByteArray();
    }

    String request() {
        return new String(sent(), StandardCharsets.US_ASCII);
    }

    /** What came out above. */
    byte[] came() {
        var all = new ByteArrayOutputStream();
        for (ByteBuf next = channel.readInbound(); next != null; next = channel.readInbound()) {
            all.writeBytes(ByteBufUtil.getBytes(next));
            next.release();
        }
        return all.toByteArray();
    }

    void feed(byte[] bytes, int chunk) {
        for (int at = 0; at < bytes.length; at += chunk) {
            channel.writeInbound(Unpooled.wrappedBuffer(bytes, at, Math.min(chunk, bytes.length - at)));
            channel.runPendingTasks();
        }
    }

    void feed(String text) {
        feed(text.getBytes(StandardCharsets.US_ASCII), 4096);
    }

    /** What an API server answers that agrees to SPDY. */
    static String spdy() {
        return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                + "X-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n";
    }

    /** What it answers to a request for WebSockets. */
    static String webSocket(String request) {
        String key = request.lines()
                .filter(line -> line.startsWith("sec-websocket-key:"))
                .findFirst()
                .orElseThrow()
                .substring("sec-websocket-key:".length())
                .strip();
        return "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                + "sec-websocket-accept: " + WebSocketCarrier.accept(key)
                + "\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n";
    }

    static String refusal(int status, String message, String connection) {
        String body = "{\"kind\":\"Status\",\"message\":\"" + message + "\",\"code\":" + status + "}";
        return "HTTP/1.1 " + status + " No\r\nconnection: " + connection + "\r\ncontent-length: " + body.length()
                + "\r\n\r\n" + body;
    }
}
