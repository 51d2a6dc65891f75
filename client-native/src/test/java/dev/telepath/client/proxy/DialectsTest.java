package dev.telepath.client.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DialectsTest {
    private static HttpDialect http() {
        return new HttpDialect(() -> "function FindProxyForURL() {}\n");
    }

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
        assertThat(http().read(text(line + "\r\n\r\n"))).isEqualTo(new ProxyDialect.Step.Dial(host, port));
    }

    @ParameterizedTest
    @CsvSource({
        "GET / HTTP/1.1", "CONNECT web HTTP/1.1", "CONNECT web:0 HTTP/1.1", "CONNECT web:99999 HTTP/1.1",
        "GET https://web/ HTTP/1.1", "GET http:///x HTTP/1.1", "GET  HTTP/1.1", "PRI * HTTP/2.0"
    })
    void otherRequestsAreRefused(String line) {
        assertThat(http().read(text(line + "\r\n\r\n")))
                .isInstanceOfSatisfying(
                        ProxyDialect.Step.Refuse.class,
                        refuse -> assertThat(refuse.bytes().toString(StandardCharsets.UTF_8))
                                .startsWith("HTTP/1.1 400 "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Host: 127.0.0.1:1080\r\n", "host: LOCALHOST\r\n", "Host: [::1]:9\r\n"})
    void thePacFileIsServedToThisMachine(String host) {
        assertThat(http().read(text("GET /proxy.pac HTTP/1.1\r\n" + host + "\r\n")))
                .isInstanceOfSatisfying(
                        ProxyDialect.Step.Serve.class,
                        serve -> assertThat(serve.bytes().toString(StandardCharsets.UTF_8))
                                .startsWith("HTTP/1.1 200 OK\r\n")
                                .contains(
                                        "Content-Type: application/x-ns-proxy-autoconfig\r\n", "Content-Length: 30\r\n")
                                .endsWith("\r\n\r\nfunction FindProxyForURL() {}\n"));
    }

    @ParameterizedTest
    @CsvSource({
        "GET /proxy.pac HTTP/1.1, Host: evil.example, 421",
        "GET /proxy.pac HTTP/1.1, Host: 127.0.0.1.evil.example, 421",
        "GET /other.pac HTTP/1.1, Host: 127.0.0.1, 400",
        "POST /proxy.pac HTTP/1.1, Host: 127.0.0.1, 400"
    })
    void nothingElseIsServedAndToNobodyElse(String line, String header, String code) {
        assertThat(http().read(text(line + "\r\n" + header + "\r\n\r\n")))
                .isInstanceOfSatisfying(
                        ProxyDialect.Step.Refuse.class,
                        refuse -> assertThat(refuse.bytes().toString(StandardCharsets.UTF_8))
                                .startsWith("HTTP/1.1 " + code + " "));
    }

    @Test
    void aProxiedRequestGoesOnInOriginFormWithItsBodyAndClosesAfterwards() {
        ByteBuf request = text(
                "POST http://web/x HTTP/1.1\r\nHost: web\r\nProxy-Authorization: secret\r\nConnection: keep-alive\r\n\r\nbody");

        http().read(request);

        assertThat(request.toString(StandardCharsets.UTF_8))
                .isEqualTo("POST /x HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\nbody");
    }

    @Test
    void whatIsNoHttpIsRefusedAtTheFirstByte() {
        assertThat(http().read(text("\u0016\u0003\u0001"))).isInstanceOf(ProxyDialect.Step.Refuse.class);
        assertThat(http().read(text("GET http://we"))).isInstanceOf(ProxyDialect.Step.More.class);
    }

    @Test
    void socksThatOffersOnlyPasswordsIsRefused() {
        assertThat(new SocksDialect().read(Unpooled.wrappedBuffer(new byte[] {5, 1, 2})))
                .isInstanceOf(ProxyDialect.Step.Refuse.class);
    }

    @Test
    void socksAsksForARelayOfDatagrams() {
        var dialect = new SocksDialect();
        dialect.read(Unpooled.wrappedBuffer(new byte[] {5, 1, 0}));

        assertThat(dialect.read(Unpooled.wrappedBuffer(new byte[] {5, 3, 0, 1, 0, 0, 0, 0, 0, 0})))
                .isInstanceOfSatisfying(
                        ProxyDialect.Step.Associate.class,
                        step -> assertThat(step.from().port()).isZero());
    }

    @Test
    void theAnswerNamesTheRelaysAddressOfEitherKind() {
        assertThat(ByteBufUtil.getBytes(
                        SocksDialect.associated(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 258))))
                .containsExactly(5, 0, 0, 1, 127, 0, 0, 1, 1, 2);
        assertThat(ByteBufUtil.getBytes(
                        SocksDialect.associated(new InetSocketAddress(InetAddress.ofLiteral("::1"), 258))))
                .containsExactly(5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2);
    }

    @Test
    void otherSocksCommandsAreRefused() {
        var dialect = new SocksDialect();
        dialect.read(Unpooled.wrappedBuffer(new byte[] {5, 1, 0}));

        assertThat(dialect.read(Unpooled.wrappedBuffer(new byte[] {5, 2, 0, 1, 1, 2, 3, 4, 0, 80})))
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
        http().read(http);
        var dialect = new SocksDialect();
        for (int i = 0; i < 3 && socks.isReadable(); i++) {
            dialect.read(socks);
        }
        return http.readerIndex() <= http.writerIndex();
    }
}
