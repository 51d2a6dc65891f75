package dev.telepath.tunnel.net;

import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Dials TCP destinations as stream ends. Thread-safe. */
public final class Dialer {
    private final EventLoopGroup loops;

    public Dialer(EventLoopGroup loops) {
        this.loops = loops;
    }

    /**
     * Dials.
     *
     * @param timeout how long the handshake may take, at least a millisecond
     * @return the end; fails with {@link StreamFailure.DialRefused} or {@link StreamFailure.DialTimedOut}
     */
    public CompletionStage<TcpEnd> dial(InetSocketAddress destination, Duration timeout, Credit credit) {
        var result = new CompletableFuture<TcpEnd>();
        int millis = (int) Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE);
        ChannelFuture connecting = new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis)
                .option(ChannelOption.AUTO_READ, false)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        TcpEnd.configure(channel.config());
                    }
                })
                .connect(destination);
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                result.complete(TcpEnd.dialled(connecting.channel(), credit));
            } else {
                result.completeExceptionally(failure(destination, timeout, done.cause()));
            }
        });
        return result;
    }

    private static StreamFailure failure(InetSocketAddress destination, Duration timeout, Throwable cause) {
        String where = destination.getHostString() + ":" + destination.getPort();
        if (cause instanceof ConnectTimeoutException) {
            return new StreamFailure.DialTimedOut(where + " did not answer within " + timeout.toMillis() + " ms");
        }
        return new StreamFailure.DialRefused(where + ": " + cause.getMessage());
    }
}
