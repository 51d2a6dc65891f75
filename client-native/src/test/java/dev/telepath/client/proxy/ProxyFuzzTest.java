package dev.telepath.client.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.telepath.fuzz.Mutations;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * Whatever a local program sends is a request or is refused, and in how many pieces it comes makes no difference. A datagram that is understood is written as it came.
 */
class ProxyFuzzTest {
    @FuzzTest
    void socks(byte[] input) {
        same(SocksDialect::new, input);
    }

    @FuzzTest
    void http(byte[] input) {
        same(() -> new HttpDialect(() -> "pac"), input);
    }

    @FuzzTest
    void datagram(byte[] input) {
        ByteBuf received = Unpooled.wrappedBuffer(input);
        SocksDatagram.read(received).ifPresent(read -> {
            assertThat(read.far().isDestination()).isTrue();
            assertThat(ByteBufUtil.getBytes(read.write())).isEqualTo(input);
        });
    }

    private static void same(Supplier<ProxyDialect> dialect, byte[] input) {
        assertThat(outcome(dialect.get(), input, 1)).isEqualTo(outcome(dialect.get(), input, input.length));
    }

    /** Feeds the input in pieces, as the handshake does, and says what came of it. */
    private static String outcome(ProxyDialect dialect, byte[] input, int piece) {
        ByteBuf received = Unpooled.buffer(256);
        for (int at = 0; at < input.length; at += piece) {
            received.writeBytes(input, at, Math.min(piece, input.length - at));
            while (received.isReadable()) {
                switch (dialect.read(received)) {
                    case ProxyDialect.Step.Dial(String host, int port) -> {
                        assertThat(host).isNotEmpty();
                        assertThat(port).isBetween(1, 65535);
                        assertThat(dialect.dialled()).isNotNull();
                        return "dial " + host + ":" + port;
                    }
                    case ProxyDialect.Step.Refuse(ByteBuf bytes) -> {
                        assertThat(bytes.isReadable()).isTrue();
                        return "refuse";
                    }
                    case ProxyDialect.Step.Serve(ByteBuf bytes) -> {
                        assertThat(bytes.isReadable()).isTrue();
                        return "serve";
                    }
                    case ProxyDialect.Step.Associate(SocksAddress from) -> {
                        assertThat(from.port()).isBetween(0, 65535);
                        return "associate " + from.host() + ":" + from.port();
                    }
                    case ProxyDialect.Step.Answer(ByteBuf bytes) -> {
                        assertThat(bytes.isReadable()).isTrue();
                        continue;
                    }
                    case ProxyDialect.Step.More more -> {}
                }
                break;
            }
        }
        return "more";
    }

    @Test
    void mutatedSocksRequestsAreUnderstoodOrRefused() {
        Mutations.of(ProxyFuzzTest.class, "socks", this::socks);
    }

    @Test
    void mutatedHttpRequestsAreUnderstoodOrRefused() {
        Mutations.of(ProxyFuzzTest.class, "http", this::http);
    }

    @Test
    void mutatedDatagramsAreUnderstoodOrDropped() {
        Mutations.of(ProxyFuzzTest.class, "datagram", this::datagram);
    }
}
