package dev.telepath.client.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class NameServerWatchTest {
    private static final List<InetSocketAddress> HOME = List.of(server("192.0.2.1"));
    private static final List<InetSocketAddress> OFFICE = List.of(server("192.0.2.2"), server("192.0.2.3"));

    private final AtomicInteger looks = new AtomicInteger();
    private final List<List<InetSocketAddress>> told = new CopyOnWriteArrayList<>();
    private volatile List<InetSocketAddress> now = HOME;

    private static InetSocketAddress server(String address) {
        return new InetSocketAddress(InetAddress.ofLiteral(address), 53);
    }

    private List<InetSocketAddress> look() {
        looks.incrementAndGet();
        return now;
    }

    private void awaitThreeLooks() {
        int before = looks.get();
        await().until(() -> looks.get() >= before + 3);
    }

    @Test
    void otherServersAreToldOnceAndTheSameNever() {
        try (var watch = new NameServerWatch(Duration.ofMillis(5), HOME, this::look, told::add)) {
            watch.start();
            awaitThreeLooks();
            assertThat(told).isEmpty();
            now = OFFICE;
            awaitThreeLooks();
            assertThat(told).containsExactly(OFFICE);
            now = HOME;
            awaitThreeLooks();
            assertThat(told).containsExactly(OFFICE, HOME);
        }
    }

    @Test
    void whoeverLooksGetsThoseOfNowAndTheyHaveBeenTold() {
        try (var watch = new NameServerWatch(Duration.ofHours(1), HOME, this::look, told::add)) {
            assertThat(watch.look()).isEqualTo(HOME);
            assertThat(told).isEmpty();
            now = OFFICE;
            assertThat(watch.look()).isEqualTo(OFFICE);
            assertThat(watch.look()).isEqualTo(OFFICE);
            assertThat(told).containsExactly(OFFICE);
        }
    }
}
