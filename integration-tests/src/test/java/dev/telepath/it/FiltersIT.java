package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Result;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.WebSocketConnectOptions;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** Two people engage one port by filters, with the three programs as users run them: steps of one session, in order. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(180)
class FiltersIT {
    private static final Vertx VERTX = Vertx.vertx();
    private static Installation telepath;
    private static SampleService workload;
    private static SampleService alices;
    private static SampleService bobs;
    private static Running agent;
    private static int web;

    @BeforeAll
    static void install() {
        telepath = Installation.temporary().init();
        telepath.startManager();
        workload = SampleService.start(VERTX, "workload", 0);
        alices = SampleService.start(VERTX, "alice", 0);
        bobs = SampleService.start(VERTX, "bob", 0);
        agent = telepath.startAgent("web", workload.port());
        web = agent.port("port-http");
        telepath.connect().orFail();
        Path token = telepath.tokenFor("bob", "1h");
        telepath.tpAs("bob", "connect", "--manager", telepath.managerAddress(), "--token-file", token.toString())
                .orFail();
    }

    @AfterAll
    static void end() {
        telepath.tpAs("bob", "quit", "-s");
        telepath.close();
        workload.close();
        alices.close();
        bobs.close();
        VERTX.close();
    }

    private static String as(String user) throws Exception {
        try (Http http = new Http(web)) {
            return http.get("/", "x-user", user);
        }
    }

    private static String helloFrom(String name) {
        return "hello from " + name + "\n";
    }

    @Test
    @Order(1)
    void twoPeopleShareAPortUnlessARequestIsForBoth() {
        telepath.tp("intercept", "web", "--port", alices.port() + ":http", "--http-header", "x-user=alice")
                .orFail();
        bobsOverlapIsRefused();
        telepath.tpAs("bob", "intercept", "web", "--port", bobs.port() + ":http", "--http-header", "x-user=bob")
                .orFail();
        await().untilAsserted(() -> {
            assertThat(as("alice")).isEqualTo(helloFrom("alice"));
            assertThat(as("bob")).isEqualTo(helloFrom("bob"));
            assertThat(as("carol")).isEqualTo(helloFrom("workload"));
            assertThat(Http.once(web, "/")).isEqualTo(helloFrom("workload"));
        });
    }

