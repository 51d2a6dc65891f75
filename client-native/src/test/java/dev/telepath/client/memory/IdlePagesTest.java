package dev.telepath.client.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.telepath.client.memory.FilePages.Mapping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class IdlePagesTest {
    private static final long MIB = 1L << 20;

    private static final List<String> SMAPS = """
            00400000-00405000 r--p 00000000 fe:00 12      /opt/tp
            Size:                 20 kB
            Rss:                  20 kB
            Anonymous:             4 kB
            VmFlags: rd mr mw me
            00405000-04529000 r-xp 00005000 fe:00 12      /opt/tp
            Size:              66704 kB
            Rss:               32664 kB
            Anonymous:             0 kB
            VmFlags: rd ex mr mw me
            04529000-04600000 rw-p 04124000 fe:00 12      /opt/tp
            Rss:                 800 kB
            Anonymous:             0 kB
            04600000-04700000 r--p 04124000 fe:00 12      /opt/tp
            Rss:                   0 kB
            Anonymous:             0 kB
            7f0000000000-7f0000100000 r-xp 00000000 fe:00 13      /usr/lib/tp
            Rss:                 800 kB
            Anonymous:             0 kB
            7f0000100000-7f0000200000 rw-p 00000000 00:00 0
            Rss:                 800 kB
            Anonymous:           800 kB
            """.lines().toList();

    @Test
    void whatCouldBeChangedOrIsOfAnotherFileIsLeftAlone() {
        assertThat(FilePages.unchanged(SMAPS, "/opt/tp"))
                .containsExactly(new Mapping(0x405000, 66704L << 10, 32664L << 10));
        assertThat(FilePages.unchanged(SMAPS.subList(0, 7), "/opt/tp")).isEmpty();
    }

    @Test
    void codeThatIsDroppedRunsOn() throws IOException {
        Path library =
                Path.of(System.getProperty("java.home"), "lib/server/libjvm.so").toRealPath();
        assumeTrue(Files.isReadable(Path.of("/proc/self/smaps")), "needs /proc of Linux");
        assertThat(new FilePages(library).drop()).isGreaterThan(MIB);
        System.gc();
        assertThat(new FilePages(library).drop()).as("what was used since").isPositive();
    }

    @Test
    void whatIsInMemoryIsRead() {
        assertThat(IdlePages.resident(Stream.of("VmHWM:\t   99480 kB", "VmRSS:\t   90480 kB", "RssFile:\t   69416 kB")))
                .isEqualTo(90480L << 10);
        assertThat(IdlePages.resident(Stream.of("VmHWM:\t   90480 kB"))).isZero();
    }

    @Test
    void memoryIsGivenBackOnceItIsStillAndNotAgainUntilMoreWasTaken() {
        var stillness = new Stillness();
        assertThat(stillness.look(90 * MIB)).as("it has just begun").isFalse();
        assertThat(stillness.look(109 * MIB)).as("it is not still").isFalse();
        assertThat(stillness.look(109 * MIB)).isTrue();
        assertThat(stillness.look(40 * MIB)).as("what is used comes back").isFalse();
        assertThat(stillness.look(55 * MIB)).isFalse();
        assertThat(stillness.look(55 * MIB)).isFalse();
        assertThat(stillness.look(55 * MIB)).isFalse();
        assertThat(stillness.look(57 * MIB)).as("a command ran").isFalse();
        assertThat(stillness.look(57 * MIB)).as("that is not worth it").isFalse();
        assertThat(stillness.look(63 * MIB)).isFalse();
        assertThat(stillness.look(63 * MIB)).isTrue();
    }

    @Test
    void whatHeartbeatsLeaveIsCollectedBeforeItIsMuch() {
        var stillness = new Stillness();
        stillness.look(109 * MIB);
        assertThat(stillness.look(109 * MIB)).isTrue();
        stillness.look(55 * MIB);
        stillness.look(55 * MIB);
        long resident = 55 * MIB;
        int looks = 0;
        boolean given = false;
        while (!given && looks < 100) {
            resident += 200 << 10;
            looks++;
            given = stillness.look(resident);
        }
        assertThat(given).isTrue();
        assertThat(resident).isBetween(59 * MIB, 60 * MIB);
    }
}
