package dev.telepath.harness;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Bounded load from many callers at once, against a port of the test's own. */
public final class Load {
    private Load() {}

    /**
     * What a load run saw.
     *
     * @param failed requests without a whole 200 answer of the expected text
     * @param firstFailure one of them, for messages
     * @param nanos latencies of the successful requests, sorted
     * @param elapsed nanoseconds from the first request to the last answer
     */
    public record Report(int requests, int failed, @Nullable String firstFailure, long[] nanos, long elapsed) {
        public double perSecond() {
            return nanos.length / (elapsed / 1e9);
        }

        /** A quantile in milliseconds, 0 when nothing succeeded. */
        public double quantileMillis(double q) {
            return nanos.length == 0 ? 0 : nanos[(int) Math.min(nanos.length - 1, Math.round(q * nanos.length))] / 1e6;
        }

        @Override
        public String toString() {
            return "%d requests, %d failed%s, %.0f/s, p50 %.2f ms, p99 %.2f ms"
                    .formatted(
                            requests,
                            failed,
                            firstFailure == null ? "" : " (" + firstFailure + ")",
                            perSecond(),
                            quantileMillis(0.5),
                            quantileMillis(0.99));
        }
    }

    private static final class Tally {
        private final long[] nanos;
        private final AtomicInteger count = new AtomicInteger();
        private final AtomicInteger failed = new AtomicInteger();
        private final AtomicReference<@Nullable String> first = new AtomicReference<>();
        private final long start = System.nanoTime();

        Tally(int requests) {
            nanos = new long[requests];
        }

        void succeeded(long since) {
            nanos[count.getAndIncrement()] = System.nanoTime() - since;
        }

        void failed(Throwable cause) {
            failed.incrementAndGet();
            first.compareAndSet(null, String.valueOf(cause));
        }

        Report report() {
            long elapsed = System.nanoTime() - start;
            long[] taken = Arrays.copyOf(nanos, count.get());
            Arrays.sort(taken);
            return new Report(nanos.length, failed.get(), first.get(), taken, elapsed);
        }
    }

    /**
     * HTTP/1.1 from many connections at once; all are open before the first request is sent.
     *
     * @param keepAlive each connection sends its share of the requests, else each request has a connection of its own
     * @param expected what every answer must contain
     */
    public static Report http1(int port, int connections, int requestsEach, boolean keepAlive, String expected) {
        return http1(
                InetSocketAddress.createUnresolved("127.0.0.1", port), connections, requestsEach, keepAlive, expected);
    }

    /** As the other, against a service elsewhere: one that its owner has made for it. */
    public static Report http1(
            InetSocketAddress port, int connections, int requestsEach, boolean keepAlive, String expected) {
        Tally tally = new Tally(connections * requestsEach);
        var open = new CountDownLatch(connections);
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < connections; i++) {
                callers.execute(() -> {
                    if (keepAlive) {
                        keptAlive(tally, open, port, requestsEach, expected);
                    } else {
                        open.countDown();
                        for (int n = 0; n < requestsEach; n++) {
                            single(tally, port, expected);
                        }
                    }
                });
            }
        }
        return tally.report();
    }

    private static void keptAlive(
            Tally tally, CountDownLatch open, InetSocketAddress port, int requests, String expected) {
        int left = requests;
        try (Http http = new Http(Proxy.NO_PROXY, port)) {
            open.countDown();
            open.await(30, TimeUnit.SECONDS);
            while (left > 0) {
                long since = System.nanoTime();
                check(http.get("/"), expected);
                tally.succeeded(since);
                left--;
            }
        } catch (Exception e) {
            open.countDown();
            for (int i = 0; i < left; i++) {
                tally.failed(e);
            }
        }
    }

    private static void single(Tally tally, InetSocketAddress port, String expected) {
        long since = System.nanoTime();
        try {
            try (Http http = new Http(Proxy.NO_PROXY, port)) {
                check(http.getAndClose("/"), expected);
            }
            tally.succeeded(since);
        } catch (Exception e) {
            tally.failed(e);
        }
    }

    private static void check(String body, String expected) {
        if (!body.contains(expected)) {
            throw new IllegalStateException("unexpected answer of " + body.length() + " bytes: "
                    + body.substring(0, Math.min(80, body.length())));
        }
    }

    /** HTTP/2 with prior knowledge: all requests at once as streams of one connection. */
    public static Report http2(Vertx vertx, int port, int streams, String expected) {
        HttpClientOptions options = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setHttp2MultiplexingLimit(streams)
                .setConnectTimeout(30_000);
        HttpClient client = vertx.createHttpClient(
                options, new PoolOptions().setHttp2MaxSize(1).setMaxWaitQueueSize(streams));
        Tally tally = new Tally(streams);
        var done = new CompletableFuture[streams];
        for (int i = 0; i < streams; i++) {
            long since = System.nanoTime();
            done[i] = client.request(HttpMethod.GET, port, "127.0.0.1", "/files/" + i)
                    .compose(request -> request.send())
                    .compose(response -> response.body())
                    .onSuccess(body -> {
                        synchronized (tally) {
                            if (body.toString().contains(expected)) {
                                tally.succeeded(since);
                            } else {
                                tally.failed(new IllegalStateException("unexpected answer"));
                            }
                        }
                    })
                    .onFailure(tally::failed)
                    .otherwiseEmpty()
                    .toCompletionStage()
                    .toCompletableFuture();
        }
        CompletableFuture.allOf(done)
                .orTimeout(120, TimeUnit.SECONDS)
                .exceptionally(late -> {
                    tally.failed(late);
                    return null;
                })
                .join();
        Report report = tally.report();
        client.close();
        return report;
    }
}
