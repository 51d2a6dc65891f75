package dev.telepath.tunnel.transport;

import io.netty.channel.ChannelPipeline;
import java.net.InetSocketAddress;
import java.util.function.Consumer;

/**
 * What the connection of a channel goes through.
 *
 * @param address where the TCP connection is made to
 * @param below adds handlers below TLS and HTTP/2 at the first place of the pipeline; any thread. They hold back
 *     {@code channelActive} until bytes pass to the peer; whatever they fail with before is told by the first call
 */
public record Underlay(InetSocketAddress address, Consumer<ChannelPipeline> below) {
    /** Nothing but a TCP connection to the peer. */
    public static Underlay straight(InetSocketAddress address) {
        return new Underlay(address, pipeline -> {});
    }
}
