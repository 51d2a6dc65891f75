package dev.telepath.it.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.FarServices;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

/** Files on their way by curl, one process for each, that are compared at the end. */
final class Transfers {
    private static final Duration LOOK = Duration.ofMillis(300);

    private final NearAndFar world;
    private final String proxy;
    private final long length;
    private final String rate;
    private final List<Transfer> all = new ArrayList<>();

    /** Which way a program of the laptop takes. */
    enum Way {
        /** The device of the whole laptop. */
        TUN,
        PROXY,
        /** A network namespace of its own. */
        RUN
    }

    /**
     * One file.
     *
     * @param there how many bytes have come where they are to go
     * @param file what is sent or got
     */
    private record Transfer(String name, Running curl, LongSupplier there, Path file) {
        long bytes() {
            return there.getAsLong();
        }
    }

    /**
     * @param proxy of tp, as HOST:PORT
     * @param length bytes of each file
     * @param rate bytes a second of each, as curl has it
     */
    Transfers(NearAndFar world, String proxy, long length, String rate) {
        this.world = world;
        this.proxy = proxy;
        this.length = length;
        this.rate = rate;
    }

    Transfers download(Way way) {
        String name = "download-" + way;
        Path file = world.telepath.directory().resolve(name);
        String curl = "-o " + file + " " + Laptop.URL + "bytes/" + length;
        return start(way, name, curl, "sha256sum < " + file + " | cut -d' ' -f1", () -> size(file), file);
    }

    Transfers upload(Way way) {
        String name = "upload-" + way;
        Path sent = world.telepath.directory().resolve("sent");
        Path told = world.telepath.directory().resolve(name + ".sum");
        try {
            if (!Files.exists(sent)) {
                FarServices.write(sent, length);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        String curl = "-T " + sent + " -o " + told + " " + Laptop.URL + "sum/" + name;
        return start(way, name, curl, "cat " + told, () -> taken(name), sent);
    }

    private Transfers start(Way way, String name, String arguments, String sum, LongSupplier there, Path file) {
        List<String> line = new ArrayList<>(world.laptop.enter());
        if (way == Way.RUN) {
            line.addAll(Program.TP.command("128m"));
            line.addAll(List.of("run", "--"));
        }
        String by = way == Way.PROXY ? " -x socks5h://" + proxy + " " : " ";
        String curl = "curl -sS -m 600 --limit-rate " + rate + by + arguments;
        line.addAll(List.of("bash", "-c", curl + "; echo ended=$?; echo sum=$(" + sum + ")"));
        all.add(new Transfer(name, world.telepath.start(name, line, world.telepath.tpEnvironment("dev")), there, file));
        return this;
    }

    private static long size(Path file) {
        try {
            return Files.exists(file) ? Files.size(file) : 0;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private long taken(String name) {
        return Long.parseLong(world.cluster
                .run("curl", "-sS", "-m", "10", Laptop.URL + "taken/" + name)
                .strip());
    }

    private List<Long> bytes() {
        return all.stream().map(Transfer::bytes).toList();
    }

    /**
     * Waits until each has begun, and none is over.
     *
     * @param begun bytes of one that has
     */
    void awaitMiddle(long begun) {
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(LOOK)
                .until(() -> bytes().stream().allMatch(come -> come > begun));
        assertUnderWay();
    }

    private void assertUnderWay() {
        for (Transfer each : all) {
            assertThat(each.bytes()).as(each.name()).isLessThan(length);
            assertThat(each.curl().isAlive())
                    .as(each.name() + " " + each.curl().log())
                    .isTrue();
        }
    }

    /** Nothing comes for so long, once what was under way has come. */
    void awaitStillness(Duration most) {
        var last = new AtomicReference<List<Long>>(List.of());
        await().during(most)
                .atMost(most.plusSeconds(20))
                .pollInterval(LOOK)
                .until(() -> bytes().equals(last.getAndSet(bytes())));
        assertUnderWay();
    }

    /** Each gets so many bytes more than it has now. */
    void awaitProgress(long more, Duration most) {
        List<Long> from = bytes();
        await().atMost(most).pollInterval(LOOK).untilAsserted(() -> {
            for (int i = 0; i < from.size(); i++) {
                assertThat(all.get(i).bytes()).as(all.get(i).name()).isGreaterThan(from.get(i) + more);
            }
        });
        assertUnderWay();
    }

    /** Downloads that have not come to their end have each byte until now. */
    void assertWholeSoFar() {
        assertUnderWay();
        for (Transfer each : all) {
            assertThat(FarServices.begins(each.file(), length)).as(each.name()).isTrue();
        }
    }

    /** Each ends by itself, with every byte. */
    void awaitWhole(Duration most) {
        await().atMost(most)
                .pollInterval(LOOK)
                .until(() -> all.stream().noneMatch(each -> each.curl().isAlive()));
        String sum = FarServices.sha256(length);
        for (Transfer each : all) {
            assertThat(each.curl().announced("ended"))
                    .as(each.name() + " " + each.curl().log())
                    .isEqualTo("0");
            assertThat(each.curl().announced("sum")).as(each.name()).isEqualTo(sum);
            assertThat(each.bytes()).as(each.name()).isEqualTo(length);
        }
    }
}
