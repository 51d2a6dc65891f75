package dev.telepath.dns;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Name servers that are asked, such as this machine's own. A query is handed to them as it came, but for its id; no two are under way from one port. Thread-
 * safe, never blocks. Who asks bounds how many queries there are.
 */
public final class NameServers implements AutoCloseable {
    private final EventLoop loop;
    private final UdpSockets sockets;
    private final int tos;
    private final Patience patience;
    private final SecureRandom random = new SecureRandom();
    private final Set<Handover> underWay = ConcurrentHashMap.newKeySet();
    private volatile List<InetSocketAddress> servers;

    /**
     * How long is waited.
     *
     * @param again silence after which the next server is asked too
     * @param most until the query is given up
     */
    public record Patience(Duration again, Duration most) {
        /** As the resolvers of C libraries, but for the second server, which they ask later. */
        public static final Patience USUAL = new Patience(Duration.ofSeconds(1), Duration.ofSeconds(5));
    }

    /**
     * Opens nothing before it asks. The event loops are the caller's.
     *
     * @param tos IP_TOS of its sockets, so that a redirect can tell them from others'; 0 = none
     */
    public NameServers(EventLoopGroup loops, List<InetSocketAddress> servers, int tos, Patience patience) {
        this.loop = loops.next();
        this.sockets = new UdpSockets(loop, tos);
        this.servers = List.copyOf(servers);
        this.tos = tos;
        this.patience = patience;
    }

    /**
     * Asks.
     *
     * @param most bytes of the answer that are taken; where that is more than UDP carries, a cut answer is asked for by TCP
     * @return the answer as it came, under the query's id; fails when no server answers
     */
    public CompletionStage<byte[]> ask(Query query, int most) {
        List<InetSocketAddress> now = servers;
        if (now.isEmpty()) {
            return CompletableFuture.failedFuture(new IllegalStateException("no name servers are known here"));
        }
        boolean byTcpWhenCut = most > query.mostOfUdp();
        var handover = new Handover(query, now, byTcpWhenCut, tos, patience, random, sockets, loop);
        underWay.add(handover);
        CompletableFuture<byte[]> answer = handover.answer();
        answer.whenComplete((told, failure) -> underWay.remove(handover));
        handover.start();
        return answer;
    }

    /** Asks these from now on. */
    public void use(List<InetSocketAddress> now) {
        servers = List.copyOf(now);
        // The network may be another one too.
        loop.execute(sockets::forgetAll);
    }

    public List<InetSocketAddress> servers() {
        return servers;
    }

    @Override
    public void close() {
        loop.execute(sockets::close);
        underWay.forEach(
                one -> one.answer().completeExceptionally(new IllegalStateException("not connected any more")));
    }
}
