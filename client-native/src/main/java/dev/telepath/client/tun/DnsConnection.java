package dev.telepath.client.tun;

import dev.telepath.client.dns.DnsOverTcp;
import dev.telepath.client.gateway.Gateway;
import io.netty.channel.Channel;
import java.time.Duration;

/** A program's TCP connection to the name server of the device. */
final class DnsConnection {
    /** RFC 7766 section 6.2.3 leaves it to the server; resolvers of C libraries close at once. */
    private static final Duration IDLE = Duration.ofSeconds(30);

    private DnsConnection() {}

    /** Answers what comes. Before the channel is registered. */
    static void serve(Channel channel, Gateway gateway) {
        channel.pipeline().addLast(new DnsOverTcp(gateway::resolve, IDLE));
    }
}
