package dev.telepath.manager.relay;

import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.watch.Outbox;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import io.smallrye.mutiny.Multi;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Predicate;

/**
 * The {@code WatchDial} streams of sessions. A session may have several (a client's two daemons); the newest is asked.
 * Thread-safe.
 */
@Singleton
public final class DialWatchers {
    private final Map<Session, Deque<Outbox<DialRequest>>> watchers = new ConcurrentHashMap<>();
    private final int capacity;

    @Inject
    DialWatchers(ManagerSettings settings, Sessions sessions) {
        this(settings.streams().dialQueue());
        sessions.changes().listen(this::sweep);
    }

    DialWatchers(int capacity) {
        this.capacity = capacity;
    }

    /** Opens a stream of dial requests; it ends with the session, and counts until it is cancelled. */
    public Multi<DialRequest> open(Session session, Executor loop) {
        return Multi.createFrom().deferred(() -> {
            var outbox = new Outbox<DialRequest>(capacity, loop);
            watchers.compute(session, (key, queues) -> {
                var all = queues == null ? new ArrayDeque<Outbox<DialRequest>>() : new ArrayDeque<>(queues);
                all.addFirst(outbox);
                return all;
            });
            if (session.isEnded()) {
                outbox.close();
            }
            return outbox.items().onTermination().invoke(() -> remove(session, outbox));
        });
    }

    private void sweep() {
        watchers.forEach((session, queues) -> {
            if (session.isEnded()) {
                queues.forEach(Outbox::close);
            }
        });
    }

    /** Ends the streams of those sessions normally. */
    public void end(Predicate<Session> whose) {
        watchers.forEach((session, queues) -> {
            if (whose.test(session)) {
                queues.forEach(Outbox::close);
            }
        });
    }

    private void remove(Session session, Outbox<DialRequest> outbox) {
        watchers.computeIfPresent(session, (key, queues) -> {
            var rest = new ArrayDeque<>(queues);
            rest.remove(outbox);
            return rest.isEmpty() ? null : rest;
        });
    }

    /** Whether somebody would be asked. */
    public boolean watches(Session session) {
        return watchers.containsKey(session);
    }

    /** Asks the session's peer to dial. False when nobody watches or its queue is full. */
    boolean ask(Session session, DialRequest request) {
        Deque<Outbox<DialRequest>> queues = watchers.get(session);
        if (queues == null) {
            return false;
        }
        for (Outbox<DialRequest> queue : queues) {
            if (queue.offer(request)) {
                return true;
            }
        }
        return false;
    }

    /** Open streams. */
    public int size() {
        return watchers.values().stream().mapToInt(Deque::size).sum();
    }
}
