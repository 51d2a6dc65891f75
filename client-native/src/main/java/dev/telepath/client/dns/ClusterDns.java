package dev.telepath.client.dns;

import dev.telepath.client.config.Settings;
import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.client.session.Attachment;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** The names of one connection to a cluster, put together. Thread-safe. */
public final class ClusterDns implements AutoCloseable {
    /**
     * Asks nobody before {@link #start()} or a question.
     *
     * @param namespace the connected one
     * @param namespaces further ones whose names are the cluster's, as they are known now; must not block
     * @param network what the cluster tells of itself now; must not block
     * @param attachments the attachment as soon as there is one; waited for at most 2 s
     * @param servers this machine's own name servers; {@code dns.servers} overrides them
     * @param tos IP_TOS of sockets to those servers, so that a redirect can tell them from others'; 0 = none
     * @throws dev.telepath.client.failure.Failure of kind USAGE for a {@code dns.*} setting that cannot be read
     */
    public ClusterDns(
            Settings settings,
            String namespace,
            Supplier<Set<String>> namespaces,
            Supplier<ClusterNetwork> network,
            Supplier<CompletionStage<Attachment>> attachments,
            List<InetSocketAddress> servers,
            int tos,
            Translation translation,
            EventLoopGroup loops,
            MeterRegistry metrics) {
        throw new UnsupportedOperationException();
    }

    /** Looks, once there is an attachment, whether the cluster's DNS asks this machine. */
    public void start() {}

    /** Answers questions, whichever way they come. */
    public Resolver resolver() {
        throw new UnsupportedOperationException();
    }

    /** This machine's own name servers are others now. Nothing happens where {@code dns.servers} is set. */
    public void servers(List<InetSocketAddress> now) {}

    public DnsStatus status() {
        throw new UnsupportedOperationException();
    }

    /** Answers what is under way with SERVFAIL, and all that comes later. The event loops are the caller's. */
    @Override
    public void close() {}
}
