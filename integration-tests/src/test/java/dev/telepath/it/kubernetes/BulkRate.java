package dev.telepath.it.kubernetes;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;

/** How fast bytes in bulk come to this process. */
final class BulkRate {
    /** As many as a quarter of that come first, uncounted: connections and windows grow. */
    private static final long BYTES = 512L * 1024 * 1024;

    private static final double MEGA = 1e6;

    private BulkRate() {}

    /** The SOCKS proxy of a daemon. Names are resolved by it. */
    static Proxy proxy(int port) {
        return new Proxy(Proxy.Type.SOCKS, new InetSocketAddress("127.0.0.1", port));
    }

    /**
     * @param path up to the number of bytes, which is put behind it
     * @return MB/s, 10<sup>6</sup> bytes
     */
    static double measure(Proxy by, String path) throws IOException {
        fetch(by, path, BYTES / 4);
        long began = System.nanoTime();
        fetch(by, path, BYTES);
        return BYTES / MEGA / ((System.nanoTime() - began) / 1e9);
    }

    private static void fetch(Proxy by, String path, long bytes) throws IOException {
        byte[] buffer = new byte[64 * 1024];
        long got = 0;
        try (InputStream in =
                URI.create(path + bytes).toURL().openConnection(by).getInputStream()) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                got += n;
            }
        }
        if (got != bytes) {
            throw new IOException(path + ": " + got + " of " + bytes + " bytes came");
        }
    }
}
