package dev.telepath.tunnel.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class StreamFailureTest {
    @Test
    void aFailureIsKnownThroughTheStagesThatHandedItOn() {
        var refused = new StreamFailure.DialRefused("nobody there");
        assertThat(StreamFailure.of(new CompletionException(new CompletionException(refused))))
                .isSameAs(refused);
    }
}
