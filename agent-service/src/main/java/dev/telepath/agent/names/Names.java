package dev.telepath.agent.names;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * Answers name look-ups with the resolver of the workload's network. Thread-safe; look-ups run on the executor given, a
 * limited number at once.
 */
public final class Names {
    private final Executor blocking;
    private final Semaphore running;

    /**
     * @param blocking may block
     * @param limit look-ups at once; those beyond it fail at once
     */
    public Names(Executor blocking, int limit) {
        this.blocking = blocking;
        this.running = new Semaphore(limit);
    }

    /**
     * The addresses of a name; a trailing dot is ignored.
     *
     * @return empty when the name is unknown; fails when the limit is reached
     */
    public CompletionStage<List<InetAddress>> addresses(String name) {
        return run(() -> {
            try {
                return Arrays.asList(InetAddress.getAllByName(stripDot(name)));
            } catch (UnknownHostException e) {
                return List.of();
            }
        });
    }

    /** A DNS answer: A, AAAA and PTR; other types are answered as not implemented. Never fails. */
    public CompletionStage<DNSResponse> answer(DNSRequest request) {
        CompletionStage<DNSResponse> answered = switch (request.getType()) {
            case Records.A, Records.AAAA ->
                addresses(request.getName()).thenApply(found -> addressAnswer(request, found));
            case Records.PTR -> run(() -> pointerAnswer(request));
            default -> CompletableFuture.completedFuture(code(Records.NOT_IMPLEMENTED));
        };
        return answered.exceptionally(failure -> code(Records.SERVER_FAILURE));
    }

    private static DNSResponse addressAnswer(DNSRequest request, List<InetAddress> found) {
        if (found.isEmpty()) {
            return code(Records.NAME_UNKNOWN);
        }
        ByteString records = ByteString.EMPTY;
        for (InetAddress address : found) {
            if (address instanceof Inet4Address == (request.getType() == Records.A)) {
                records = records.concat(Records.address(request.getName(), address));
            }
        }
        return DNSResponse.newBuilder().setRrs(records).build();
    }

    private static DNSResponse pointerAnswer(DNSRequest request) {
        var address = Records.reversed(request.getName());
        if (address.isEmpty()) {
            return code(Records.NAME_UNKNOWN);
        }
        String host = address.get().getCanonicalHostName();
        if (host.equals(address.get().getHostAddress())) {
            return code(Records.NAME_UNKNOWN);
        }
        return DNSResponse.newBuilder()
                .setRrs(Records.pointer(request.getName(), host))
                .build();
    }

    private static DNSResponse code(int code) {
        return DNSResponse.newBuilder().setRCode(code).build();
    }

    private static String stripDot(String name) {
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }

    private <T> CompletionStage<T> run(Supplier<T> lookup) {
        if (!running.tryAcquire()) {
            return CompletableFuture.failedFuture(
                    new IllegalStateException("too many name look-ups at once; raise telepath.agent.lookups"));
        }
        return CompletableFuture.supplyAsync(lookup, blocking).whenComplete((done, failure) -> running.release());
    }
}
