package dev.telepath.client.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SocksDatagramTest {
    private static ByteBuf datagram(int type, byte[] host, int port, byte[] payload) {
        return Unpooled.buffer()
                .writeBytes(new byte[] {0, 0, 0, (byte) type})
                .writeBytes(host)
                .writeShort(port)
                .writeBytes(payload);
    }

    private static void comesBackAsItWas(ByteBuf sent, String host, int port, byte[] payload) {
        byte[] bytes = ByteBufUtil.getBytes(sent);

        SocksDatagram read = SocksDatagram.read(sent).orElseThrow();

        assertThat(read.far().host()).isEqualTo(host);
        assertThat(read.far().port()).isEqualTo(port);
        assertThat(read.payload()).isEqualTo(ByteString.copyFrom(payload));
        assertThat(read.size()).isEqualTo(bytes.length);
        assertThat(ByteBufUtil.getBytes(read.write())).isEqualTo(bytes);
    }

    @Property
    void namesGoThereAndBack(
            @ForAll @AlphaChars @StringLength(min = 1, max = 255) String name,
            @ForAll @IntRange(min = 1, max = 65535) int port,
            @ForAll byte[] payload) {
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        byte[] host = ByteString.copyFrom(new byte[] {(byte) text.length})
                .concat(ByteString.copyFrom(text))
                .toByteArray();

        comesBackAsItWas(datagram(3, host, port, payload), name, port, payload);
    }

    @Property
    void addressesGoThereAndBack(
            @ForAll @Size(16) byte[] address,
            @ForAll boolean four,
            @ForAll @IntRange(min = 1, max = 65535) int port,
            @ForAll byte[] payload)
            throws UnknownHostException {
        byte[] host = four ? Arrays.copyOf(address, 4) : address;

        comesBackAsItWas(
                datagram(four ? 1 : 4, host, port, payload),
                InetAddress.getByAddress(host).getHostAddress(),
                port,
                payload);
    }

    @Property
    void whatIsCutShortInItsHeaderIsDropped(@ForAll @IntRange(min = 0, max = 13) int length) {
        ByteBuf whole = datagram(3, new byte[] {7, 'd', 'n', 's', '.', 's', 'v', 'c'}, 53, new byte[0]);

        assertThat(SocksDatagram.read(whole.slice(0, length))).isEmpty();
    }

    @Property
    void noBytesBreakIt(@ForAll byte[] bytes) {
        SocksDatagram.read(Unpooled.wrappedBuffer(bytes))
                .ifPresent(read -> assertThat(read.far().isDestination()).isTrue());
    }

    @ParameterizedTest
    @CsvSource({
        "type of no address, 000000020a00000100350000",
        "no port, 000000010a0000010000",
        "no name, 00000003000035",
        "a fragment, 000001010a0000010035ff",
        "the last fragment, 000081010a0000010035ff",
        "reserved bytes in use, 000100010a0000010035ff"
    })
    void whatIsNoWholeDatagramToADestinationIsDropped(String what, String hex) {
        assertThat(SocksDatagram.read(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex))))
                .as(what)
                .isEmpty();
    }
}
