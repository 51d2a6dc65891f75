package dev.telepath.client.run;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.gateway.Gateway;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.TcpEnd;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A port of the namespace that is found on the machine's own loopback, as {@code --publish [PORT:]INSIDE} names it.
 *
 * @param outside on the machine
 * @param inside in the namespace, on its loopback
 */
public record PublishedPort(int outside, int inside) {
    private static final Pattern FORM = Pattern.compile("(?:(\\d{1,5}):)?(\\d{1,5})");

    /**
     * @throws Failure of kind USAGE
     */
    public static PublishedPort parse(String text) {
        Matcher parts = FORM.matcher(text);
        if (parts.matches()) {
            int inside = Integer.parseInt(parts.group(2));
            int outside = parts.group(1) == null ? inside : Integer.parseInt(parts.group(1));
            if (inside > 0 && inside < 65_536 && outside > 0 && outside < 65_536) {
                return new PublishedPort(outside, inside);
            }
        }
        throw new Failure(
                Kind.USAGE, "'" + text + "' names no port to publish", "--publish 8080, or --publish 9090:8080");
    }

    /**
     * Listens on the machine, until the event loops end. Blocks until it does.
     *
     * @param inside leads to the namespace's loopback
     */
    void listen(EventLoopGroup loops, Gateway inside, Credit credit) {
        var target = new InetSocketAddress(InetAddress.getLoopbackAddress(), inside());
        var binding = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        TcpEnd.configure(channel.config());
                        inside.open(Protocol.TCP, target)
                                .whenComplete((reached, failure) -> channel.eventLoop()
                                        .execute(() -> {
                                            if (reached == null) {
                                                channel.config().setOption(ChannelOption.SO_LINGER, 0);
                                                channel.close();
                                            } else {
                                                reached.join(TcpEnd.accepted(channel, credit));
                                            }
                                        }));
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), outside))
                .awaitUninterruptibly();
        if (!binding.isSuccess()) {
            throw new Failure(
                    Kind.CONFLICT,
                    "port " + outside + " cannot be published: "
                            + binding.cause().getMessage(),
                    "publish another: --publish OTHER:" + inside(),
                    binding.cause());
        }
    }
}
