package dev.telepath.tunnel.reconnect;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.ssl.NotSslRecordException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class LossTest {
    @ParameterizedTest
    @CsvSource({
        "UNAVAILABLE, UNREACHABLE",
        "UNAUTHENTICATED, CREDENTIALS",
        "PERMISSION_DENIED, NOT_ALLOWED",
        "NOT_FOUND, SESSION_UNKNOWN",
        "DEADLINE_EXCEEDED, SILENCE",
        "CANCELLED, PEER_CLOSED",
        "UNIMPLEMENTED, INCOMPATIBLE",
        "FAILED_PRECONDITION, INCOMPATIBLE",
        "INTERNAL, WRONG_SERVER",
        "RESOURCE_EXHAUSTED, UNREACHABLE"
    })
    void statusTellsTheCause(Status.Code code, Cause cause) {
        assertThat(Loss.of(code.toStatus().asRuntimeException()).cause()).isEqualTo(cause);
    }

    @ParameterizedTest
    @MethodSource("broken")
    void whatIsUnderAnUnavailableChannelCounts(Throwable under, Cause cause) {
        var unavailable = Status.UNAVAILABLE.withDescription("io exception").withCause(under);
        assertThat(Loss.of(unavailable.asRuntimeException()).cause()).isEqualTo(cause);
        assertThat(Loss.of(new ExecutionException(unavailable.asException())).cause())
                .isEqualTo(cause);
    }

    static Stream<Arguments> broken() {
        return Stream.of(
                Arguments.of(new ConnectException("finishConnect(..) failed: Connection refused"), Cause.REFUSED),
                Arguments.of(new ConnectException("Network is unreachable"), Cause.UNREACHABLE),
                Arguments.of(new ConnectTimeoutException("connection timed out"), Cause.UNREACHABLE),
                Arguments.of(new NoRouteToHostException("No route to host"), Cause.UNREACHABLE),
                Arguments.of(new UnknownHostException("manager.example"), Cause.UNREACHABLE),
                Arguments.of(new SocketException("Connection reset"), Cause.RESET),
                Arguments.of(new IOException("Connection reset by peer"), Cause.RESET),
                Arguments.of(new IOException("Broken pipe"), Cause.RESET),
                Arguments.of(new ClosedChannelException(), Cause.PEER_CLOSED),
                Arguments.of(new SSLHandshakeException("x").initCause(new CertificateException("y")), Cause.UNTRUSTED),
                Arguments.of(new NotSslRecordException("not an SSL/TLS record"), Cause.WRONG_SERVER),
                Arguments.of(
                        new Http2Exception(io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR),
                        Cause.WRONG_SERVER));
    }

    @ParameterizedTest
    @CsvSource({
        "'Network closed for unknown reason', PEER_CLOSED",
        "'Connection closed after GOAWAY. HTTP/2 error code: NO_ERROR', PEER_CLOSED",
        "'Server shutdownNow invoked', PEER_CLOSED",
        "'Keepalive failed. The connection is likely gone', SILENCE",
        "'Unable to resolve host manager.example', UNREACHABLE",
        "'HTTP status code 503', WRONG_SERVER"
    })
    void whatAnUnavailableChannelSaysCounts(String description, Cause cause) {
        assertThat(Loss.of(Status.UNAVAILABLE.withDescription(description).asRuntimeException())
                        .cause())
                .isEqualTo(cause);
    }

    @ParameterizedTest
    @CsvSource({"UNIMPLEMENTED, 404", "UNAUTHENTICATED, 401", "PERMISSION_DENIED, 403"})
    void aGatewaysWordIsNotThePeers(Status.Code code, int http) {
        var answer = code.toStatus().withDescription("HTTP status code " + http + "\ninvalid content-type: text/html");
        assertThat(Loss.of(answer.asRuntimeException()).cause()).isEqualTo(Cause.WRONG_SERVER);
    }

    @Test
    void failuresOfTheProgramAreToldFromThoseOfTheNetwork() {
        assertThat(Loss.of(new TimeoutException("late")).cause()).isEqualTo(Cause.SILENCE);
        assertThat(Loss.of(new IllegalArgumentException("damaged token")))
                .isEqualTo(new Loss(Cause.SETUP, "damaged token"));
        assertThat(Loss.of(new FileNotFoundException("no such file")).cause()).isEqualTo(Cause.SETUP);
        assertThat(Loss.of(new NullPointerException("oops")).cause()).isEqualTo(Cause.DEFECT);
        assertThat(Loss.of(new UnknownHostException("manager.example")).cause()).isEqualTo(Cause.UNREACHABLE);
    }

    @Test
    void aCauseThatGoesInCirclesEnds() {
        var first = new IllegalStateException("first");
        var second = new IllegalStateException("second", first);
        first.initCause(second);
        assertThat(Loss.of(first).cause()).isEqualTo(Cause.DEFECT);
    }

    @Test
    void theDetailIsOneLine() {
        var answer = Status.UNAVAILABLE.withDescription("first\nsecond").withCause(new IOException("under"));
        assertThat(Loss.of(answer.asRuntimeException()).detail()).isEqualTo("UNAVAILABLE: first");
    }
}
