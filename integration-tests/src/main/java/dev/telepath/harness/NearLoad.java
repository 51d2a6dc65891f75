package dev.telepath.harness;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What a program of a laptop sees of {@link FarServices}: a program of its own, since a JVM is in one namespace. Prints
 * {@code name=value} lines; sockets alone, so that nothing of a client library is measured.
 *
 * <pre>
 *   NearLoad ADDRESS [quick] [tcp]      tcp: nothing but connections, for ways that carry no datagrams
 * </pre>
 */
public final class NearLoad {
    private static final int PORT = 8080;
    private static final int ECHO = 9999;
    private static final int TIMEOUT_MILLIS = 30_000;

    private final InetSocketAddress to;
    private final int scale;

    private NearLoad(InetAddress address, int scale) {
        this.to = new InetSocketAddress(address, PORT);
        this.scale = scale;
    }

    /** The command that runs it. */
    public static List<String> command(String address, boolean quick, boolean datagrams) {
        List<String> line = Program.harness(NearLoad.class, "-Xmx768m", "-XX:+UseSerialGC");
        line.add(address);
        if (quick) {
            line.add("quick");
        }
        if (!datagrams) {
            line.add("tcp");
        }
        return line;
    }

    public static void main(String... arguments) throws Exception {
        List<String> options = List.of(arguments);
        var load = new NearLoad(InetAddress.getByName(arguments[0]), options.contains("quick") ? 4 : 1);
        load.keptAlive("warm", 2000);
        load.keptAlive("kept", 4000);
        load.newEach(1000);
        if (!options.contains("tcp")) {
            load.datagrams(2000);
            load.name("name", "shop.default.svc.cluster.local", 2000);
            load.name("other-name", "www.example.com", 2000);
        }
        load.download(256L << 20);
        load.upload(128L << 20);
        load.many("many-kept", 1000, 5, false);
        load.many("many-new", 1000, 3, true);
        load.many("most-open", 5000, 1, false);
    }

