package dev.telepath.manager.dns;

import dev.telepath.protocol.telepresence.manager.DNSResponse;
import io.smallrye.mutiny.Uni;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * The manager's own resolver: what the Java runtime resolves, so only A and AAAA have records. Blocking look-ups run on
 * virtual threads.
 */
final class OwnResolver {
    static final int NO_ERROR = 0;
    static final int SERVER_FAILURE = 2;
    static final int NAME_ERROR = 3;

    private final Executor threads;
    private final Duration ttl;

    OwnResolver(Executor threads, Duration ttl) {
        this.threads = threads;
        this.ttl = ttl;
    }

    Uni<DNSResponse> resolve(String name, int type) {
        return Uni.createFrom().item(() -> lookUp(name, type)).runSubscriptionOn(threads);
    }

    private DNSResponse lookUp(String name, int type) {
        try {
            String plain = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
            return answer(name, type, List.of(InetAddress.getAllByName(plain)), ttl);
        } catch (UnknownHostException | IllegalArgumentException e) {
            return code(NAME_ERROR);
        }
    }

    /** The answer for a name that exists: its records of that type, or none (NODATA). */
    static DNSResponse answer(String name, int type, List<InetAddress> addresses, Duration ttl) {
        int length = type == ResourceRecords.A ? 4 : type == ResourceRecords.AAAA ? 16 : -1;
        List<InetAddress> fitting = addresses.stream()
                .filter(one -> one.getAddress().length == length)
                .toList();
        return DNSResponse.newBuilder()
                .setRCode(NO_ERROR)
                .setRrs(ResourceRecords.pack(name, ttl, fitting))
                .build();
    }

    static DNSResponse code(int code) {
        return DNSResponse.newBuilder().setRCode(code).build();
    }
}
