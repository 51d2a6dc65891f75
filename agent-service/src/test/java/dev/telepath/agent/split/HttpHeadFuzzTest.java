package dev.telepath.agent.split;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import dev.telepath.fuzz.Mutations;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Whatever a caller or a service says: a message ends at the same byte however it is cut, or it is not taken for one. */
class HttpHeadFuzzTest {
    @FuzzTest
    void request(byte[] sent) {
        ByteString bytes = ByteString.copyFrom(sent);
        endsAlike(bytes, lines -> HttpHead.request(lines).map(HttpHead.Request::body));
        FirstBytes whole = FirstBytes.of(bytes);
        for (int length = 0; length < sent.length; length++) {
            FirstBytes sooner = FirstBytes.of(bytes.substring(0, length));
            assertThat(sooner).as("decided after %d bytes", length).isIn(FirstBytes.UNDECIDED, whole);
        }
    }

    @FuzzTest
    void response(byte[] sent) {
        ByteString bytes = ByteString.copyFrom(sent);
        for (String method : List.of("GET", "HEAD", "CONNECT")) {
            endsAlike(bytes, lines -> HttpHead.response(lines, method).map(HttpHead.Response::body));
        }
    }

    /** How far the first message reaches, and what became of it. */
    private record End(int at, boolean head, boolean message, boolean done, boolean broken) {}

    private static void endsAlike(ByteString bytes, Function<List<String>, Optional<Body>> reader) {
        End whole = end(bytes, bytes.size(), reader);
        for (int piece : List.of(1, 7)) {
            assertThat(end(bytes, piece, reader)).as("in pieces of %d", piece).isEqualTo(whole);
        }
    }

    /** Reads in pieces of that length. */
    private static End end(ByteString bytes, int piece, Function<List<String>, Optional<Body>> reader) {
        var head = new HeadCollector();
        int at = 0;
        while (at < bytes.size() && !head.isComplete() && !head.isFull()) {
            at += head.take(bytes.substring(at, Math.min(bytes.size(), at + piece)));
        }
        assertThat(head.bytes()).isEqualTo(bytes.substring(0, at));
        Optional<Body> body = head.isComplete() ? reader.apply(head.lines()) : Optional.empty();
        if (body.isEmpty()) {
            return new End(at, head.isComplete(), false, false, false);
        }
        Body rest = body.get();
        while (at < bytes.size() && !rest.done() && !rest.broken()) {
            ByteString next = bytes.substring(at, Math.min(bytes.size(), at + piece));
            int taken = rest.take(next);
            assertThat(taken).isBetween(0, next.size());
            at += taken;
        }
        return new End(at, true, true, rest.done(), rest.broken());
    }

    @Test
    void mutatedRequestsEndAtTheSameByteHoweverTheyAreCut() {
        Mutations.of(HttpHeadFuzzTest.class, "request", 5_000, this::request);
    }

    @Test
    void mutatedResponsesEndAtTheSameByteHoweverTheyAreCut() {
        Mutations.of(HttpHeadFuzzTest.class, "response", 5_000, this::response);
    }
}
