package dev.telepath.manager.carry;

import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.watch.Outbox;
import dev.telepath.protocol.v1.LinkRequest;
import io.smallrye.mutiny.Multi;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** The {@code WatchLinks} streams of sessions, one for each; a newer one takes the place of the older. Thread-safe. */
@Singleton
public final class LinkWatchers {
    /** How long a request waits for room in a full queue before it is offered again. */
    private static final Duration AGAIN = Duration.ofMillis(50);

    private final Map<String, Watcher> watchers = new ConcurrentHashMap<>();
    private final Set<Session> once = ConcurrentHashMap.newKeySet();
    private final Timer timer;
    private final int capacity;

    private record Watcher(Session session, Outbox<LinkRequest> box) {}

    @Inject
    LinkWatchers(ManagerSettings settings, Sessions sessions, Timer timer) {
        this.timer = timer;
        this.capacity = settings.streams().dialQueue();
        sessions.changes().listen(this::sweep);
    }

    private void sweep() {
        once.removeIf(Session::isEnded);
        watchers.values().forEach(one -> {
            if (one.session().isEnded()) {
                one.box().close();
            }
        });
    }

    /** Opens a stream of requests; it counts until it is cancelled. */
    Multi<LinkRequest> open(Session session, Executor loop) {
        return Multi.createFrom().deferred(() -> {
            var outbox = new Outbox<LinkRequest>(capacity, loop);
            once.add(session);
            var watcher = new Watcher(session, outbox);
            Watcher before = watchers.put(session.id(), watcher);
            if (before != null) {
                before.box().close();
            }
            if (session.isEnded()) {
                outbox.close();
            }
            return outbox.items().onTermination().invoke(() -> watchers.remove(session.id(), watcher));
        });
    }

    /** Ends the streams of those sessions normally. */
    public void end(Predicate<Session> whose) {
        watchers.values().forEach(one -> {
            if (whose.test(one.session())) {
                one.box().close();
            }
        });
    }

    /** Whether that session would be asked now. */
    public boolean watches(Session session) {
        return watchers.containsKey(session.id());
    }

    /** As {@link #watches(Session)}, by id. */
    boolean watches(String session) {
        return watchers.containsKey(session);
    }

    /** Those that would be asked now. */
    List<Session> sessions() {
        return watchers.values().stream().map(Watcher::session).toList();
    }

    /** Whether the session is one that watches, even if it does not just now. */
    boolean watchedBefore(Session session) {
        return once.contains(session);
    }

    /**
     * Tells a session, again and again while its queue is full, for as long as it watches. One that does not is told
     * nothing.
     *
     * @param wanted asked before each time: false gives it up
     */
    void tell(String session, LinkRequest request, BooleanSupplier wanted) {
        Watcher watcher = watchers.get(session);
        if (watcher != null && wanted.getAsBoolean() && !watcher.box().offer(request)) {
            var _ = timer.after(AGAIN, () -> tell(session, request, wanted));
        }
    }

    /** Open streams. */
    public int size() {
        return watchers.size();
    }
}
