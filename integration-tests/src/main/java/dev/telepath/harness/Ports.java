package dev.telepath.harness;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports for listeners that come back at the same port. */
public final class Ports {
    /** Below those that systems give to outgoing connections: while a listener is away nobody gets its port. */
    private static final int FIRST = 15_000;

    private static final int LAST = 31_999;

    private Ports() {}

    /** A port of loopback that is free now. */
    public static int lasting() {
        for (int tries = 0; tries < 200; tries++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
            try (var probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return probe.getLocalPort();
            } catch (IOException taken) {
                // Another one, then.
            }
        }
        throw new IllegalStateException("no free port between " + FIRST + " and " + LAST);
    }
}
