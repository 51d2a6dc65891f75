package dev.telepath.manager.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.telepath.manager.relay.Credits;
import dev.telepath.manager.security.Role;
import dev.telepath.manager.security.Tokens;
import dev.telepath.manager.wire.Messages;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.protocol.v1.StreamsGrpc;
import io.grpc.Status;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.vertx.http.HttpServer;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The calls that no gRPC library serves, from a peer that says what it likes: what it is told, and that nothing is left. */
@QuarkusTest
@QuarkusTestResource(TestInstallation.class)
@NullUnmarked
class WireCallsTest {
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final String CARRY = StreamsGrpc.getCarryMethod().getFullMethodName();
    private static final String TUNNEL = ManagerGrpc.getTunnelMethod().getFullMethodName();

    @Inject
    HttpServer server;

    @Inject
    Tokens tokens;

    @Inject
    Vertx vertx;

    @Inject
    Credits credits;

    @Inject
    MeterRegistry meters;

    private HttpClient client;

    /** How a call ended. */
    private record End(Status.Code code, String message, int http) {
        static End of(int http, MultiMap fields) {
            String code = fields.get("grpc-status");
            return new End(
                    code == null
                            ? null
                            : Status.fromCodeValue(Integer.parseInt(code)).getCode(),
                    fields.get("grpc-message"),
                    http);
        }
    }

    @BeforeEach
    void connect() {
        client = vertx.createHttpClient(new HttpClientOptions()
                .setSsl(true)
                .setTrustAll(true)
                .setVerifyHost(false)
                .setUseAlpn(true)
                .setProtocolVersion(HttpVersion.HTTP_2));
    }

    @AfterEach
    void nothingIsLeft() {
        client.close();
        await().atMost(WAIT).until(() -> credits.inUse() == 0);
    }

    private HttpClientRequest request(String method, UnaryOperator<HttpClientRequest> with) throws Exception {
        HttpClientRequest request = client.request(HttpMethod.POST, server.getSecurePort(), "127.0.0.1", "/" + method)
                .toCompletionStage()
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
        request.setChunked(true)
                .putHeader("content-type", "application/grpc")
                .putHeader("authorization", "Bearer " + tokens.issue("bob", Role.CLIENT, Duration.ofHours(1)));
        return with.apply(request);
    }

    /** Sends those bytes, cut in pieces of that length, and half-closes. */
    private End call(String method, UnaryOperator<HttpClientRequest> with, Buffer bytes, int length) throws Exception {
        HttpClientRequest request = request(method, with);
        CompletableFuture<End> end = request.response()
                .compose(response -> response.end().map(nothing -> End.of(response.statusCode(), ended(response))))
                .toCompletionStage()
                .toCompletableFuture();
        for (int at = 0; at < bytes.length(); at += length) {
            request.write(bytes.slice(at, Math.min(bytes.length(), at + length)));
        }
        request.end();
        return end.get(20, TimeUnit.SECONDS);
    }

    private static MultiMap ended(HttpClientResponse response) {
        return response.headers().contains("grpc-status") ? response.headers() : response.trailers();
    }

    private static Buffer stranger() {
        MessageLite greeting = StreamFrame.newBuilder()
                .setOpen(StreamFrame.Open.newBuilder().setSessionId("nobody"))
                .build();
        return Messages.chunk(greeting);
    }

    @Test
    void aGreetingIsReadWhereverItIsCut() throws Exception {
        for (int length : List.of(1, 2, 4, 5, 6, 1000)) {
            End end = call(CARRY, one -> one, stranger(), length);
            assertThat(end.code()).as("cut to %d", length).isEqualTo(Status.Code.NOT_FOUND);
            assertThat(end.http()).isEqualTo(200);
        }
    }

    @Test
    void connectionsWithCallsKeepTheArraysOfTheirTls() throws Exception {
        HttpClientRequest call = request(CARRY, one -> one);
        call.sendHead().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);

        await().atMost(WAIT)
                .until(() -> meters.get("telepath.connection.buffers").gauge().value() > 0);
        call.reset();
    }

    @Test
    void callsWithoutAValidTokenAreRefusedAndCounted() throws Exception {
        double before = refused();
        for (String method : List.of(CARRY, TUNNEL)) {
            for (String header : List.of("Bearer nonsense", "Basic x", "")) {
                End end = call(method, one -> one.putHeader("authorization", header), stranger(), 100);
                assertThat(end.code()).as(header).isEqualTo(Status.Code.UNAUTHENTICATED);
                assertThat(end.message()).isNotBlank();
            }
        }
        assertThat(refused() - before).isEqualTo(6);
    }

    private double refused() {
        return meters.find("telepath.auth.failures").counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    @Test
    void compressedMessagesAndCallsAreNotImplemented() throws Exception {
        Buffer compressed = Buffer.buffer(new byte[] {1, 0, 0, 0, 1, 0});
        for (String method : List.of(CARRY, TUNNEL)) {
            assertThat(call(method, one -> one, compressed, 100).code()).isEqualTo(Status.Code.UNIMPLEMENTED);
            assertThat(call(method, one -> one.putHeader("grpc-encoding", "gzip"), stranger(), 100)
                            .code())
                    .isEqualTo(Status.Code.UNIMPLEMENTED);
        }
    }

    @Test
    void aMessageThatIsTooLongIsRefusedBeforeItHasCome() throws Exception {
        Buffer tooLong = Buffer.buffer().appendByte((byte) 0).appendInt(4 * 1024 * 1024 + 1);
        for (String method : List.of(CARRY, TUNNEL)) {
            assertThat(call(method, one -> one, tooLong, 100).code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        }
    }

    @Test
    void aCallThatEndsWithinAMessageIsToldSo() throws Exception {
        Buffer greeting = stranger();
        Buffer info = Messages.chunk(TunnelMessage.newBuilder()
                .setPayload(ByteString.copyFrom(new byte[20]))
                .build());
        for (int length = 1; length < greeting.length(); length++) {
            assertThat(call(CARRY, one -> one, greeting.slice(0, length), 7).code())
                    .as("Carry after %d bytes", length)
                    .isEqualTo(Status.Code.INVALID_ARGUMENT);
        }
        for (int length = 1; length < info.length(); length++) {
            assertThat(call(TUNNEL, one -> one, info.slice(0, length), 7).code())
                    .as("Tunnel after %d bytes", length)
                    .isEqualTo(Status.Code.INVALID_ARGUMENT);
        }
    }

    @Test
    void whatIsNoMessageOfOursIsRefusedWithoutARiddle() throws Exception {
        Buffer rubbish = Buffer.buffer().appendByte((byte) 0).appendInt(3).appendBytes(new byte[] {-1, -1, -1});

        assertThat(call(CARRY, one -> one, rubbish, 100).code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void whatIsNoCallIsLeftToTheOrdinaryServer() throws Exception {
        End end = call(CARRY, one -> one.putHeader("content-type", "text/plain"), stranger(), 100);

        assertThat(end.code()).isNull();
        assertThat(end.http()).isNotEqualTo(200);
    }
}
