package dev.telepath.client.session;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The addresses of a host, as this machine's resolver has them. */
public final class HostAddresses {
    /** Name servers that are away are asked for far longer, and a look-up cannot be ended. */
    private static final Duration MOST = Duration.ofSeconds(1);

    private HostAddresses() {}

    /**
     * Those of now. Blocks for a second at most where it is a name.
     *
     * @return none where the name is unknown or nobody answers in time: who dials it next is told so
     */
    public static List<InetAddress> of(String host) {
        InetAddress literal = NetUtil.createInetAddressFromIpAddressString(host);
        if (literal != null) {
            return List.of(literal);
        }
        return CompletableFuture.supplyAsync(
                        () -> lookUp(host),
                        task -> Thread.ofVirtual().name("host-addresses").start(task))
                .completeOnTimeout(List.of(), MOST.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private static List<InetAddress> lookUp(String host) {
        try {
            return List.of(InetAddress.getAllByName(host));
        } catch (UnknownHostException e) {
            return List.of();
        }
    }
}
