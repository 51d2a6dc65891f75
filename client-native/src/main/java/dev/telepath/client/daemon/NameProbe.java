package dev.telepath.client.daemon;

import dev.telepath.client.dns.Resolver;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jboss.logging.Logger;

/**
 * A resolver that knows a name that nobody else can: a question for it that was sent to a name server of this machine has been
 * redirected here if that very answer comes back. Thread-safe.
 */
final class NameProbe implements Resolver {
    private static final Logger LOG = Logger.getLogger(NameProbe.class);
    private static final int MILLIS = 300;
    private static final int TRIES = 3;
    private static final int PORT = 53;
    private static final int HEADER = 12;
    private static final int REFUSED = 5;

    private final Resolver behind;
    private final byte[] label;

    /** What became of a test question. */
    enum Outcome {
        /** It was redirected here, and answered. */
        CAME_BACK,
        /** Nobody answered, or somebody else. */
        STRAYED,
        /** No route leads to the server, so that no program's question reaches it either. */
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
                && query[HEADER] == label.length
                && Arrays.equals(query, HEADER + 1, HEADER + 1 + label.length, label, 0, label.length);
        if (!ours) {
            return behind.answer(query, most);
        }
        byte[] answer = query.clone();
        answer[2] |= (byte) 0x80;
        answer[3] = REFUSED;
        return CompletableFuture.completedFuture(answer);
    }

    /** Asks. Blocks, a second at most. */
    Outcome ask(InetAddress server) {
        ByteBuffer question = ByteBuffer.allocate(HEADER + 1 + label.length + 1 + 4);
        question.putShort((short) new SecureRandom().nextInt())
                .putShort((short) 0x0100)
                .putShort((short) 1)
                .position(HEADER);
        question.put((byte) label.length)
                .put(label)
                .put((byte) 0)
                .putShort((short) 1)
                .putShort((short) 1);
        byte[] bytes = question.array();
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(MILLIS);
            socket.connect(new InetSocketAddress(server, PORT));
            for (int i = 0; i < TRIES; i++) {
                socket.send(new DatagramPacket(bytes, bytes.length));
                var answer = new DatagramPacket(new byte[bytes.length], bytes.length);
                try {
                    socket.receive(answer);
                } catch (java.net.SocketTimeoutException e) {
                    continue;
                }
                byte[] got = answer.getData();
                // Another server says that there is no such name, in other words.
                boolean ours = answer.getLength() == bytes.length
                        && got[0] == bytes[0]
                        && got[1] == bytes[1]
                        && got[3] == REFUSED;
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
}
