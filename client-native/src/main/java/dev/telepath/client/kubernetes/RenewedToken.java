package dev.telepath.client.kubernetes;

import dev.telepath.client.failure.Failure;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * The token that calls carry. The first call after four fifths of its life has another one fetched meanwhile, one at a
 * time; one that cannot be had is tried again a while later. Needs no end of its own. Thread-safe; never blocks.
 */
final class RenewedToken implements Supplier<String> {
    private static final Logger LOG = Logger.getLogger(RenewedToken.class);
    private static final Duration PAUSE = Duration.ofSeconds(10);

    private final Supplier<Cluster.Token> source;
    private final InstantSource clock;
    private final Executor background;
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile Cluster.Token token;
    private volatile Instant renew;

    /**
     * @param first what is had already
     * @param source fetches another; blocks, fails with a {@link Failure}
     * @param background where that is done
     */
    RenewedToken(Cluster.Token first, Supplier<Cluster.Token> source, InstantSource clock, Executor background) {
        this.token = first;
        this.source = source;
        this.clock = clock;
        this.background = background;
        this.renew = renewal(first);
    }

    @Override
    public String get() {
        if (!clock.instant().isBefore(renew) && busy.compareAndSet(false, true)) {
            background.execute(this::fetch);
        }
        return token.bearer();
    }

    private void fetch() {
        try {
            Cluster.Token next = source.get();
            token = next;
            renew = renewal(next);
            LOG.debugf("token renewed expires=%s", next.expires());
        } catch (Failure e) {
            renew = clock.instant().plus(PAUSE);
            LOG.warnf("token not renewed expires=%s cause=\"%s\"", token.expires(), e.message());
        } finally {
            busy.set(false);
        }
    }

    private Instant renewal(Cluster.Token next) {
        Duration life = Duration.between(clock.instant(), next.expires());
        return clock.instant().plus(life.multipliedBy(4).dividedBy(5));
    }
}
