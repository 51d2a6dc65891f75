package dev.telepath.harness;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A bit of everything that a program of a laptop sends to {@link FarServices}, all at once, and each answer compared: files up and
 * down, datagrams of many sizes, ports where nobody is. Prints {@code whole=yes} at its end.
 *
 * <pre>
 *   NearTraffic ADDRESS...
 * </pre>
 */
public final class NearTraffic {
    private static final int PORT = 8080;
    private static final int ECHO = 9999;
    private static final int NOBODY = 1;
    private static final int DOWN = 24 << 20;
    private static final int UP = 12 << 20;
    /** Around what fits links of 1,400, 1,500 and 65,000 bytes, and the largest that people send. */
    private static final List<Integer> SIZES = List.of(
            1, 2, 3, 8, 100, 1232, 1352, 1353, 1372, 1373, 1452, 1472, 1473, 2743, 2744, 2745, 9000, 20_001, 40_000,
            60_000);

    /** Of the device: the name server's, and one that nobody has. */
    private static final List<String> OWN = List.of("246.247.0.2", "fd74:7065:6c65::9");

    private static final int TRIES = 5;
    private static final int TIMEOUT_MILLIS = 3000;

    private NearTraffic() {}

    /** The command that runs it. */
    public static List<String> command(String... addresses) {
        List<String> line = Program.harness(NearTraffic.class, "-Xmx128m", "-XX:TieredStopAtLevel=1");
        line.addAll(List.of(addresses));
        return line;
    }

    public static void main(String... arguments) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new java.util.ArrayList<Future<?>>();
            for (String text : arguments) {
                var address = InetAddress.getByName(text);
                all.add(threads.submit(() -> down(address)));
                all.add(threads.submit(() -> up(address)));
                all.add(threads.submit(() -> datagrams(address)));
                all.add(threads.submit(() -> refused(address)));
            }
            for (String own : OWN) {
                var address = InetAddress.getByName(own);
                all.add(threads.submit(() -> refusedDatagram(address)));
            }
            for (Future<?> each : all) {
                each.get();
            }
        }
        System.out.println("whole=yes");
    }

    private static HttpURLConnection to(InetAddress address, String path) throws IOException {
        String host =
                address.getAddress().length == 4 ? address.getHostAddress() : "[" + address.getHostAddress() + "]";
        return (HttpURLConnection)
                URI.create("http://" + host + ":" + PORT + path).toURL().openConnection();
    }

    private static Object down(InetAddress address) throws IOException {
        HttpURLConnection connection = to(address, "/bytes/" + DOWN);
        try (InputStream in = connection.getInputStream()) {
            byte[] got = in.readAllBytes();
            check(Arrays.equals(got, FarServices.bytes(DOWN)), "download from " + address);
        }
        return address;
    }

    private static Object up(InetAddress address) throws IOException {
        HttpURLConnection connection = to(address, "/sum/traffic");
        connection.setRequestMethod("PUT");
        connection.setDoOutput(true);
        connection.setFixedLengthStreamingMode(UP);
        try (var out = connection.getOutputStream()) {
            out.write(FarServices.bytes(UP));
        }
        try (InputStream in = connection.getInputStream()) {
            String sum = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
            check(sum.equals(FarServices.sha256(UP)), "upload to " + address);
        }
        return address;
    }

    private static Object datagrams(InetAddress address) throws IOException {
        var random = new Random(address.hashCode());
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.connect(address, ECHO);
            for (int size : SIZES) {
                byte[] sent = new byte[size];
                random.nextBytes(sent);
                check(Arrays.equals(sent, answer(socket, sent)), "datagram of " + size + " bytes to " + address);
            }
        }
        return address;
    }

    private static byte[] answer(DatagramSocket socket, byte[] sent) throws IOException {
        for (int tries = 1; ; tries++) {
            socket.send(new DatagramPacket(sent, sent.length));
            var answer = new DatagramPacket(new byte[65_507], 65_507);
            try {
                // What comes late is the answer to an earlier try, or to an earlier datagram.
                do {
                    socket.receive(answer);
                } while (answer.getLength() != sent.length);
                return Arrays.copyOf(answer.getData(), answer.getLength());
            } catch (SocketTimeoutException e) {
                check(tries < TRIES, "no answer to " + sent.length + " bytes");
            }
        }
    }

    private static Object refused(InetAddress address) throws IOException {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, NOBODY), 10_000);
            throw new IOException("nobody listens at " + address + " port " + NOBODY + ", and it was connected");
        } catch (ConnectException asExpected) {
            // The destination said so.
        }
        return address;
    }

    /** One of the device's own addresses, where no datagram is taken. */
    private static Object refusedDatagram(InetAddress own) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.connect(own, NOBODY);
            for (int tries = 0; tries < TRIES; tries++) {
                try {
                    socket.send(new DatagramPacket(new byte[1000], 1000));
                    socket.receive(new DatagramPacket(new byte[100], 100));
                } catch (SocketTimeoutException e) {
                    continue;
                }
            }
            throw new IOException("a datagram to " + own + " port " + NOBODY + " was not refused");
        } catch (PortUnreachableException asExpected) {
            return own;
        }
    }

    private static void check(boolean holds, String what) throws IOException {
        if (!holds) {
            throw new IOException(what + ": not what it should be");
        }
    }
}
