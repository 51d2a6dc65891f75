package dev.telepath.it.network;

import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The network between laptop and manager is gone for a while. {@link LongOutage} is the same for longer. */
@Timeout(180)
class OutageIT {
    /** Long enough not to be over by what has come ahead: windows and the buffers of sockets hold some 10 MiB of each. */
    private static final long LENGTH = 128L << 20;

    private static final long BEGUN = 8L << 20;

    @Test
    void filesOnTheirWayArriveWholeByEveryWayThoughTheNetworkIsGoneForFiveSeconds() {
        Namespace.missing().ifPresent(why -> Assumptions.abort("skipped: " + why));
        try (var world = new NearAndFar(List.of())) {
            outage(world, NearAndFar.Outage.UNPLUGGED, LENGTH, BEGUN, "6M", Duration.ofSeconds(5));
        }
    }

    /** Cuts the network in the middle of a download and an upload by every way. */
    static void outage(NearAndFar world, NearAndFar.Outage how, long length, long begun, String rate, Duration time) {
        var laptop = Laptop.of(world);
        world.connect("--network", "tun");
        var transfers = new Transfers(world, laptop.proxy(), length, rate);
        for (Transfers.Way way : Transfers.Way.values()) {
            transfers.download(way).upload(way);
        }
        transfers.awaitMiddle(begun);
        world.cut(how);
        try {
            transfers.awaitStillness(time);
        } finally {
            world.mend(how);
        }
        transfers.awaitWhole(Duration.ofMinutes(5));
        world.telepath.tp("quit", "-s").orFail();
        laptop.awaitAsBefore();
    }
}
