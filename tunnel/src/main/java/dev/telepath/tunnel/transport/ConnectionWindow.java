package dev.telepath.tunnel.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2LocalFlowController;
import io.netty.handler.codec.http2.Http2Stream;
import org.jboss.logging.Logger;

/**
 * Widens the HTTP/2 window of a connection once its peer speaks. The channel builder knows one number for the window of
 * a call and for that of the connection, so that all calls together could have no more under way than one. What a
 * stalled call holds is bounded by its own window all the same; the connection's is refilled as bytes arrive. Its TLS gathers
 * records in arrays from then on ({@link RecordBytes}).
 */
public final class ConnectionWindow extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = Logger.getLogger(ConnectionWindow.class);

    /** Bytes under way on all calls of a connection: a gigabit for 130 ms. */
    static final int BYTES = 16 * 1024 * 1024;

    ConnectionWindow() {}

    /** A socket whose window is widened. */
    static Channel channel() {
        var socket = new NioSocketChannel();
        widen(socket);
        return socket;
    }

    /** Widens the window of a connection that nothing has come by. Any thread. */
    public static void widen(Channel socket) {
        socket.pipeline().addFirst(new ConnectionWindow());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.fireChannelReadComplete();
        Http2ConnectionHandler http = ctx.pipeline().get(Http2ConnectionHandler.class);
        if (http == null || http.connection() == null || !ctx.channel().isActive()) {
            return;
        }
        ctx.pipeline().remove(this);
        RecordBytes.gather(ctx.pipeline());
        Http2LocalFlowController flow = http.connection().local().flowController();
        Http2Stream connection = http.connection().connectionStream();
        int more = BYTES - flow.initialWindowSize(connection);
        if (more > 0) {
            try {
                flow.incrementWindowSize(connection, more);
                ctx.channel().flush();
            } catch (Http2Exception e) {
                LOG.warnf("connection window stays as it is cause=\"%s\"", e.getMessage());
            }
        }
    }
}
