package dev.telepath.bench;

import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One hop of a plain proxy in a process of its own: copies bytes between a port and another one of this machine, with
 * back-pressure, without framing and without TLS. Two of them in a row are what relayed streams are measured against.
 */
public final class PlainProxy {
    private PlainProxy() {}

    /** Starts one hop that leads to that port; its own port is announced as {@code port}. */
    static Running start(String name, Path directory, int target) {
        return Running.start(
                name,
                directory,
                List.of(
                        Program.java(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "--sun-misc-unsafe-memory-access=allow",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        PlainProxy.class.getName(),
                        String.valueOf(target)),
                Map.of());
    }

    public static void main(String[] arguments) throws InterruptedException {
        var target = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0]));
        var loops = new NioEventLoopGroup();
        Channel server = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new Accepted(target))
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        System.out.println("port=" + ((InetSocketAddress) server.localAddress()).getPort());
        server.closeFuture().sync();
    }

    @ChannelHandler.Sharable
    private static final class Accepted extends ChannelInitializer<Channel> {
        private final InetSocketAddress target;

        Accepted(InetSocketAddress target) {
            this.target = target;
        }

        @Override
        protected void initChannel(Channel caller) {
            new Bootstrap()
                    .group(caller.eventLoop())
                    .channel(NioSocketChannel.class)
                    .option(ChannelOption.AUTO_READ, false)
                    .option(ChannelOption.TCP_NODELAY, true)
                    .handler(new Copy(caller))
                    .connect(target)
                    .addListener((ChannelFutureListener) connected -> {
                        if (connected.isSuccess()) {
                            caller.pipeline().addLast(new Copy(connected.channel()));
                            caller.config().setAutoRead(true);
                            connected.channel().config().setAutoRead(true);
                        } else {
                            caller.close();
                        }
                    });
        }
    }

    private static final class Copy extends ChannelInboundHandlerAdapter {
        private final Channel to;

        Copy(Channel to) {
            this.to = to;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object bytes) {
            to.write(bytes, to.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            to.flush();
            if (!to.isWritable()) {
                ctx.channel().config().setAutoRead(false);
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (ctx.channel().isWritable()) {
                to.config().setAutoRead(true);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            to.writeAndFlush(io.netty.buffer.Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
