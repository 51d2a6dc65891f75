package dev.telepath.harness;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * What lies in the cluster of a test that has one in a network namespace. A program of its own, since a JVM is in one namespace.
 *
 * <pre>
 *   FarServices ADDRESS NAME-SERVER
 *     http://ADDRESS:8080/           "hello from " and the caller's address
 *     http://ADDRESS:8080/bytes/N    N bytes, as fast as they are taken
 *     http://ADDRESS:8080/slow/N     the same at some 6 MB/s
 *     POST http://ADDRESS:8080/take  takes what is sent
 *     udp ADDRESS:9999               sends back, at NAME-SERVER:9999 too
 *     udp NAME-SERVER:53             203.0.113.7, whatever is asked
 * </pre>
 */
public final class FarServices {
    /** What any name is answered with that is not the cluster's. */
    public static final String OTHER = "203.0.113.7";

    private static final int CHUNK = 64 * 1024;
    private static final int PAUSE_MILLIS = 10;

    private FarServices() {}

    /** The command that runs it. */
    public static List<String> command(String address, String nameServer) {
        return List.of(
                Program.java(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                Program.root().resolve("integration-tests/target/classes").toString(),
                FarServices.class.getName(),
                address,
                nameServer);
    }

    public static void main(String... arguments) throws IOException {
        var address = InetAddress.getByName(arguments[0]);
        // The connection that many requests come by is kept as long as they do.
        System.setProperty("sun.net.httpserver.idleInterval", "600");
        System.setProperty("sun.net.httpserver.maxIdleConnections", "20000");
        HttpServer http = HttpServer.create(new InetSocketAddress(8080), 4096);
        http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        http.createContext("/", FarServices::answer);
        http.start();
        Thread.ofPlatform().start(() -> answerDatagrams(new InetSocketAddress(address, 9999), false));
        Thread.ofPlatform().start(() -> answerDatagrams(new InetSocketAddress(arguments[1], 9999), false));
        Thread.ofPlatform().start(() -> answerDatagrams(new InetSocketAddress(arguments[1], 53), true));
        System.out.println("ready=yes");
    }

    private static void answer(HttpExchange exchange) throws IOException {
        exchange.getRequestBody().transferTo(OutputStream.nullOutputStream());
        String[] path = exchange.getRequestURI().getPath().split("/");
        if (path.length < 3) {
            byte[] hello = ("hello from "
                            + exchange.getLocalAddress().getAddress().getHostAddress() + "\n")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, hello.length);
            exchange.getResponseBody().write(hello);
            exchange.close();
            return;
        }
        long length = Long.parseLong(path[2]);
        exchange.sendResponseHeaders(200, length);
        try (OutputStream body = exchange.getResponseBody()) {
            for (long at = 0; at < length; at += CHUNK) {
                body.write(chunk(at, length));
                if (path[1].equals("slow")) {
                    body.flush();
                    TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static byte[] chunk(long at, long length) {
        byte[] bytes = new byte[(int) Math.min(CHUNK, length - at)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (at / CHUNK * 31 + i * 7);
        }
        return bytes;
    }

    /** What sha256sum says of so many bytes of it. */
    public static String sha256(long length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (long at = 0; at < length; at += CHUNK) {
                digest.update(chunk(at, length));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void answerDatagrams(InetSocketAddress at, boolean names) {
        try (var socket = new DatagramSocket(at)) {
            while (true) {
                var packet = new DatagramPacket(new byte[65_507], 65_507);
                socket.receive(packet);
                byte[] asked = Arrays.copyOf(packet.getData(), packet.getLength());
                byte[] answer = names ? name(asked) : asked;
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        } catch (IOException e) {
            System.err.println(at + ": " + e);
        }
    }

    /** One record, for a question of any type but AAAA. */
    private static byte[] name(byte[] asked) throws IOException {
        int end = 12;
        while (asked[end] != 0) {
            end += 1 + asked[end];
        }
        end += 5;
        boolean address = asked[end - 3] == 1;
        byte[] answer = Arrays.copyOf(asked, address ? end + 16 : end);
        answer[2] = (byte) 0x81;
        answer[3] = (byte) 0x80;
        Arrays.fill(answer, 6, 12, (byte) 0);
        if (address) {
            answer[7] = 1;
            byte[] record = {(byte) 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4};
            System.arraycopy(record, 0, answer, end, record.length);
            System.arraycopy(InetAddress.getByName(OTHER).getAddress(), 0, answer, end + record.length, 4);
        }
        return answer;
    }
}