    /** One connection and what it reads by. */
    private record Open(Socket socket, InputStream in, OutputStream out) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            socket.close();
        }

        static Open to(InetSocketAddress address) throws IOException {
            var socket = new Socket();
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.connect(address, TIMEOUT_MILLIS);
            return new Open(
                    socket, new BufferedInputStream(socket.getInputStream(), 1 << 16), socket.getOutputStream());
        }

        /** A small request and its whole answer. */
        void ask() throws IOException {
            out.write("GET / HTTP/1.1\r\nHost: far\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            byte[] body = new byte[(int) head()];
            if (in.readNBytes(body, 0, body.length) != body.length
                    || !new String(body, StandardCharsets.US_ASCII).startsWith("hello from")) {
                throw new IOException("another answer");
            }
        }

        /** Reads the head of an answer; its length. */
        long head() throws IOException {
            var head = new ByteArrayOutputStream();
            while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
                int next = in.read();
                if (next < 0) {
                    throw new IOException("ended in the head");
                }
                head.write(next);
            }
            String text = head.toString(StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
            if (!text.startsWith("http/1.1 200")) {
                throw new IOException(text);
            }
            int at = text.indexOf("content-length:") + "content-length:".length();
            return Long.parseLong(text.substring(at, text.indexOf('\r', at)).strip());
        }
    }

    private static void print(String name, Object value) {
        System.out.println(name + "=" + value);
    }

    private static void median(String name, long[] nanos) {
        Arrays.sort(nanos);
        print(name + "-p50-us", nanos[nanos.length / 2] / 1000);
        print(name + "-p99-us", nanos[nanos.length * 99 / 100] / 1000);
    }

    private void keptAlive(String name, int requests) throws IOException {
        long[] nanos = new long[requests / scale];
        try (Open open = Open.to(to)) {
            for (int i = 0; i < nanos.length; i++) {
                long began = System.nanoTime();
                open.ask();
                nanos[i] = System.nanoTime() - began;
            }
        }
        median(name, nanos);
    }

    private void newEach(int requests) throws IOException {
        long[] nanos = new long[requests / scale];
        for (int i = 0; i < nanos.length; i++) {
            long began = System.nanoTime();
            try (Open open = Open.to(to)) {
                open.ask();
            }
            nanos[i] = System.nanoTime() - began;
        }
        median("new", nanos);
    }

    private void datagrams(int count) throws IOException {
        long[] nanos = new long[count / scale];
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(5000);
            socket.connect(to.getAddress(), ECHO);
            for (int i = 0; i < nanos.length; i++) {
                long began = System.nanoTime();
                socket.send(new DatagramPacket(new byte[64], 64));
                socket.receive(new DatagramPacket(new byte[64], 64));
                nanos[i] = System.nanoTime() - began;
            }
        }
        median("udp", nanos);
    }

    /** A name at the name server that programs here are told of. */
    private void name(String figure, String name, int count) throws IOException {
        String server = Files.readAllLines(Path.of("/etc/resolv.conf")).stream()
                .filter(line -> line.startsWith("nameserver "))
                .findFirst()
                .orElseThrow()
                .substring("nameserver ".length())
                .strip();
        var question = new ByteArrayOutputStream();
        question.write(new byte[] {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        for (String label : name.split("\\.", 0)) {
            question.write(label.length());
            question.write(label.getBytes(StandardCharsets.US_ASCII));
        }
        question.write(new byte[] {0, 0, 1, 0, 1});
        byte[] bytes = question.toByteArray();
        long[] nanos = new long[count / scale];
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(5000);
            socket.connect(InetAddress.getByName(server), 53);
            for (int i = 0; i < nanos.length; i++) {
                bytes[0] = (byte) (i >> 8);
                bytes[1] = (byte) i;
                long began = System.nanoTime();
                socket.send(new DatagramPacket(bytes, bytes.length));
                socket.receive(new DatagramPacket(new byte[512], 512));
                nanos[i] = System.nanoTime() - began;
            }
        }
        median(figure, nanos);
    }

    private void download(long bytes) throws IOException {
        long length = bytes / scale;
        try (Open open = Open.to(to)) {
            long began = System.nanoTime();
            open.out()
                    .write(("GET /bytes/" + length + " HTTP/1.1\r\nHost: far\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            if (open.head() != length) {
                throw new IOException("another length");
            }
            byte[] buffer = new byte[1 << 16];
            for (long left = length; left > 0; ) {
                int read = open.in().read(buffer);
                if (read < 0) {
                    throw new IOException("cut " + left + " bytes before its end");
                }
                left -= read;
            }
            print("down-mb-s", rate(length, began));
        }
    }

    private void upload(long bytes) throws IOException {
        long length = bytes / scale;
        try (Open open = Open.to(to)) {
            long began = System.nanoTime();
            open.out()
                    .write(("POST / HTTP/1.1\r\nHost: far\r\nContent-Length: " + length + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            byte[] buffer = new byte[1 << 16];
            for (long left = length; left > 0; left -= buffer.length) {
                open.out().write(buffer, 0, (int) Math.min(buffer.length, left));
            }
            open.head();
            print("up-mb-s", rate(length, began));
        }
    }

    private static long rate(long bytes, long began) {
        return Math.round(bytes / 1e6 / ((System.nanoTime() - began) / 1e9));
    }

    /**
     * Many connections at once, all of which are open before the first asks.
     *
     * @param fresh whether each request has a connection of its own
     */
    private void many(String name, int connections, int requests, boolean fresh) throws InterruptedException {
        int count = connections / scale;
        var opened = new CountDownLatch(count);
        var failures = new ArrayList<String>();
        long began = System.nanoTime();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                all.add(threads.submit(() -> one(opened, requests, fresh)));
            }
            for (Future<?> each : all) {
                try {
                    each.get();
                } catch (ExecutionException e) {
                    failures.add(String.valueOf(e.getCause()));
                }
            }
        }
        print(
                name + "-failed",
                failures.size() + " of " + count + (failures.isEmpty() ? "" : " " + failures.getFirst()));
        print(name + "-seconds", String.format(Locale.ROOT, "%.1f", (System.nanoTime() - began) / 1e9));
    }

    private Void one(CountDownLatch opened, int requests, boolean fresh) throws IOException, InterruptedException {
        try (Open open = first(opened)) {
            opened.await();
            open.ask();
            for (int i = 1; i < requests && !fresh; i++) {
                open.ask();
            }
        }
        for (int i = 1; i < requests && fresh; i++) {
            try (Open next = Open.to(to)) {
                next.ask();
            }
        }
        return null;
    }

    private Open first(CountDownLatch opened) throws IOException {
        try {
            return Open.to(to);
        } finally {
            opened.countDown();
        }
    }
}
