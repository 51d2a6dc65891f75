package dev.telepath.manager.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.InternalMetadata;
import io.grpc.InternalStatus;
import io.grpc.Metadata;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** What is said at the end of a call arrives as it was meant. */
class EndOfCallTest {
    @Property
    void anyMessageIsPrintableAsciiOnTheWayAndTheSameBehindIt(@ForAll String message) {
        String encoded = EndOfCall.encoded(message);

        assertThat(encoded.chars()).allMatch(one -> one >= ' ' && one <= '~');
        String sent = new String(message.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        assertThat(URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8))
                .isEqualTo(sent);
    }

    @Example
    void aPlainMessageStaysReadable() {
        assertThat(EndOfCall.encoded("session 7: not attached")).isEqualTo("session 7: not attached");
        assertThat(EndOfCall.encoded("100 %\nü")).isEqualTo("100 %25%0A%C3%BC");
    }

    @Example
    void theEncodingIsTheOneThatGrpcReads() {
        // The key is gRPC's own, and decodes what came on the wire.
        Metadata.Key<String> key = InternalStatus.MESSAGE_KEY;
        var headers = InternalMetadata.newMetadata(
                "grpc-message".getBytes(StandardCharsets.US_ASCII),
                EndOfCall.encoded("näher % an\r\n").getBytes(StandardCharsets.US_ASCII));

        assertThat(headers.get(key)).isEqualTo("näher % an\r\n");
    }
}
