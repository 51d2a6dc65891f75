package dev.telepath.manager.drain;

import dev.telepath.manager.carry.LinkRelay;
import dev.telepath.manager.carry.LinkWatchers;
import dev.telepath.manager.carry.OwnEdge;
import dev.telepath.manager.relay.DialWatchers;
import dev.telepath.manager.relay.Relay;
import dev.telepath.manager.session.Draining;
import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/**
 * Ends the manager's work in order. Edges are told to go by the end of their watches, and their resumable streams go on
 * over the next manager. An edge with a stream of the older kind stays until that has finished, since the stream would end
 * with its connection; what is left of those at the end of the time is reset.
 *
 * <p>Thread-safe; runs on the timer's thread.
 */
@Singleton
public final class Drain {
    private static final Logger LOG = Logger.getLogger(Drain.class);
    private static final Duration LOOK = Duration.ofMillis(20);
    /** How long the last words to edges may take. */
    private static final Duration GOODBYE = Duration.ofSeconds(1);

    private final Draining draining;
    private final Sessions sessions;
    private final LinkWatchers linkWatchers;
    private final DialWatchers dialWatchers;
    private final LinkRelay links;
    private final Relay relay;
    private final OwnEdge own;
    private final Timer timer;
    private final Duration most;
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    @Inject
    Drain(
            Draining draining,
            Sessions sessions,
            LinkWatchers linkWatchers,
            DialWatchers dialWatchers,
            LinkRelay links,
            Relay relay,
            OwnEdge own,
            Timer timer,
            ManagerSettings settings) {
        this.draining = draining;
        this.sessions = sessions;
        this.linkWatchers = linkWatchers;
        this.dialWatchers = dialWatchers;
        this.links = links;
        this.relay = relay;
        this.own = own;
        this.timer = timer;
        this.most = settings.drain();
    }

    /**
     * Begins; once.
     *
     * @return completes when nothing is left that would be lost, or the time is over
     */
    public CompletionStage<Void> begin() {
        draining.begin();
        LOG.infof(
                "draining clients=%d agents=%d links=%d olderStreams=%d ownStreams=%d most=%dms",
                sessions.clients().size(),
                sessions.agents().size(),
                links.open(),
                relay.open(),
                own.streams().open(),
                most.toMillis());
        long began = System.nanoTime();
        Future<?> looks = timer.every(LOOK, () -> look(began));
        return over.thenRun(() -> {
            looks.cancel(false);
            LOG.infof(
                    "drained millis=%d links=%d olderStreams=%d",
                    (System.nanoTime() - began) / 1_000_000, links.open(), relay.open());
        });
    }

    private void look(long began) {
        long nanos = System.nanoTime() - began;
        boolean late = nanos >= most.toNanos();
        if (late) {
            relay.endAll();
        }
        // One whose streams have finished goes too, the others stay.
        Set<String> staying = late ? Set.of() : relay.sessions();
        Predicate<Session> goes = session -> !staying.contains(session.id());
        linkWatchers.end(goes);
        dialWatchers.end(goes);
        boolean gone = relay.open() + links.open() + linkWatchers.size() + dialWatchers.size() == 0;
        if (gone || nanos >= most.plus(GOODBYE).toNanos()) {
            over.complete(null);
        }
    }
}
