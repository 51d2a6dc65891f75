package dev.telepath.client.kubernetes;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpResponse;

/**
 * Carries the bytes of a pod's port over a connection that the API server has switched to its protocol. Stands below
 * {@link PortForward} from then on, and tells it that the channel is active once bytes pass to the pod.
 *
 * <p>Keeps nothing: what is above stops reading by its own window, and then the socket is not written by the API server
 * either. An end of either direction ends the channel. Runs on the channel's event loop; for one connection.
 */
abstract sealed class ForwardCarrier extends ChannelDuplexHandler permits SpdyCarrier, WebSocketCarrier {
    /** As the API server knows the protocol. */
    abstract String protocol();

    /**
     * What asks for it, without host and credentials.
     *
     * @param path of the pod's {@code portforward}
     * @param port of the pod, 1 to 65535
     */
    abstract FullHttpRequest request(String path, int port);

    /** Whether a response with status 101 to that request switches to it. */
    abstract boolean isAgreed(HttpResponse response);
}
