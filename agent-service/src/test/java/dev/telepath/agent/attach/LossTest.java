package dev.telepath.agent.attach;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.agent.attach.Loss.Cause;
import io.grpc.Status;
import io.netty.handler.ssl.NotSslRecordException;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LossTest {
    @ParameterizedTest
    @CsvSource({
        "UNAVAILABLE, UNREACHABLE",
        "UNAUTHENTICATED, CREDENTIALS",
        "PERMISSION_DENIED, NOT_ALLOWED",
        "NOT_FOUND, SESSION_UNKNOWN",
        "DEADLINE_EXCEEDED, SILENCE",
        "UNIMPLEMENTED, WRONG_SERVER"
    })
    void statusTellsTheCause(Status.Code code, Cause cause) {
        assertThat(Loss.of(code.toStatus().asRuntimeException()).cause()).isEqualTo(cause);
    }

    @Test
    void theCauseUnderAnUnavailableChannelCounts() {
        var handshake = new SSLHandshakeException("failed");
        handshake.initCause(new CertificateException("not the pinned CA"));
        assertThat(Loss.of(Status.UNAVAILABLE.withCause(handshake).asRuntimeException()))
                .isEqualTo(new Loss(Cause.UNTRUSTED, "not the pinned CA"));
        assertThat(Loss.of(Status.UNAVAILABLE
                                .withCause(new NotSslRecordException("x"))
                                .asRuntimeException())
                        .cause())
                .isEqualTo(Cause.WRONG_SERVER);
    }

    @Test
    void onlyDeniedTokensAreTriedSlowly() {
        assertThat(Cause.CREDENTIALS.denied()).isTrue();
        assertThat(Cause.NOT_ALLOWED.denied()).isTrue();
        assertThat(Cause.UNREACHABLE.denied()).isFalse();
    }
}
