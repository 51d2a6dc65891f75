package dev.telepath.agent.dial;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** Resolves a host without blocking the caller: addresses at once, names on a thread of the executor. Thread-safe. */
public final class Destinations {
    private final Executor blocking;

    /**
     * @param blocking may block
     */
    public Destinations(Executor blocking) {
        this.blocking = blocking;
    }

    /**
     * @return completes with a resolved address; fails with {@link UnknownHostException}
     */
    public CompletionStage<InetSocketAddress> resolve(String host, int port) {
        byte[] address = NetUtil.createByteArrayFromIpAddressString(host);
        if (address != null) {
            try {
                return CompletableFuture.completedFuture(
                        new InetSocketAddress(InetAddress.getByAddress(address), port));
            } catch (UnknownHostException e) {
                return CompletableFuture.failedFuture(e);
            }
        }
        var result = new CompletableFuture<InetSocketAddress>();
        blocking.execute(() -> {
            try {
                result.complete(new InetSocketAddress(InetAddress.getByName(host), port));
            } catch (UnknownHostException e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }
}