    @Test
    @Order(2)
    void aWiretapWithAFilterGetsWhatItMatchesWhoeverAnswers() throws Exception {
        var copied = new ConcurrentLinkedQueue<String>();
        HttpServer copies = VERTX.createHttpServer()
                .requestHandler(request -> {
                    copied.add(request.getHeader("x-user") + " " + request.uri());
                    request.response().end();
                })
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
        var http2 = VERTX.createHttpClient(new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setDefaultHost("127.0.0.1")
                .setDefaultPort(web));
        try {
            String port = copies.actualPort() + ":http";
            telepath.tp("wiretap", "tap", "--workload", "web", "--port", port, "--http-header", "x-user=(carol|alice)")
                    .orFail();
            await().untilAsserted(() -> {
                assertThat(as("carol")).isEqualTo(helloFrom("workload"));
                assertThat(copied).contains("carol /");
            });
            var expected = new ArrayList<String>();
            try (Http http = new Http(web)) {
                for (int i = 0; i < 10; i++) {
                    String path = "/mixed/" + i;
                    assertThat(http.get(path, "x-user", "alice")).isEqualTo(helloFrom("alice"));
                    assertThat(http.get(path, "x-user", "bob")).isEqualTo(helloFrom("bob"));
                    assertThat(http.get(path)).isEqualTo(helloFrom("workload"));
                    expected.add("alice " + path);
                }
                await().untilAsserted(() -> assertThat(copied)
                        .filteredOn(one -> one.contains("/mixed/"))
                        .isEqualTo(expected));
            }
            for (String user : List.of("bob", "carol", "bob")) {
                String body = http2.request(HttpMethod.GET, "/http2")
                        .compose(request -> request.putHeader("x-user", user).send())
                        .compose(answer -> answer.body())
                        .toCompletionStage()
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS)
                        .toString(StandardCharsets.UTF_8);
                assertThat(body).isEqualTo(helloFrom(user.equals("bob") ? "bob" : "workload"));
            }
            await().untilAsserted(() ->
                    assertThat(copied).filteredOn(one -> one.contains("/http2")).containsExactly("carol /http2"));
            telepath.tp("leave", "tap").orFail();
        } finally {
            http2.close();
            copies.close();
        }
    }

    private static void bobsOverlapIsRefused() {
        Result refused = telepath.tpAs(
                "bob",
                "intercept",
                "more",
                "--workload",
                "web",
                "--port",
                bobs.port() + ":http",
                "--http-path-prefix",
                "/api");
        assertThat(refused.exit()).as(refused.all()).isEqualTo(7);
        assertThat(refused.err()).contains("GET /api with x-user: alice").contains("is for both");
        Result all = telepath.tpAs("bob", "intercept", "all", "--workload", "web", "--port", bobs.port() + ":http");
        assertThat(all.exit()).as(all.all()).isEqualTo(7);
        Result wrong = telepath.tp("intercept", "web", "--http-header", "x-user=(");
        assertThat(wrong.exit()).as(wrong.all()).isEqualTo(2);
    }

    @Test
    @Order(3)
    void listAndStatusShowTheFiltersOfBoth() {
        await().untilAsserted(() -> assertThat(telepath.tp("list").orFail().out())
                .contains("x-user = alice")
                .contains("x-user = bob"));
        assertThat(telepath.tp("status").orFail().out()).contains("x-user = alice");
    }

    @Test
    @Order(4)
    void theRequestsOfOneConnectionGoToDifferentPeople() throws Exception {
        try (Http http = new Http(web)) {
            for (int i = 0; i < 30; i++) {
                assertThat(http.get("/", "x-user", "alice")).isEqualTo(helloFrom("alice"));
                assertThat(http.get("/")).isEqualTo(helloFrom("workload"));
                assertThat(http.get("/", "X-User", "bob")).isEqualTo(helloFrom("bob"));
                assertThat(http.get("/bytes/70000", "x-user", "bob")).hasSize(70000);
            }
        }
    }

    @Test
    @Order(5)
    void bodiesInChunksAreWholeBothWays() throws Exception {
        byte[] body = new byte[5 << 20];
        new Random(1).nextBytes(body);
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        for (String user : new String[] {"alice", "carol", "bob", "alice"}) {
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + web + "/echo"))
                    .header("x-user", user)
                    .expectContinue(user.equals("bob"))
                    .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)))
                    .build();
            HttpResponse<byte[]> answer = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
            assertThat(answer.headers().firstValue("served-by")).contains(user.equals("carol") ? "workload" : user);
            assertThat(answer.headers().firstValue("transfer-encoding")).contains("chunked");
            assertThat(answer.body()).isEqualTo(body);
        }
    }

    @Test
    @Order(6)
    void aWebSocketStaysWhereItsUpgradeWent() throws Exception {
        for (String user : new String[] {"alice", "carol"}) {
            var answers = new CompletableFuture<String>();
            var options = new WebSocketConnectOptions()
                    .setHost("127.0.0.1")
                    .setPort(web)
                    .setURI("/ws")
                    .addHeader("x-user", user);
            var client = VERTX.createWebSocketClient();
            client.connect(options).onFailure(answers::completeExceptionally).onSuccess(socket -> {
                socket.textMessageHandler(answers::complete);
                socket.writeTextMessage("hi");
            });
            assertThat(answers.get(20, TimeUnit.SECONDS)).isEqualTo((user.equals("carol") ? "workload" : user) + ":hi");
            client.close();
        }
    }

    @Test
    @Order(7)
    void theStreamsOfOneHttp2ConnectionGoToDifferentPeople() throws Exception {
        var options = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setDefaultHost("127.0.0.1")
                .setDefaultPort(web)
                .setHttp2MaxPoolSize(1);
        var client = VERTX.createHttpClient(options);
        byte[] body = new byte[1 << 20];
        new Random(2).nextBytes(body);
        var answers = new ArrayList<CompletableFuture<Buffer>>();
        var users = List.of("alice", "bob", "carol", "alice", "carol", "bob");
        for (String user : users) {
            answers.add(client.request(HttpMethod.POST, "/echo")
                    .compose(request -> request.putHeader("x-user", user).send(Buffer.buffer(body)))
                    .compose(answer -> answer.body().map(bytes -> {
                        assertThat(answer.getHeader("served-by")).isEqualTo(user.equals("carol") ? "workload" : user);
                        return bytes;
                    }))
                    .toCompletionStage()
                    .toCompletableFuture());
        }
        for (var answer : answers) {
            assertThat(answer.get(30, TimeUnit.SECONDS).getBytes()).isEqualTo(body);
        }
        client.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    };

    private static final MethodDescriptor<byte[], byte[]> TALK = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
            .setFullMethodName("test.Talk/Talk")
            .setRequestMarshaller(BYTES)
            .setResponseMarshaller(BYTES)
            .build();

    private static Server talking(String name) throws Exception {
        var service = ServerServiceDefinition.builder("test.Talk")
                .addMethod(TALK, ServerCalls.asyncBidiStreamingCall(out -> new StreamObserver<>() {
                    @Override
                    public void onNext(byte[] said) {
                        out.onNext((name + ":" + new String(said, StandardCharsets.UTF_8))
                                .getBytes(StandardCharsets.UTF_8));
                    }

                    @Override
                    public void onError(Throwable failure) {}

                    @Override
                    public void onCompleted() {
                        out.onError(Status.ALREADY_EXISTS.withDescription(name).asRuntimeException());
                    }
                }))
                .build();
        return NettyServerBuilder.forPort(0).addService(service).build().start();
    }

    @Test
    @Order(8)
    void aGrpcConversationGoesToItsPersonWithItsTrailers() throws Exception {
        Server app = talking("workload");
        Server local = talking("alice");
        Running talk = telepath.startAgent("talk", app.getPort());
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", talk.port("port-http"))
                .usePlaintext()
                .build();
        try {
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(
                            () -> assertThat(telepath.tp("list").orFail().out()).contains("talk"));
            telepath.tp("intercept", "talk", "--port", local.getPort() + ":http", "--http-header", "x-user=alice")
                    .orFail();
            for (String user : new String[] {"carol", "alice", "carol"}) {
                String server = user.equals("alice") ? "alice" : "workload";
                var heard = new LinkedBlockingQueue<String>();
                var metadata = new Metadata();
                metadata.put(Metadata.Key.of("x-user", Metadata.ASCII_STRING_MARSHALLER), user);
                Channel as = ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
                var say = ClientCalls.asyncBidiStreamingCall(
                        as.newCall(TALK, CallOptions.DEFAULT), new StreamObserver<byte[]>() {
                            @Override
                            public void onNext(byte[] said) {
                                heard.add(new String(said, StandardCharsets.UTF_8));
                            }

                            @Override
                            public void onError(Throwable failure) {
                                heard.add(Status.fromThrowable(failure).getCode() + " "
                                        + Status.fromThrowable(failure).getDescription());
                            }

                            @Override
                            public void onCompleted() {
                                heard.add("completed");
                            }
                        });
                for (int i = 0; i < 20; i++) {
                    say.onNext(("n" + i).getBytes(StandardCharsets.UTF_8));
                    assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo(server + ":n" + i);
                }
                say.onCompleted();
                assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("ALREADY_EXISTS " + server);
            }
            telepath.tp("leave", "talk").orFail();
        } finally {
            channel.shutdownNow();
            app.shutdownNow();
            local.shutdownNow();
        }
    }

    @Test
    @Order(9)
    void aServerThatSpeaksFirstAndAProtocolThatIsNoHttpReachTheWorkload() throws Exception {
        try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> greet(server));
            Running second = telepath.startAgent("greeter", server.getLocalPort());
            int port = second.port("port-http");
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(
                            () -> assertThat(telepath.tp("list").orFail().out()).contains("greeter"));
            telepath.tp("intercept", "greeter", "--port", alices.port() + ":http", "--http-header", "x-user=alice")
                    .orFail();
            try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout(20_000);
                assertThat(read(socket.getInputStream(), 7)).isEqualTo("WELCOME");
                socket.getOutputStream().write("QUIT bye\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(read(socket.getInputStream(), 9)).isEqualTo("QUIT bye\n");
            }
            telepath.tp("leave", "greeter").orFail();
        }
    }

    private static void greet(ServerSocket server) {
        while (!server.isClosed()) {
            try (Socket socket = server.accept()) {
                socket.getOutputStream().write("WELCOME".getBytes(StandardCharsets.US_ASCII));
                socket.getInputStream().transferTo(socket.getOutputStream());
            } catch (java.io.IOException e) {
                // A peer that left, or the end of the test.
            }
        }
    }

    private static String read(InputStream in, int length) throws Exception {
        return new String(in.readNBytes(length), StandardCharsets.US_ASCII);
    }

    @Test
    @Order(10)
    void aClientThatIsAwayCostsItsCallersNothing() throws Exception {
        try (Http http = new Http(web)) {
            assertThat(http.get("/", "x-user", "alice")).isEqualTo(helloFrom("alice"));
            telepath.tpAs("bob", "leave", "web").orFail();
            await().atMost(Duration.ofSeconds(15))
                    .untilAsserted(
                            () -> assertThat(http.get("/", "x-user", "bob")).isEqualTo(helloFrom("workload")));
            assertThat(http.get("/", "x-user", "alice")).isEqualTo(helloFrom("alice"));
        }
        telepath.tp("leave", "web").orFail();
        await().untilAsserted(() -> assertThat(as("alice")).isEqualTo(helloFrom("workload")));
    }
}
