package dev.telepath.client.run;

import dev.telepath.client.gateway.GatewayClient;
import dev.telepath.client.gateway.GatewayServer;
import dev.telepath.tunnel.bridge.Credit;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.util.List;

/** Published ports, on both sides of the namespace's border. They meet at a socket in a private folder. */
public final class Ports {
    private static final String SOCKET = "in.sock";
    private static final int MOST_CONNECTIONS = 4096;

    private Ports() {}

    /** In the namespace: takes what comes over the border to its loopback. Blocks until it does. */
    public static GatewayServer admit(Path scratch, EventLoopGroup loops, Credit credit) {
        return GatewayServer.listen(
                scratch.resolve(SOCKET), loops, new Loopback(loops, credit), credit, MOST_CONNECTIONS);
    }

    /**
     * On the machine: listens at the ports until the event loops end. Blocks until it does.
     *
     * @throws dev.telepath.client.failure.Failure of kind CONFLICT when a port is taken
     */
    public static void publish(List<PublishedPort> ports, Path scratch, EventLoopGroup loops, Credit credit) {
        var inside = new GatewayClient(scratch.resolve(SOCKET), loops, credit, address -> false);
        ports.forEach(port -> port.listen(loops, inside, credit));
    }
}
