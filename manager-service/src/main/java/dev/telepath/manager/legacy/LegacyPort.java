package dev.telepath.manager.legacy;

import dev.telepath.manager.connection.CallsEnd;
import dev.telepath.manager.connection.Connections;
import dev.telepath.manager.relay.TunnelService;
import dev.telepath.manager.security.LegacyCallers;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.service.ManagerService;
import dev.telepath.manager.settings.ManagerSettings;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.quarkus.grpc.GlobalInterceptor;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.impl.cpu.CpuCoreSensor;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import io.vertx.grpcio.server.GrpcIoServiceBridge;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The clear-text port (h2c) for Telepresence peers: {@code telepresence.manager.Manager} and the gRPC health service,
 * nothing else. Callers are legacy principals.
 */
@Singleton
public final class LegacyPort {
    private static final Duration START = Duration.ofSeconds(10);
    /** A negative port is a random one that all instances share. */
    private static final int SHARED_RANDOM_PORT = -1;

    private static final int STREAM_WINDOW = 256 * 1024;
    private static final int CONNECTION_WINDOW = 64 * 1024 * 1024;
    private static final int MAX_MESSAGE = 4 * 1024 * 1024;
    private static final int UNSUPPORTED_MEDIA_TYPE = 415;
    private static final int MAX_HEADERS = 16 * 1024;
    private static final int RESETS_PER_WINDOW = 100_000;
    private static final int RESET_WINDOW_SECONDS = 10;

    private final Vertx vertx;
    private final ManagerService manager;
    private final TunnelService tunnels;
    private final Connections connections;
    private final CallsEnd callsEnd;
    private final LegacyHealth health = new LegacyHealth();
    private final ManagerSettings settings;
    private final Principal caller;

    @Inject
    LegacyPort(
            Vertx vertx,
            @GrpcService ManagerService manager,
            TunnelService tunnels,
            Connections connections,
            @GlobalInterceptor CallsEnd callsEnd,
            ManagerSettings settings) {
        this.connections = connections;
        this.callsEnd = callsEnd;
        this.vertx = vertx;
        this.manager = manager;
        this.tunnels = tunnels;
        this.settings = settings;
        this.caller = switch (settings.legacyAgents()) {
            case OWN -> Principal.LEGACY;
            case ALL -> Principal.TRUSTED_LEGACY;
        };
    }

    /**
     * Listens. Blocks until it does.
     *
     * @param port 0 takes a free one
     * @return the port
     * @throws Exception when the port is in use or may not be opened
     */
    public int listen(int port) throws Exception {
        var bound = new AtomicInteger(port == 0 ? SHARED_RANDOM_PORT : port);
        int loops = CpuCoreSensor.availableProcessors();
        vertx.deployVerticle(() -> new Listener(bound), new DeploymentOptions().setInstances(loops))
                .toCompletionStage()
                .toCompletableFuture()
                .get(START.toSeconds(), TimeUnit.SECONDS);
        return bound.get();
    }

    private GrpcServer services() {
        GrpcServer server = GrpcServer.server(vertx, new GrpcServerOptions().setMaxMessageSize(MAX_MESSAGE));
        bind(server, manager.bindService());
        bind(server, health.bindService());
        return server;
    }

    /** What is no gRPC call is told so, instead of a success without content. */
    private Handler<HttpServerRequest> grpcOnly(GrpcServer services) {
        return request -> {
            if (tunnels.takeLegacy(request, caller)) {
                return;
            }
            connections.note(request);
            String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
            if (type != null && type.startsWith("application/grpc")) {
                services.handle(request);
            } else {
                request.response().setStatusCode(UNSUPPORTED_MEDIA_TYPE).end();
            }
        };
    }

    private void bind(GrpcServer server, ServerServiceDefinition service) {
        GrpcIoServiceBridge.bridge(ServerInterceptors.intercept(LegacyCallers.mark(service, caller), callsEnd))
                .bind(server);
    }

    private HttpServerOptions options(int port) {
        return new HttpServerOptions()
                .setHost(settings.host())
                .setPort(port)
                .setHttp2ClearTextEnabled(true)
                .setMaxHeaderSize(MAX_HEADERS)
                .setIdleTimeout(0)
                .setHttp2ConnectionWindowSize(CONNECTION_WINDOW)
                .setHttp2RstFloodMaxRstFramePerWindow(RESETS_PER_WINDOW)
                .setHttp2RstFloodWindowDuration(RESET_WINDOW_SECONDS)
                .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS)
                .setInitialSettings(new Http2Settings()
                        .setMaxConcurrentStreams(Integer.MAX_VALUE)
                        .setInitialWindowSize(STREAM_WINDOW)
                        .setMaxHeaderListSize(MAX_HEADERS));
    }

    /** One event loop's share of the port. */
    private final class Listener extends AbstractVerticle {
        private final AtomicInteger bound;
        private final int port;

        Listener(AtomicInteger bound) {
            this.bound = bound;
            this.port = bound.get();
        }

        @Override
        public void start(Promise<Void> started) {
            HttpServer server = vertx.createHttpServer(options(port))
                    .connectionHandler(AnyAuthority::allow)
                    .requestHandler(grpcOnly(services()));
            server.listen()
                    .onSuccess(listening -> bound.set(listening.actualPort()))
                    .<Void>mapEmpty()
                    .onComplete(started);
        }
    }
}
