package dev.telepath.bench;

import dev.telepath.harness.Metrics;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Downloads over several TCP streams at once, and the CPU time that the processes in between use for it.
 *
 * @param mibPerSecond of all streams together
 * @param cpuPerGib seconds of CPU for a GiB, by name of the process
 */
record Throughput(double mibPerSecond, Map<String, Double> cpuPerGib) {
    private static final double GIB = 1L << 30;
    private static final int MOST_ROUNDS = 8;

    /**
     * Measures as often as the programs get faster by it: their just-in-time compilers use more time than they do for the
     * first gigabytes. Programs without one are measured twice.
     *
     * @param port answers {@code GET /bytes/N}
     * @param processes ids by name
     * @return the first measurement that costs the processes no less than nine tenths of the one before, or the last of
     *     {@link #MOST_ROUNDS}
     */
    static Throughput measure(int port, int streams, long bytesEach, Map<String, Long> processes) throws Exception {
        Throughput last = round(port, streams, bytesEach, processes);
        for (int round = 1; round < MOST_ROUNDS; round++) {
            Throughput next = round(port, streams, bytesEach, processes);
            boolean warm = next.cpuOfAll() >= 0.9 * last.cpuOfAll();
            last = next;
            if (warm) {
                break;
            }
        }
        return last;
    }

    private static Throughput round(int port, int streams, long bytesEach, Map<String, Long> processes)
            throws Exception {
        Map<String, Long> before = cpu(processes);
        double rate = download(Proxy.NO_PROXY, port, streams, bytesEach);
        Map<String, Long> after = cpu(processes);
        Map<String, Double> used = new TreeMap<>();
        after.forEach((name, millis) ->
                used.put(name, (millis - before.getOrDefault(name, millis)) / 1000.0 / (streams * bytesEach / GIB)));
        return new Throughput(rate, used);
    }

    double cpuOfAll() {
        return cpuPerGib.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    @Override
    public String toString() {
        var text = new StringBuilder("%.0f MiB/s".formatted(mibPerSecond));
        if (!cpuPerGib.isEmpty()) {
            text.append(", CPU s per GiB %.1f =".formatted(cpuOfAll()));
            cpuPerGib.forEach((name, seconds) -> text.append(" %s %.1f".formatted(name, seconds)));
        }
        return text.toString();
    }

    /** Milliseconds of CPU time of each until now, by name. */
    static Map<String, Long> cpu(Map<String, Long> processes) {
        Map<String, Long> millis = new TreeMap<>();
        processes.forEach((name, pid) -> millis.put(name, Metrics.cpuMillis(pid)));
        return millis;
    }

    /**
     * Downloads once.
     *
     * @param by what the connections go through
     * @return MiB/s of all streams together
     */
    static double download(Proxy by, int port, int streams, long bytesEach) throws Exception {
        long start = System.nanoTime();
        List<Thread> readers = new ArrayList<>();
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < streams; i++) {
            readers.add(Thread.ofPlatform().start(() -> {
                try {
                    drain(by, port, bytesEach);
                } catch (IOException e) {
                    failures.add(e);
                }
            }));
        }
        for (Thread reader : readers) {
            reader.join();
        }
        if (!failures.isEmpty()) {
            throw new IllegalStateException(
                    failures.size() + " of " + streams + " downloads failed", failures.getFirst());
        }
        return streams * bytesEach / 1048576.0 / ((System.nanoTime() - start) / 1e9);
    }

    private static void drain(Proxy by, int port, long bytes) throws IOException {
        try (var socket = new Socket(by)) {
            socket.connect(new InetSocketAddress("127.0.0.1", port));
            socket.getOutputStream()
                    .write(("GET /bytes/" + bytes + " HTTP/1.1\r\nHost: sample\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            byte[] buffer = new byte[64 * 1024];
            long read = 0;
            for (int n = socket.getInputStream().read(buffer);
                    n > 0;
                    n = socket.getInputStream().read(buffer)) {
                read += n;
            }
            if (read < bytes) {
                throw new IOException("the download ended after " + read + " of " + bytes + " bytes");
            }
        }
    }
}
