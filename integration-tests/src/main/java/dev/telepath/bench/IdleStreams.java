package dev.telepath.bench;

import dev.telepath.harness.Http;
import dev.telepath.harness.ProcessMemory;
import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What open streams cost that carry nothing. Each is used once, so that all of it exists, and then left alone. The service
 * behind them can be a process of its own: the ends of 10,000 streams are more descriptors than one process may have.
 */
final class IdleStreams {
    private static final byte[] ANSWER =
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private IdleStreams() {}

    /**
     * Opens streams and closes them again.
     *
     * @param programs process ids by name
     * @return one line for each program: what it has more than before, resident and, where it can be asked, live on its heap
     */
    static List<String> measure(int port, int count, Map<String, Long> programs) throws IOException {
        Map<String, ProcessMemory> before = new TreeMap<>();
        programs.forEach((name, pid) -> before.put(name, ProcessMemory.collected(pid)));
        List<Http> open = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                Http http = new Http(port);
                open.add(http);
                http.get("/");
            }
            before.forEach((name, then) -> lines.add("%-32s %s"
                    .formatted(name, compared(then, ProcessMemory.collected(programs.getOrDefault(name, 0L)), count))));
        } finally {
            for (Http http : open) {
                http.close();
            }
        }
        return lines;
    }

    private static String compared(ProcessMemory before, ProcessMemory now, int count) {
        long resident = now.residentKib() - before.residentKib();
        long live = now.liveKib() - before.liveKib();
        return "resident %6.1f more (%.1f KiB each), %6.1f in all; live heap %6.1f more (%.1f KiB each), %6.1f in all; outside the heap %6.1f more"
                .formatted(
                        resident / 1024.0,
                        (double) resident / count,
                        now.residentKib() / 1024.0,
                        live / 1024.0,
                        (double) live / count,
                        now.liveKib() / 1024.0,
                        (now.outsideKib() - before.outsideKib()) / 1024.0);
    }

    /** Starts a service that answers anything; its port is announced as {@code port}. */
    static Running service(Path directory) {
        return Running.start(
                "idle-service",
                directory,
                List.of(
                        Program.java(),
                        "-Xmx256m",
                        "--sun-misc-unsafe-memory-access=allow",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        IdleStreams.class.getName()),
                Map.of());
    }

    public static void main(String[] arguments) throws InterruptedException {
        Channel server = new ServerBootstrap()
                .group(new NioEventLoopGroup(1))
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Answers());
                    }
                })
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        System.out.println("port=" + ((InetSocketAddress) server.localAddress()).getPort());
        server.closeFuture().sync();
    }

    @ChannelHandler.Sharable
    private static final class Answers extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object request) {
            ReferenceCountUtil.release(request);
            context.writeAndFlush(Unpooled.wrappedBuffer(ANSWER));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
