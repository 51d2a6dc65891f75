package dev.telepath.manager.legacy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2Headers;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Lets calls through whose {@code :authority} names no host. Clients of Telepresence put the target of their
 * port-forward there ({@code svc/traffic-manager.NAMESPACE:api}), and the HTTP server resets what it cannot parse. Nothing
 * here reads the authority. Confined to the event loop of its connection.
 */
final class AnyAuthority extends Http2FrameListenerDecorator {
    private static final String STAND_IN = "traffic-manager";

    private AnyAuthority(Http2FrameListener next) {
        super(next);
    }

    /** Before the connection's first frame is read. */
    static void allow(HttpConnection connection) {
        if (!(connection instanceof ConnectionBase base)) {
            return;
        }
        Http2ConnectionHandler handler = base.channel().pipeline().get(Http2ConnectionHandler.class);
        if (handler != null) {
            Http2ConnectionDecoder decoder = handler.decoder();
            decoder.frameListener(new AnyAuthority(decoder.frameListener()));
        }
    }

    @Override
    public void onHeadersRead(ChannelHandlerContext context, int stream, Http2Headers headers, int padding, boolean end)
            throws Http2Exception {
        super.onHeadersRead(context, stream, parseable(headers), padding, end);
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext context,
            int stream,
            Http2Headers headers,
            int dependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean end)
            throws Http2Exception {
        super.onHeadersRead(context, stream, parseable(headers), dependency, weight, exclusive, padding, end);
    }

    private static Http2Headers parseable(Http2Headers headers) {
        CharSequence authority = headers.authority();
        if (authority != null && HostAndPort.parseAuthority(authority.toString(), -1) == null) {
            headers.authority(STAND_IN);
        }
        return headers;
    }
}
