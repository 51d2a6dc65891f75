package dev.telepath.client.daemon;

import dev.telepath.client.dns.Resolver;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jboss.logging.Logger;

/**
 * A resolver that knows names that nobody else can: a question for one that was sent to a name server of this machine has come here if
 * that very answer comes back. Thread-safe.
 */
final class NameProbe implements Resolver {
    private static final Logger LOG = Logger.getLogger(NameProbe.class);
    private static final int MILLIS = 300;
    private static final int TRIES = 3;
    /** Until a name server that asks others has to have the answer from here. */
    private static final long MOST_NANOS = Duration.ofSeconds(1).toNanos();

    private static final int BETWEEN_MILLIS = 25;
    private static final int PORT = 53;
    private static final int HEADER = 12;
    private static final int TYPE_AND_CLASS = 4;
    private static final int REFUSED = 5;
    /** For documentation (RFC 5737), so nobody takes it for a host. */
    private static final byte[] ADDRESS = {(byte) 192, 0, 2, 53};
    /** One address, of the name that was asked, which nobody may keep. */
    private static final byte[] RECORD = {(byte) 0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4};

    private final Resolver behind;
    private final byte[] label;
    private final AtomicInteger asked = new AtomicInteger();

    /** What became of a test question. */
    enum Outcome {
        /** It came here, and was answered. */
        CAME_BACK,
        /** Nobody answered, or somebody else. */
        STRAYED,
        /** The server is out of reach, so that no program's question reaches it either. */
        NOT_SENT
    }

    NameProbe(Resolver behind) {
        byte[] random = new byte[12];
        new SecureRandom().nextBytes(random);
        this.behind = behind;
        this.label = HexFormat.of().formatHex(random).getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public CompletionStage<byte[]> answer(byte[] query, int most) {
        boolean ours = query.length > HEADER + label.length
                && query[HEADER] >= label.length
                && Arrays.equals(query, HEADER + 1, HEADER + 1 + label.length, label, 0, label.length);
        if (!ours) {
            return behind.answer(query, most);
        }
        return CompletableFuture.completedFuture(query[HEADER] == label.length ? refused(query) : address(query));
    }

    private static byte[] refused(byte[] query) {
        byte[] answer = query.clone();
        answer[2] |= (byte) 0x80;
        answer[3] = REFUSED;
        return answer;
    }

    /** What stands behind the question, as EDNS does, is given back, so that whoever asks in between keeps to what it can. */
    private static byte[] address(byte[] query) {
        int end = HEADER;
        while (end < query.length && query[end] != 0) {
            end += 1 + (query[end] & 0xff);
        }
        end = Math.min(query.length, end + 1 + TYPE_AND_CLASS);
        ByteBuffer answer = ByteBuffer.allocate(query.length + RECORD.length + ADDRESS.length)
                .put(query, 0, end)
                .put(RECORD)
                .put(ADDRESS)
                .put(query, end, query.length - end);
        // An answer, recursion was wanted and is there; one record.
        return answer.put(2, (byte) 0x81)
                .put(3, (byte) 0x80)
                .putShort(6, (short) 1)
                .array();
    }

    /** Asks a server whose questions are redirected here. Blocks, a second at most. */
    Outcome ask(InetAddress server) {
        byte[] bytes = question(new String(label, StandardCharsets.US_ASCII));
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(MILLIS);
            socket.connect(new InetSocketAddress(server, PORT));
            for (int i = 0; i < TRIES; i++) {
                socket.send(new DatagramPacket(bytes, bytes.length));
                var answer = new DatagramPacket(new byte[bytes.length], bytes.length);
                try {
                    socket.receive(answer);
                } catch (SocketTimeoutException e) {
                    continue;
                }
                byte[] got = answer.getData();
                // Another server says that there is no such name, in other words.
                boolean ours = answer.getLength() == bytes.length && sameId(got, bytes) && got[3] == REFUSED;
                return ours ? Outcome.CAME_BACK : Outcome.STRAYED;
            }
        } catch (PortUnreachableException e) {
            LOG.debugf("nobody listens for the test question server=%s", server);
        } catch (IOException e) {
            LOG.debugf("test question not sent server=%s cause=\"%s\"", server, e.getMessage());
            return Outcome.NOT_SENT;
        }
        return Outcome.STRAYED;
    }

    /**
     * Asks a server that is to ask here for names of a domain, and gives it some time to learn that. Blocks, a second at most.
     *
     * @param domain without dots around it
     */
    Outcome askThrough(InetAddress server, String domain) {
        long end = System.nanoTime() + MOST_NANOS;
        try (var socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(server, PORT));
            for (long left = MOST_NANOS; left > 0; left = end - System.nanoTime()) {
                // Another name each time: that there is none may be remembered.
                byte[] bytes = question(new String(label, StandardCharsets.US_ASCII)
                        + Integer.toHexString(asked.incrementAndGet() & 0xffff | 0x10000) + "." + domain);
                socket.setSoTimeout((int) Math.clamp(TimeUnit.NANOSECONDS.toMillis(left), 1, MILLIS));
                socket.send(new DatagramPacket(bytes, bytes.length));
                var answer = new DatagramPacket(new byte[512], 512);
                try {
                    socket.receive(answer);
                } catch (SocketTimeoutException e) {
                    continue;
                }
                byte[] got = answer.getData();
                int length = answer.getLength();
                if (length > bytes.length
                        && sameId(got, bytes)
                        && Arrays.equals(got, length - ADDRESS.length, length, ADDRESS, 0, ADDRESS.length)) {
                    return Outcome.CAME_BACK;
                }
                TimeUnit.MILLISECONDS.sleep(BETWEEN_MILLIS);
            }
        } catch (PortUnreachableException e) {
            LOG.debugf("nobody listens for the test question server=%s", server);
            return Outcome.NOT_SENT;
        } catch (IOException e) {
            LOG.debugf("test question not answered server=%s cause=\"%s\"", server, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Outcome.STRAYED;
    }

    private static boolean sameId(byte[] one, byte[] other) {
        return one[0] == other[0] && one[1] == other[1];
    }

    private static byte[] question(String name) {
        ByteBuffer question = ByteBuffer.allocate(HEADER + 1 + name.length() + 1 + TYPE_AND_CLASS);
        question.putShort((short) new SecureRandom().nextInt())
                .putShort((short) 0x0100)
                .putShort((short) 1)
                .position(HEADER);
        for (String part : name.split("\\.", -1)) {
            question.put((byte) part.length()).put(part.getBytes(StandardCharsets.US_ASCII));
        }
        return question.put((byte) 0).putShort((short) 1).putShort((short) 1).array();
    }
}
