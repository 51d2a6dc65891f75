package dev.telepath.client.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.telepath.client.platform.SystemTool;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;
import org.jspecify.annotations.NullUnmarked;

/** A pair of datagram sockets in the device's place: like a utun they keep the bounds of what is written. */
@NullUnmarked
class MacTunTest {
    private static final int MTU = 16_384;

    private DatagramChannel kernel;
    private DatagramChannel device;
    private MacTun tun;
    private final AtomicBoolean restClosed = new AtomicBoolean();

    @BeforeProperty
    void begin() throws IOException {
        SocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        kernel = DatagramChannel.open().bind(any);
        device = DatagramChannel.open().bind(any);
        kernel.connect(device.getLocalAddress());
        device.connect(kernel.getLocalAddress());
        tun = new MacTun("utun7", MTU, device, device, () -> restClosed.set(true));
    }

    @AfterProperty
    void end() throws IOException {
        tun.close();
        kernel.close();
    }

    @Property(tries = 200)
    void aPacketIsReadWithoutWhatIsInFrontOfIt(@ForAll boolean ipv6, @ForAll @Size(min = 1, max = MTU) byte[] packet)
            throws IOException {
        kernel.write(ByteBuffer.allocate(4 + packet.length)
                .putInt(ipv6 ? 30 : 2)
                .put(packet)
                .flip());
        ByteBuffer read = ByteBuffer.allocateDirect(65_535).position(17).limit(20);
        tun.read(read);
        assertThat(bytes(read)).isEqualTo(packet);
    }

    @Property(tries = 200)
    void aPacketIsWrittenWithItsFamilyInFront(@ForAll boolean ipv6, @ForAll @Size(min = 1, max = MTU) byte[] packet)
            throws IOException {
        packet[0] = (byte) ((ipv6 ? 0x60 : 0x40) | packet[0] & 0x0f);
        tun.write(ByteBuffer.allocateDirect(packet.length).put(packet).flip());
        ByteBuffer written = ByteBuffer.allocate(65_535);
        kernel.read(written);
        assertThat(written.flip().getInt()).isEqualTo(ipv6 ? 30 : 2);
        assertThat(bytes(written)).isEqualTo(packet);
    }

    @Property(tries = 1)
    void oneDescriptorOfAFileCarriesBothDirections() throws IOException {
        Path pipe = Files.createTempDirectory("mactun").resolve("pipe");
        assertThat(SystemTool.child(List.of("/usr/bin/mkfifo", pipe.toString())).exit())
                .isZero();
        try (MacTun ofFile = MacTun.of("utun7", MTU, new RandomAccessFile(pipe.toFile(), "rw"))) {
            byte[] packet = {0x45, 1, 2, 3, 4};
            // What is written to a pipe is read from it, so this is a device that answers with what it got.
            ofFile.write(ByteBuffer.allocateDirect(packet.length).put(packet).flip());
            ByteBuffer read = ByteBuffer.allocateDirect(MTU);
            ofFile.read(read);
            assertThat(bytes(read)).isEqualTo(packet);
            AtomicReference<Exception> end = new AtomicReference<>();
            Thread reader = Thread.ofPlatform().start(() -> {
                try {
                    ofFile.read(read);
                } catch (IOException e) {
                    end.set(e);
                }
            });
            await().until(() -> Arrays.stream(reader.getStackTrace())
                    .anyMatch(frame -> frame.getMethodName().startsWith("readv")));
            ofFile.close();
            await().untilAsserted(() -> assertThat(end.get()).isInstanceOf(ClosedChannelException.class));
        } finally {
            Files.delete(pipe);
            Files.delete(pipe.getParent());
        }
    }

    @Property(tries = 1)
    void whatIsShorterThanAFamilyIsAnEmptyPacket() throws IOException {
        kernel.write(ByteBuffer.wrap(new byte[2]));
        ByteBuffer read = ByteBuffer.allocateDirect(MTU);
        tun.read(read);
        assertThat(read.remaining()).isZero();
    }

    @Property(tries = 1)
    void aClosedDeviceReadsNoMore() {
        tun.close();
        assertThat(restClosed).isTrue();
        assertThatThrownBy(() -> tun.read(ByteBuffer.allocateDirect(MTU))).isInstanceOf(ClosedChannelException.class);
        assertThat(tun.name()).isEqualTo("utun7");
        assertThat(tun.mtu()).isEqualTo(MTU);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
