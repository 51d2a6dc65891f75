package dev.telepath.manager.wire;

import dev.telepath.manager.security.Principal;
import dev.telepath.manager.security.TokenGate;
import dev.telepath.tunnel.transport.ManagerChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.PooledByteBufAllocator;
import io.vertx.core.Context;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

/**
 * Takes the calls of some methods before the gRPC server sees them. What is no gRPC call over HTTP/2 is left to it.
 * Thread-safe; services run on the event loop of the call's connection.
 */
@Singleton
public final class WireCalls {
    /** Before the handler of all gRPC calls. */
    private static final int FIRST = -10_000;

    private final TokenGate gate;
    /**
     * The HTTP server's own allocator makes TLS a new array of 16 KiB for each record, however few bytes are in it: nine
     * tenths of what a relayed request costs in memory. The engine of TLS works in arrays, hence these and no direct ones.
     */
    private final PooledByteBufAllocator arrays = new PooledByteBufAllocator(false);

    @Inject
    WireCalls(TokenGate gate, MeterRegistry meters) {
        this.gate = gate;
        Gauge.builder("telepath.connection.buffers", () -> arrays.metric().usedHeapMemory())
                .baseUnit("bytes")
                .register(meters);
    }

    /** Lets a service take the calls of a method on the TLS port, from callers with a valid token. */
    public void route(Router router, MethodDescriptor<?, ?> method, BiConsumer<HttpCall, Principal> service) {
        String name = method.getFullMethodName();
        router.route("/" + name).order(FIRST).handler(context -> {
            HttpServerRequest request = context.request();
            if (!isCall(request)) {
                context.next();
                return;
            }
            var call = new HttpCall(request, name);
            call.prepareConnection(arrays);
            CompletableFuture<Principal> who = gate.admit(
                            request.getHeader(HttpHeaders.AUTHORIZATION),
                            request.getHeader(ManagerChannel.OWNER_HEADER),
                            name,
                            call.peer())
                    .toCompletableFuture();
            if (who.isDone()) {
                decided(who, call, request, service);
                return;
            }
            // On the call's own loop, and unread meanwhile.
            Context loop = context.vertx().getOrCreateContext();
            who.whenComplete((caller, failure) -> loop.runOnContext(now -> decided(who, call, request, service)));
        });
    }

    /**
     * Lets a service take a request of another port, if it is a call of the method.
     *
     * @param caller who all callers of that port are
     * @return whether it was taken
     */
    public static boolean take(
            HttpServerRequest request,
            MethodDescriptor<?, ?> method,
            Principal caller,
            BiConsumer<HttpCall, Principal> service) {
        String name = method.getFullMethodName();
        if (!isCall(request) || !request.path().equals("/" + name)) {
            return false;
        }
        var call = new HttpCall(request, name);
        serve(call, request, () -> service.accept(call, caller));
        return true;
    }

    private static void decided(
            CompletableFuture<Principal> who,
            HttpCall call,
            HttpServerRequest request,
            BiConsumer<HttpCall, Principal> service) {
        if (call.gone()) {
            return;
        }
        if (who.state() == CompletableFuture.State.SUCCESS) {
            serve(call, request, () -> service.accept(call, who.resultNow()));
        } else {
            call.refuse(Status.fromThrowable(who.exceptionNow()));
        }
    }

    private static void serve(HttpCall call, HttpServerRequest request, Runnable service) {
        try {
            String encoding = request.getHeader("grpc-encoding");
            if (encoding != null && !"identity".equals(encoding)) {
                request.response().putHeader("grpc-accept-encoding", "identity");
                throw MessagePrefix.compressed();
            }
            service.run();
        } catch (StatusRuntimeException refused) {
            call.refuse(refused.getStatus());
        }
    }

    private static boolean isCall(HttpServerRequest request) {
        String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
        return request.version() == HttpVersion.HTTP_2
                && type != null
                && (type.equals("application/grpc") || type.startsWith("application/grpc+proto"));
    }
}
