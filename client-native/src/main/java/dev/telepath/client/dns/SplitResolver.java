package dev.telepath.client.dns;

import dev.telepath.client.dns.DnsMetrics.Kind;
import dev.telepath.dns.NameServers;
import dev.telepath.dns.Query;
import dev.telepath.dns.RecordType;
import dev.telepath.dns.ResponseCode;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/** Sends each question where its name belongs: to the cluster, or as it came to the machine's own servers. */
final class SplitResolver implements Resolver {
    private static final Logger LOG = Logger.getLogger(SplitResolver.class);
    private static final byte[] NOTHING = new byte[0];

    private final DnsSettings settings;
    private final Supplier<ClusterNames> names;
    private final Translation translation;
    private final ClusterLookup cluster;
    private final NameServers others;
    private final LoopProbe probe;
    private final DnsMetrics metrics;
    private final Semaphore free;
    private volatile boolean closed;

    SplitResolver(
            DnsSettings settings,
            Supplier<ClusterNames> names,
            Translation translation,
            ClusterLookup cluster,
            NameServers others,
            LoopProbe probe,
            DnsMetrics metrics) {
        this.settings = settings;
        this.names = names;
        this.translation = translation;
        this.cluster = cluster;
        this.others = others;
        this.probe = probe;
        this.metrics = metrics;
        this.free = new Semaphore(settings.maxPending());
    }

    @Override
    public CompletionStage<byte[]> answer(byte[] message, int most) {
        if (!Query.asks(message)) {
            return CompletableFuture.completedFuture(NOTHING);
        }
        if (Query.opcode(message) != 0) {
            return CompletableFuture.completedFuture(Replies.code(message, ResponseCode.NOT_IMPLEMENTED));
        }
        return Query.parse(message)
                .map(query -> answer(query, most))
                .orElseGet(() -> CompletableFuture.completedFuture(Replies.code(message, ResponseCode.FORMAT_ERROR)));
    }

    private CompletionStage<byte[]> answer(Query query, int most) {
        long start = System.nanoTime();
        ClusterNames now = names.get();
        Optional<String> name = query.plainName().filter(any -> query.isOfInternet());
        if (name.filter(probe::isProbe).isPresent()) {
            return CompletableFuture.completedFuture(Replies.code(query, ResponseCode.NAME_ERROR));
        }
        Destination to = name.map(one -> now.of(one, query.type(), translation)).orElseGet(Destination.Other::new);
        Kind kind = to instanceof Destination.Other ? Kind.OTHER : Kind.CLUSTER;
        if (closed || !free.tryAcquire()) {
            metrics.refused(kind);
            return CompletableFuture.completedFuture(Replies.code(query, ResponseCode.SERVER_FAILURE));
        }
        CompletionStage<byte[]> answered = switch (to) {
            case Destination.Other other -> others.ask(query, most);
            case Destination.Fixed(var address) ->
                CompletableFuture.completedFuture(Replies.fixed(query, address, most));
            case Destination.Cluster far -> cluster(query, far, now.view(), most);
        };
        return answered.handle((answer, failure) -> {
            free.release();
            if (failure != null) {
                LOG.debugf(
                        "name not resolved name=%s type=%d cause=\"%s\"",
                        query.name(), query.type(), failure.getMessage());
            }
            byte[] told = answer == null ? Replies.code(query, ResponseCode.SERVER_FAILURE) : answer;
            byte[] fitting = told.length <= most ? told : Replies.cut(query, told[3] & 0xf);
            metrics.answered(kind, fitting, System.nanoTime() - start);
            return fitting;
        });
    }

    private CompletionStage<byte[]> cluster(Query query, Destination.Cluster far, ClusterNames.View view, int most) {
        // The domain loops, and no other server has its names: only what is asked in a circle is not answered.
        if (probe.loops().contains(view.domain()) && cluster.isUnderWay(far.name(), query.type())) {
            return CompletableFuture.completedFuture(Replies.code(query, ResponseCode.SERVER_FAILURE));
        }
        return cluster.ask(far.name(), query.type())
                .toCompletableFuture()
                .copy()
                .orTimeout(settings.lookupTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .thenCompose(found -> {
                    if (far.elsewhere() && found.answer().isUnknownName()) {
                        return others.ask(query, most);
                    }
                    byte[] answer = Replies.cluster(query, found, far.name(), view.domain(), translation, most);
                    return far.elsewhere() && found.answer().isUnsupportedType()
                            ? cluster.ask(far.name(), RecordType.A)
                                    .thenCompose(addresses -> addresses.answer().isUnknownName()
                                            ? others.ask(query, most)
                                            : CompletableFuture.completedFuture(answer))
                            : CompletableFuture.completedFuture(answer);
                });
    }

    /** Questions under way. */
    int pending() {
        return settings.maxPending() - free.availablePermits();
    }

    void close() {
        closed = true;
    }
}
