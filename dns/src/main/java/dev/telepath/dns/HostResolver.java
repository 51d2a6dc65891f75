package dev.telepath.dns;

import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Resolves names as programs of this machine do: addresses by the Java runtime, which honours {@code /etc/hosts}, everything else
 * by name servers. Thread-safe, never blocks; a limited number of look-ups runs at once.
 */
public final class HostResolver {
    private static final Logger LOG = Logger.getLogger(HostResolver.class);

    private static final int MOST_TYPE = 0xffff;

    private final Executor blocking;
    private final Lookup servers;
    private final Limit limit;
    private final long ttl;
    private final Semaphore free;

    /**
     * How much is done at once.
     *
     * @param lookups at once; those beyond it fail at once
     * @param setting that says so, for the message
     */
    public record Limit(int lookups, String setting) {}

    /**
     * @param blocking may block
     * @param servers asked for what the runtime does not resolve; an answer of theirs that a type is not implemented is passed on
     * @param ttl of records that have none, because the runtime resolved them; 0 to 2^31 - 1 s
     */
    public HostResolver(Executor blocking, Lookup servers, Limit limit, Duration ttl) {
        this.blocking = blocking;
        this.servers = servers;
        this.limit = limit;
        this.ttl = ttl.toSeconds();
        this.free = new Semaphore(limit.lookups());
    }

    /**
     * The addresses of a name; a trailing dot is ignored.
     *
     * @return empty when the name is unknown; fails when the limit is reached
     */
    public CompletionStage<List<InetAddress>> addresses(String name) {
        return limited(() -> CompletableFuture.supplyAsync(() -> addressesNow(name), blocking));
    }

    /** Records of any type, under the name that has them. Never fails: what cannot be asked is a failure by its code. */
    public CompletionStage<Answer> answer(String name, int type) {
        return limited(() -> answered(name, type)).exceptionally(failure -> {
            LOG.debugf("name not resolved name=%s type=%d cause=\"%s\"", name, type, failure.getMessage());
            return Answer.FAILED;
        });
    }

    private CompletionStage<Answer> answered(String name, int type) {
        Optional<DomainName> owner = DomainName.of(name);
        if (owner.isEmpty() || name.isEmpty()) {
            return CompletableFuture.completedFuture(Answer.code(ResponseCode.NAME_ERROR));
        }
        if (type < 1 || type > MOST_TYPE) {
            return CompletableFuture.completedFuture(Answer.code(ResponseCode.NOT_IMPLEMENTED));
        }
        return switch (type) {
            case RecordType.A, RecordType.AAAA ->
                CompletableFuture.supplyAsync(() -> addressesOf(name, owner.get(), type), blocking);
            case RecordType.PTR ->
                CompletableFuture.supplyAsync(() -> pointer(owner.get()), blocking)
                        .thenCompose(found -> found.isPresent()
                                ? CompletableFuture.completedFuture(found.get())
                                : servers.ask(name, type));
            default -> servers.ask(name, type);
        };
    }

    private Answer addressesOf(String name, DomainName owner, int type) {
        List<InetAddress> found = owner.isRoot() ? List.of() : addressesNow(name);
        return found.isEmpty() && !owner.isRoot()
                ? Answer.code(ResponseCode.NAME_ERROR)
                : Answer.of(found.stream()
                        .map(one -> ResourceRecord.address(owner, one, ttl))
                        .filter(one -> one.type() == type)
                        .toList());
    }

    private static List<InetAddress> addressesNow(String name) {
        try {
            return Arrays.asList(
                    InetAddress.getAllByName(name.endsWith(".") ? name.substring(0, name.length() - 1) : name));
        } catch (UnknownHostException e) {
            return List.of();
        }
    }

    /** Empty where the runtime knows no name of the address, or the name is none of an address. */
    private Optional<Answer> pointer(DomainName owner) {
        return owner.plain()
                .flatMap(ReverseName::address)
                .flatMap(address -> {
                    String host = address.getCanonicalHostName();
                    return host.equals(address.getHostAddress()) ? Optional.empty() : DomainName.of(host);
                })
                .map(host -> Answer.of(
                        List.of(new ResourceRecord(owner, RecordType.PTR, ttl, ByteString.copyFrom(host.wire())))));
    }

    private <T> CompletionStage<T> limited(Supplier<CompletionStage<T>> lookup) {
        if (!free.tryAcquire()) {
            return CompletableFuture.failedFuture(
                    new IllegalStateException("too many name look-ups at once; raise " + limit.setting()));
        }
        CompletionStage<T> running;
        try {
            running = lookup.get();
        } catch (RuntimeException e) {
            running = CompletableFuture.failedFuture(e);
        }
        return running.whenComplete((done, failure) -> free.release());
    }
}
