package dev.telepath.harness;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A small HTTP service (HTTP/1.1, HTTP/2 clear text) that says who answers. Plays the workload, and the developer's
 * local process.
 *
 * <pre>
 *   /              "hello from NAME", or the body sent
 *   /bytes/N       N bytes
 *   /files/I       a small file whose content names I
 *   /echo          the body sent, as it comes, with the header "served-by: NAME"
 *   a WebSocket    each text with "NAME:" in front
 * </pre>
 */
public final class SampleService implements AutoCloseable {
    private static final Buffer CHUNK = Buffer.buffer(new byte[16 * 1024]);

    private final HttpServer server;
    private final String name;
    private final AtomicLong requests = new AtomicLong();

    private SampleService(Vertx vertx, String name, int port) {
        this.name = name;
        HttpServerOptions options = new HttpServerOptions()
                .setHost("127.0.0.1")
                .setPort(port)
                .setAcceptBacklog(4096)
                .setHttp2ClearTextEnabled(true)
                .setIdleTimeout(0)
                .setHandle100ContinueAutomatically(true)
                .setHttp2RstFloodMaxRstFramePerWindow(1_000_000);
        options.getInitialSettings().setMaxConcurrentStreams(100_000);
        this.server = vertx.createHttpServer(options)
                .webSocketHandler(
                        socket -> socket.textMessageHandler(text -> socket.writeTextMessage(name + ":" + text)))
                .requestHandler(this::answer);
    }

    /** Starts one; port 0 lets the system choose. */
    public static SampleService start(Vertx vertx, String name, int port) {
        var service = new SampleService(vertx, name, port);
        service.server.listen().toCompletionStage().toCompletableFuture().join();
        return service;
    }

    private void answer(HttpServerRequest request) {
        requests.incrementAndGet();
        HttpServerResponse response = request.response();
        String path = request.path();
        if (path.startsWith("/bytes/")) {
            stream(response, Long.parseLong(path.substring("/bytes/".length())));
        } else if (path.startsWith("/echo")) {
            response.putHeader("served-by", name);
            if (request.version() != HttpVersion.HTTP_2) {
                response.setChunked(true);
            }
            request.pipeTo(response);
        } else if (path.startsWith("/files/")) {
            response.end("file " + path.substring("/files/".length()) + " of " + name + "\n");
        } else {
            request.body()
                    .onSuccess(body ->
                            response.end(body.length() > 0 ? body : Buffer.buffer("hello from " + name + "\n")));
        }
    }

    private static void stream(HttpServerResponse response, long bytes) {
        response.putHeader("content-length", String.valueOf(bytes));
        send(response, bytes);
    }

    private static void send(HttpServerResponse response, long rest) {
        long left = rest;
        while (left > 0) {
            if (response.writeQueueFull()) {
                long then = left;
                response.drainHandler(ready -> send(response, then));
                return;
            }
            int size = (int) Math.min(left, CHUNK.length());
            response.write(size == CHUNK.length() ? CHUNK : CHUNK.slice(0, size));
            left -= size;
        }
        response.end();
    }

    public int port() {
        return server.actualPort();
    }

    public String name() {
        return name;
    }

    /** Requests answered so far. */
    public long requests() {
        return requests.get();
    }

    @Override
    public void close() {
        server.close().toCompletionStage().toCompletableFuture().join();
    }
}
