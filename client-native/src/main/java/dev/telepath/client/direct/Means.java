package dev.telepath.client.direct;

import dev.telepath.client.carry.ClientStreams;
import dev.telepath.client.network.OwnDevice;
import dev.telepath.client.session.Policy;
import dev.telepath.client.session.Way;
import dev.telepath.tunnel.bridge.Credit;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;

/**
 * What connections to agents are made with.
 *
 * @param streams take what agents ask for
 * @param way to the manager, which may lead to pods too
 * @param forwards whether that may be used for it
 * @param connect how long a TCP connection may take, 1 ms or more
 * @param policy of the session: its rhythm, its limits, and how long an answer may take
 */
record Means(
        ClientStreams streams,
        EventLoopGroup loops,
        Credit credit,
        Policy policy,
        Way way,
        boolean forwards,
        Duration connect,
        OwnDevice device,
        MeterRegistry metrics) {}
