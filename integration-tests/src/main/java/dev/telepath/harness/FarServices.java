package dev.telepath.harness;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * What lies in the cluster of a test that has one in a network namespace. A program of its own, since a JVM is in one namespace.
 *
 * <pre>
 *   FarServices ADDRESS,... NAME-SERVER=ANSWER,...
 *     http://ADDRESS:8080/                "hello from " and the address that was called
 *     http://ADDRESS:8080/bytes/N         N bytes, as fast as they are taken
 *     http://ADDRESS:8080/slow/N          the same at some 6 MB/s
 *     POST http://ADDRESS:8080/take       takes what is sent
 *     PUT http://ADDRESS:8080/sum/NAME    takes what is sent; its SHA-256
 *     http://ADDRESS:8080/taken/NAME      how many bytes of that have come
 *     udp ADDRESS:9999, NAME-SERVER:9999  sends back
 *     udp NAME-SERVER:53                  ANSWER, whatever is asked
 * </pre>
 */
public final class FarServices {
    /** What any name is answered with that is not the cluster's. */
    public static final String OTHER = "203.0.113.7";
    /** The same, at the second name server. */
    public static final String ANOTHER = "203.0.113.8";

    private static final int CHUNK = 64 * 1024;
    private static final int PAUSE_MILLIS = 10;
    private static final int ECHO_PORT = 9999;
    private static final int DNS_PORT = 53;

    private static final Map<String, AtomicLong> TAKEN = new ConcurrentHashMap<>();

    private FarServices() {}

    /**
     * The command that runs it.
     *
     * @param addresses where it serves
     * @param nameServers and what they answer with
     */
    public static List<String> command(List<String> addresses, Map<String, String> nameServers) {
        List<String> line = Program.harness(FarServices.class, "-Xmx256m", "-XX:TieredStopAtLevel=1");
        line.add(String.join(",", addresses));
        line.add(nameServers.entrySet().stream().map(Object::toString).collect(Collectors.joining(",")));
        return line;
    }

    public static void main(String... arguments) throws IOException {
        // The connection that many requests come by is kept as long as they do.
        System.setProperty("sun.net.httpserver.idleInterval", "600");
        System.setProperty("sun.net.httpserver.maxIdleConnections", "20000");
        HttpServer http = HttpServer.create(new InetSocketAddress(8080), 4096);
        http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        http.createContext("/", FarServices::answer);
        http.start();
        for (String address : arguments[0].split(",", 0)) {
            serve(new InetSocketAddress(address, ECHO_PORT), asked -> asked);
        }
        for (String each : arguments[1].split(",", 0)) {
            String[] server = each.split("=", 2);
            serve(new InetSocketAddress(server[0], ECHO_PORT), asked -> asked);
            byte[] answer = InetAddress.getByName(server[1]).getAddress();
            serve(new InetSocketAddress(server[0], DNS_PORT), asked -> name(asked, answer));
        }
        System.out.println("ready=yes");
    }

    private static void answer(HttpExchange exchange) throws IOException {
        String[] path = exchange.getRequestURI().getPath().split("/");
        if (path.length > 2 && path[1].equals("sum")) {
            say(exchange, sum(exchange.getRequestBody(), TAKEN.computeIfAbsent(path[2], any -> new AtomicLong())));
            return;
        }
        exchange.getRequestBody().transferTo(OutputStream.nullOutputStream());
        if (path.length < 3) {
            say(
                    exchange,
                    "hello from " + exchange.getLocalAddress().getAddress().getHostAddress());
            return;
        }
        if (path[1].equals("taken")) {
            say(exchange, String.valueOf(TAKEN.getOrDefault(path[2], new AtomicLong())));
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

    private static void say(HttpExchange exchange, String text) throws IOException {
        byte[] line = (text + "\n").getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, line.length);
        exchange.getResponseBody().write(line);
        exchange.close();
    }

    private static String sum(InputStream sent, AtomicLong taken) throws IOException {
        MessageDigest digest = digest();
        byte[] buffer = new byte[CHUNK];
        for (int read = sent.read(buffer); read >= 0; read = sent.read(buffer)) {
            digest.update(buffer, 0, read);
            taken.addAndGet(read);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
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
        MessageDigest digest = digest();
        for (long at = 0; at < length; at += CHUNK) {
            digest.update(chunk(at, length));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Whether a file is the beginning of so many bytes of it. */
    public static boolean begins(Path file, long length) {
        try (InputStream in = Files.newInputStream(file)) {
            for (long at = 0; at < length; at += CHUNK) {
                byte[] there = in.readNBytes(CHUNK);
                if (Arrays.mismatch(there, 0, there.length, chunk(at, length), 0, there.length) >= 0) {
                    return false;
                }
                if (there.length < CHUNK) {
                    return true;
                }
            }
            return in.read() < 0;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** So many bytes of it. */
    static byte[] bytes(int length) {
        var out = new ByteArrayOutputStream(length);
        for (long at = 0; at < length; at += CHUNK) {
            out.writeBytes(chunk(at, length));
        }
        return out.toByteArray();
    }

    /** Writes so many bytes of it into a file, for an upload. */
    public static void write(Path file, long length) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long at = 0; at < length; at += CHUNK) {
                out.write(chunk(at, length));
            }
        }
    }

    /** What a datagram is answered with. */
    private interface Answering {
        byte[] answer(byte[] asked) throws IOException;
    }

    private static void serve(InetSocketAddress at, Answering answering) {
        Thread.ofPlatform().start(() -> answerDatagrams(at, answering));
    }

    private static void answerDatagrams(InetSocketAddress at, Answering answering) {
        try (var socket = new DatagramSocket(at)) {
            while (true) {
                var packet = new DatagramPacket(new byte[65_507], 65_507);
                socket.receive(packet);
                byte[] asked = Arrays.copyOf(packet.getData(), packet.getLength());
                byte[] answer = answering.answer(asked);
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        } catch (IOException e) {
            System.err.println(at + ": " + e);
        }
    }

    /** One record, for a question of any type but AAAA. */
    private static byte[] name(byte[] asked, byte[] told) {
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
            System.arraycopy(told, 0, answer, end + record.length, 4);
        }
        return answer;
    }
}
