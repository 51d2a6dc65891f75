package dev.telepath.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class AwaitCommandTest {
    private static int awaited(int port, String... more) {
        var arguments = new ArrayList<>(List.of(more));
        arguments.add(String.valueOf(port));
        return new CommandLine(new AwaitCommand()).execute(arguments.toArray(String[]::new));
    }

    @Test
    void endsWhenTheAgentSaysThatItForwards() throws IOException {
        var asked = new AtomicInteger();
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/q/health/ready", exchange -> {
            exchange.sendResponseHeaders(asked.incrementAndGet() < 3 ? 503 : 200, -1);
            exchange.close();
        });
        server.start();
        try {
            assertThat(awaited(server.getAddress().getPort())).isZero();
            assertThat(asked).hasValue(3);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void failsWhenNobodyAnswersInTime() throws IOException {
        int port;
        try (var free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        assertThat(awaited(port, "--most", "0")).isOne();
    }
}
