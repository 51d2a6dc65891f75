package dev.telepath.client.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.fuzz.Mutations;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whatever comes over the control socket is lines, and each line is a JSON object or a failure that can be told. */
class ControlFuzzTest {
    /** Fits into the buffers of a socket whose other end is read after it was written. */
    private static final int MOST = 32 * 1024;

    private static SocketChannel writer;
    private static LineChannel lines;

    @BeforeAll
    static void connect() throws IOException {
        try (var listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            writer = SocketChannel.open(listener.getLocalAddress());
            lines = new LineChannel(listener.accept());
        }
    }

    @AfterAll
    static void close() throws IOException {
        writer.close();
        lines.close();
    }

    @FuzzTest
    void lines(byte[] input) throws IOException {
        if (input.length > MOST) {
            return;
        }
        String text = new String(input, StandardCharsets.ISO_8859_1);
        ByteBuffer bytes = ByteBuffer.allocate(input.length + 1)
                .put(input)
                .put((byte) '\n')
                .flip();
        while (bytes.hasRemaining()) {
            writer.write(bytes);
        }
        for (String line : text.split("\n", -1)) {
            String expected = new String(line.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
            assertThat(lines.read()).isEqualTo(expected);
        }
    }

    @FuzzTest
    void message(byte[] input) {
        ObjectNode read;
        try {
            read = Wire.parse(new String(input, StandardCharsets.UTF_8));
        } catch (Failure refused) {
            assertThat(refused.message()).isNotBlank();
            return;
        }
        byte[] again = Wire.line(read);
        assertThat(again[again.length - 1]).isEqualTo((byte) '\n');
        assertThat(new String(again, 0, again.length - 1, StandardCharsets.UTF_8))
                .doesNotContain("\n");
        assertThat(Wire.failure(read.path("error")).message()).isNotNull();
    }

    @Test
    void mutatedInputIsCutIntoTheSameLines() {
        Mutations.of(ControlFuzzTest.class, "lines", 10_000, this::lines);
    }

    @Test
    void mutatedMessagesAreObjectsOrFailures() {
        Mutations.of(ControlFuzzTest.class, "message", this::message);
    }
}
