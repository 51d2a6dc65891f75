package dev.telepath.tunnel.reconnect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class SurroundingsTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    @TempDir
    Path folder;

    private final AtomicReference<Set<InetAddress>> addresses = new AtomicReference<>(Set.of());
    private final AtomicInteger looks = new AtomicInteger();
    private final AtomicInteger networkChanges = new AtomicInteger();
    private final AtomicInteger tokenChanges = new AtomicInteger();
    private Path token;
    private Surroundings surroundings;

    @BeforeEach
    void start() throws IOException {
        token = Files.writeString(folder.resolve("token"), "one");
        surroundings = new Surroundings(
                Duration.ofMillis(5),
                () -> {
                    looks.incrementAndGet();
                    return addresses.get();
                },
                Optional.of(token),
                networkChanges::incrementAndGet,
                tokenChanges::incrementAndGet);
        surroundings.start();
        await().until(() -> looks.get() >= 3);
    }

    @AfterEach
    void stop() {
        surroundings.close();
    }

    @Test
    void nothingIsToldWhileNothingChanges() {
        assertThat(networkChanges).hasValue(0);
        assertThat(tokenChanges).hasValue(0);
    }

    @Test
    void everyChangeOfAddressesIsToldOnce() {
        addresses.set(Set.of(LOOPBACK));
        await().until(() -> networkChanges.get() == 1);
        int before = looks.get();
        await().until(() -> looks.get() >= before + 3);
        assertThat(networkChanges).hasValue(1);
        addresses.set(Set.of());
        await().until(() -> networkChanges.get() == 2);
        assertThat(tokenChanges).hasValue(0);
    }

    @Test
    void aTokenFileThatIsWrittenAgainIsTold() throws IOException {
        Files.setLastModifiedTime(token, FileTime.fromMillis(1_000_000));
        await().until(() -> tokenChanges.get() == 1);
        assertThat(networkChanges).hasValue(0);
    }

    @Test
    void whatIsClosedLooksNoMore() {
        surroundings.close();
        await().until(() -> {
            int before = looks.get();
            await().pollDelay(Duration.ofMillis(50)).until(() -> true);
            return looks.get() == before;
        });
    }
}
