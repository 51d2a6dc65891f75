package dev.telepath.harness;

import dev.telepath.protocol.v1.LivenessGrpc;
import dev.telepath.protocol.v1.Pulse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.vertx.core.Vertx;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Streams of messages both ways: a WebSocket and a stream of gRPC, each of which sends back what it gets.
 *
 * <pre>
 *   FarStreams serve ADDRESS    answers
 *   FarStreams ask ADDRESS      sends {@value #MESSAGES} messages by either, compares the answers, and prints their numbers
 * </pre>
 */
public final class FarStreams {
    public static final int GRPC = 8091;
    private static final int WEB_SOCKET = 8090;
    private static final int MESSAGES = 1000;
    private static final int SECONDS = 60;

    private FarStreams() {}

    /** The command that serves. */
    public static List<String> serving(String address) {
        return command("serve", address);
    }

    /** The command that asks. */
    public static List<String> asking(String address) {
        return command("ask", address);
    }

    private static List<String> command(String what, String address) {
        Path target = Program.root().resolve("integration-tests/target");
        try {
            return List.of(
                    Program.java(),
                    "-Xmx128m",
                    "-XX:TieredStopAtLevel=1",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-cp",
                    target.resolve("classes")
                            + File.pathSeparator
                            + Files.readString(target.resolve("classpath")).strip(),
                    FarStreams.class.getName(),
                    what,
                    address);
        } catch (IOException e) {
            throw new IllegalStateException("not built: ./mvnw package -DskipTests", e);
        }
    }

    public static void main(String... arguments) throws Exception {
        if (arguments[0].equals("serve")) {
            serve(arguments[1]);
        } else {
            webSocket(arguments[1]);
            grpc(arguments[1]);
        }
    }

    private static void serve(String address) throws Exception {
        Vertx.vertx()
                .createHttpServer()
                .webSocketHandler(socket -> socket.textMessageHandler(socket::writeTextMessage))
                .listen(WEB_SOCKET, address)
                .toCompletionStage()
                .toCompletableFuture()
                .get(SECONDS, TimeUnit.SECONDS);
        NettyServerBuilder.forAddress(new InetSocketAddress(address, GRPC))
                .addService(new LivenessGrpc.LivenessImplBase() {
                    @Override
                    public StreamObserver<Pulse> beat(StreamObserver<Pulse> answers) {
                        return answers;
                    }
                })
                .build()
                .start()
                .awaitTermination();
    }

    /** Of every length up to some KiB. */
    private static String text(int number) {
        return number + " ".repeat(number * 7);
    }

    private static void webSocket(String address) throws Exception {
        var all = new CompletableFuture<Integer>();
        try (HttpClient client = HttpClient.newHttpClient()) {
            WebSocket socket = client.newWebSocketBuilder()
                    .buildAsync(URI.create("ws://" + address + ":" + WEB_SOCKET + "/"), new WebSocket.Listener() {
                        private final StringBuilder message = new StringBuilder();
                        private int next;

                        @Override
                        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
                            message.append(data);
                            if (last) {
                                if (!message.toString().equals(text(next))) {
                                    all.completeExceptionally(new IOException("another message than number " + next));
                                }
                                message.setLength(0);
                                if (++next == MESSAGES) {
                                    all.complete(next);
                                }
                            }
                            from.request(1);
                            return CompletableFuture.completedFuture(null);
                        }

                        @Override
                        public void onError(WebSocket from, Throwable failure) {
                            all.completeExceptionally(failure);
                        }
                    })
                    .get(SECONDS, TimeUnit.SECONDS);
            for (int i = 0; i < MESSAGES; i++) {
                socket.sendText(text(i), true).get(SECONDS, TimeUnit.SECONDS);
            }
            System.out.println("websocket=" + all.get(SECONDS, TimeUnit.SECONDS));
            socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(SECONDS, TimeUnit.SECONDS);
        }
    }

    private static void grpc(String address) throws Exception {
        var all = new CompletableFuture<Integer>();
        ManagedChannel channel =
                NettyChannelBuilder.forAddress(address, GRPC).usePlaintext().build();
        StreamObserver<Pulse> pulses = LivenessGrpc.newStub(channel).beat(new StreamObserver<>() {
            private int next;

            @Override
            public void onNext(Pulse pulse) {
                if (pulse.getNumber() != next || !pulse.getSessionId().equals(text(next))) {
                    all.completeExceptionally(new IOException("another message than number " + next));
                }
                next++;
            }

            @Override
            public void onError(Throwable failure) {
                all.completeExceptionally(failure);
            }

            @Override
            public void onCompleted() {
                all.complete(next);
            }
        });
        for (int i = 0; i < MESSAGES; i++) {
            pulses.onNext(Pulse.newBuilder().setNumber(i).setSessionId(text(i)).build());
        }
        pulses.onCompleted();
        System.out.println("grpc=" + all.get(SECONDS, TimeUnit.SECONDS));
        channel.shutdownNow();
    }
}
