package dev.telepath.it.kubernetes;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** The developer's process on this machine: an HTTP service that says so. */
final class LocalProcess implements AutoCloseable {
    static final String TEXT = "the local process";

    private final HttpServer server;

    private LocalProcess(HttpServer server) {
        this.server = server;
    }

    static LocalProcess start() throws IOException {
        return start(TEXT);
    }

    /**
     * @param text its answer to every request
     */
    static LocalProcess start(String text) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        return new LocalProcess(server);
    }

    int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
