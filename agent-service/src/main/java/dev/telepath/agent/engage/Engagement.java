package dev.telepath.agent.engage;

import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.tunnel.filter.HttpFilter;
import dev.telepath.tunnel.filter.SpecFilter;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;

/**
 * A client's hold on a guarded port.
 *
 * @param id the manager's
 * @param clientSession whose streams they are
 * @param client as a person would say it
 * @param target where the client's edge dials
 * @param dialTimeout of that dial
 * @param latency between client and manager
 * @param wiretap true for a copy, false for a diversion
 * @param filter which requests are diverted
 */
public record Engagement(
        String id,
        String clientSession,
        String client,
        InetSocketAddress target,
        Duration dialTimeout,
        Duration latency,
        boolean wiretap,
        HttpFilter filter) {

    /**
     * @throws dev.telepath.tunnel.filter.InvalidFilter when the spec's filter cannot be used
     */
    static Engagement of(InterceptInfo info, InetSocketAddress target, Duration defaultDialTimeout) {
        InterceptSpec spec = info.getSpec();
        return new Engagement(
                info.getId(),
                info.getClientSession().getSessionId(),
                spec.getClient(),
                target,
                spec.getDialTimeout() > 0 ? Duration.ofNanos(spec.getDialTimeout()) : defaultDialTimeout,
                Duration.ofNanos(Math.max(0, spec.getRoundtripLatency())),
                spec.getWiretap(),
                SpecFilter.of(spec));
    }

    /** The target of a spec; empty when it is no address, because only the client could resolve it. */
    static Optional<InetSocketAddress> target(InterceptSpec spec) {
        String host = spec.getTargetHost().strip();
        int port = spec.getTargetPort();
        if (port < 1 || port > 65535) {
            return Optional.empty();
        }
        if (host.isEmpty() || host.equals("localhost")) {
            return Optional.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }
        byte[] address = NetUtil.createByteArrayFromIpAddressString(host);
        if (address == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new InetSocketAddress(InetAddress.getByAddress(address), port));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }
}
