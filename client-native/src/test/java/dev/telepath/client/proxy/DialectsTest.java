package dev.telepath.client.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DialectsTest {
    private static ByteBuf text(String text) {
        return Unpooled.buffer().writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @CsvSource({
        "CONNECT web:80 HTTP/1.1, web, 80",
        "CONNECT [::1]:443 HTTP/1.1, ::1, 443",
        "GET http://web/a?b=c HTTP/1.1, web, 80",
        "POST http://web:8080 HTTP/1.0, web, 8080"
    })
    void everyFormOfRequestNamesItsDestination(String line, String host, int port) {
        assertThat(new HttpDialect().read(text(line + "\r\n\r\n"))).isEqualTo(new ProxyDialect.Step.Dial(host, port));
    }

    @ParameterizedTest
    @CsvSource({
        "GET / HTTP/1.1", "CONNECT web HTTP/1.1", "CONNECT web:0 HTTP/1.1", "CONNECT web:99999 HTTP/1.1",
        "GET https://web/ HTTP/1.1", "GET http:///x HTTP/1.1", "GET  HTTP/1.1", "PRI * HTTP/2.0"
    })
    void otherRequestsAreRefused(String line) {
        assertThat(new HttpDialect().read(text(line + "\r\n\r\n")))
                .isInstanceOfSatisfying(
                        ProxyDialect.Step.Refuse.class,
                        refuse -> assertThat(refuse.bytes().toString(StandardCharsets.UTF_8))
                                .startsWith("HTTP/1.1 400 "));
    }

    @Test
    void aProxiedRequestGoesOnInOriginFormWithItsBodyAndClosesAfterwards() {
        ByteBuf request = text(
                "POST http://web/x HTTP/1.1\r\nHost: web\r\nProxy-Authorization: secret\r\nConnection: keep-alive\r\n\r\nbody");

        new HttpDialect().read(request);

        assertThat(request.toString(StandardCharsets.UTF_8))
                .isEqualTo("POST /x HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\nbody");
    }

    @Test
    void whatIsNoHttpIsRefusedAtTheFirstByte() {
        assertThat(new HttpDialect().read(text("\u0016\u0003\u0001"))).isInstanceOf(ProxyDialect.Step.Refuse.class);
        assertThat(new HttpDialect().read(text("GET http://we"))).isInstanceOf(ProxyDialect.Step.More.class);
    }

    @Test
    void socksThatOffersOnlyPasswordsIsRefused() {
        assertThat(new SocksDialect().read(Unpooled.wrappedBuffer(new byte[] {5, 1, 2})))
                .isInstanceOf(ProxyDialect.Step.Refuse.class);
    }

    @Test
    void socksCommandsOtherThanConnectAreRefused() {
        var dialect = new SocksDialect();
        dialect.read(Unpooled.wrappedBuffer(new byte[] {5, 1, 0}));

        assertThat(dialect.read(Unpooled.wrappedBuffer(new byte[] {5, 3, 0, 1, 1, 2, 3, 4, 0, 80})))
                .isInstanceOfSatisfying(
                        ProxyDialect.Step.Refuse.class,
                        refuse -> assertThat(refuse.bytes().getByte(1)).isEqualTo((byte) 7));
    }

    @ParameterizedTest
    @CsvSource({"CONFLICT, 5", "NOT_FOUND, 4", "TIMED_OUT, 4", "UNREACHABLE, 3", "FAILED, 1"})
    void failuresHaveTheirSocksReply(Kind kind, byte reply) {
        assertThat(new SocksDialect().failed(new Failure(kind, "", "")).getByte(1))
                .isEqualTo(reply);
    }

    @Property
    boolean noBytesBreakEitherDialect(@ForAll byte[] bytes) {
        ByteBuf http = Unpooled.copiedBuffer(bytes);
        ByteBuf socks = Unpooled.copiedBuffer(bytes);
        if (bytes.length == 0) {
            return true;
        }
        new HttpDialect().read(http);
        var dialect = new SocksDialect();
        for (int i = 0; i < 3 && socks.isReadable(); i++) {
            dialect.read(socks);
        }
        return http.readerIndex() <= http.writerIndex();
    }

    @Property
    boolean noRecordsBreakTheirReader(@ForAll byte[] bytes) {
        return ResourceRecords.addresses(ByteBuffer.wrap(bytes)) != null;
    }

    @Test
    void addressRecordsAreFoundAmongOthers() {
        byte[] records = {
            1,
            'a',
            0,
            0,
            5,
            0,
            1,
            0,
            0,
            0,
            9,
            0,
            2,
            (byte) 0xc0,
            0,
            1,
            'a',
            0,
            0,
            1,
            0,
            1,
            0,
            0,
            0,
            9,
            0,
            4,
            10,
            0,
            0,
            7
        };

        assertThat(ResourceRecords.addresses(ByteBuffer.wrap(records))).containsExactly(new byte[] {10, 0, 0, 7});
    }
}
