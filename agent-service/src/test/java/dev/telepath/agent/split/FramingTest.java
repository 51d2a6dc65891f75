package dev.telepath.agent.split;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Where messages end, whatever the pieces they come in. */
class FramingTest {
    private static final List<String> REQUESTS = List.of(
            "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /b?q=1 HTTP/1.1\r\nContent-Length: 5\r\nX-User: alice\r\n\r\nGET /",
            "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
            "PUT /d HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\nTrailer: v\r\n\r\n",
            "\r\nGET /e HTTP/1.0\n\n",
            "OPTIONS * HTTP/1.1\r\nContent-Length: 0\r\n\r\n");

    @Provide
    Arbitrary<List<String>> sequences() {
        return Arbitraries.of(REQUESTS).list().ofMinSize(1).ofMaxSize(8);
    }

    @Property
    void requestsAreTheSameHoweverTheyAreCut(
            @ForAll("sequences") List<String> requests,
            @ForAll @Size(max = 40) List<@IntRange(max = 400) Integer> cuts) {
        assertThat(framed(pieces(String.join("", requests), cuts))).isEqualTo(requests);
    }

    private static List<String> pieces(String whole, List<Integer> cuts) {
        var at = cuts.stream()
                .filter(cut -> cut < whole.length())
                .sorted()
                .distinct()
                .toList();
        var pieces = new ArrayList<String>();
        int from = 0;
        for (int cut : at) {
            pieces.add(whole.substring(from, cut));
            from = cut;
        }
        pieces.add(whole.substring(from));
        return pieces;
    }

    private static List<String> framed(List<String> pieces) {
        var result = new ArrayList<String>();
        var message = new StringBuilder();
        var head = new HeadCollector();
        Body body = null;
        for (String piece : pieces) {
            ByteString rest = bytes(piece);
            while (!rest.isEmpty()) {
                int taken = body == null ? head.take(rest) : body.take(rest);
                message.append(rest.substring(0, taken).toString(StandardCharsets.ISO_8859_1));
                rest = rest.substring(taken);
                if (body == null && head.isComplete()) {
                    body = HttpHead.request(head.lines()).orElseThrow().body();
                    head = new HeadCollector();
                }
                if (body != null && body.done()) {
                    result.add(message.toString());
                    message.setLength(0);
                    body = null;
                }
            }
        }
        return result;
    }

    private static ByteString bytes(String text) {
        return ByteString.copyFrom(text, StandardCharsets.ISO_8859_1);
    }

    private static Optional<HttpHead.Request> request(String... lines) {
        return HttpHead.request(Arrays.asList(lines));
    }

    @Example
    void whatTwoReadersCouldTakeDifferentlyIsNotRead() {
        assertThat(request("GET / HTTP/1.1", "Content-Length: 1", "Content-Length: 2"))
                .isEmpty();
        assertThat(request("GET / HTTP/1.1", "Content-Length: 1", "Transfer-Encoding: chunked"))
                .isEmpty();
        assertThat(request("GET / HTTP/1.1", "Transfer-Encoding: gzip, chunked"))
                .isEmpty();
        assertThat(request("GET / HTTP/1.1", "Transfer-Encoding: \u000bchunked"))
                .isEmpty();
        assertThat(request("GET / HTTP/1.0", "Transfer-Encoding: chunked")).isEmpty();
        assertThat(request("GET / HTTP/1.1", "Content-Length: +1")).isEmpty();
        assertThat(request("GET / HTTP/1.1", "Content-Length : 1")).isEmpty();
        assertThat(request("GET / HTTP/1.1", "X: 1", " folded")).isEmpty();
        assertThat(request("GET /a b HTTP/1.1")).isEmpty();
        assertThat(request("GET / HTTP/2.0")).isEmpty();
        assertThat(request("GET / HTTP/1.1", "Content-Length: 1", "Content-Length: 1"))
                .isPresent();
    }

    @Example
    void theFirstValueOfAHeaderCounts() {
        assertThat(request("GET /p?q HTTP/1.1", "X-User: alice ", "x-user: bob")
                        .orElseThrow()
                        .head()
                        .headers())
                .containsEntry("x-user", "alice");
    }

    @Example
    void anAnswersEndDependsOnItsRequestAndStatus() {
        var length = List.of("HTTP/1.1 200 OK", "Content-Length: 7");
        assertThat(HttpHead.response(length, "GET").orElseThrow().body().done()).isFalse();
        assertThat(HttpHead.response(length, "HEAD").orElseThrow().body().done())
                .isTrue();
        assertThat(HttpHead.response(List.of("HTTP/1.1 304 Not", "Content-Length: 7"), "GET")
                        .orElseThrow()
                        .body()
                        .done())
                .isTrue();
        assertThat(HttpHead.response(List.of("HTTP/1.1 100 Continue"), "GET")
                        .orElseThrow()
                        .interim())
                .isTrue();
        assertThat(HttpHead.response(List.of("HTTP/1.1 101 Switching"), "GET")
                        .orElseThrow()
                        .switched())
                .isTrue();
        assertThat(HttpHead.response(List.of("HTTP/1.0 200"), "GET")
                        .orElseThrow()
                        .body())
                .isInstanceOf(Body.UntilClose.class);
        assertThat(HttpHead.response(List.of("SSH-2.0-x"), "GET")).isEmpty();
    }

    @Example
    void theFirstBytesTellWhatIsSpoken() {
        assertThat(FirstBytes.of(bytes(""))).isEqualTo(FirstBytes.UNDECIDED);
        assertThat(FirstBytes.of(bytes("GET / HT"))).isEqualTo(FirstBytes.UNDECIDED);
        assertThat(FirstBytes.of(bytes("GET / HTTP/1.1\r\n"))).isEqualTo(FirstBytes.HTTP1);
        assertThat(FirstBytes.of(bytes("GET key\r\n"))).isEqualTo(FirstBytes.OTHER);
        assertThat(FirstBytes.of(bytes("*1\r\n"))).isEqualTo(FirstBytes.OTHER);
        assertThat(FirstBytes.of(bytes("\u0016\u0003\u0001"))).isEqualTo(FirstBytes.OTHER);
        assertThat(FirstBytes.of(bytes("PRI * HT"))).isEqualTo(FirstBytes.UNDECIDED);
        assertThat(FirstBytes.of(bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nx"))).isEqualTo(FirstBytes.HTTP2);
    }

    @Example
    void anEndlessHeadIsNotWaitedFor() {
        var head = new HeadCollector();
        assertThat(head.take(bytes("GET / HTTP/1.1\r\nX: " + "y".repeat(100_000))))
                .isEqualTo(HeadCollector.MAX_HEAD);
        assertThat(head.isFull()).isTrue();
    }

    @Example
    void aBrokenChunkIsNoticed() {
        for (String broken : List.of("x\r\n", "\r\n", "1\r\nab", "1234567812345678\r\n", "3 q\r\nabc!")) {
            var body = new Body.Chunked();
            body.take(bytes(broken));
            assertThat(body.broken()).as(broken).isTrue();
        }
    }
}
