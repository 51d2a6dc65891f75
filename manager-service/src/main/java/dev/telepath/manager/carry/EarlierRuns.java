package dev.telepath.manager.carry;

import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.Over;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells the edges that take streams which of them nobody resumes: those of a process that is gone while another has its
 * session, and those of a session that was departed from.
 *
 * <p>Every edge says its run at each attach, so a manager that has just come knows too; an edge that attaches is told all
 * runs of the other role. What is told is true whenever it arrives, see {@link dev.telepath.tunnel.carry.Acceptor#over}.
 * Thread-safe.
 */
@Singleton
final class EarlierRuns {
    /** Before which every run is. */
    private static final long NONE = -1L;

    private final Sessions sessions;
    private final LinkWatchers watchers;
    private final OwnEdge own;
    /** One for each session that watches or has; 0 where no other process had it. */
    private final Map<Session, Long> runs = new ConcurrentHashMap<>();

    @Inject
    EarlierRuns(Sessions sessions, LinkWatchers watchers, OwnEdge own) {
        this.sessions = sessions;
        this.watchers = watchers;
        this.own = own;
        sessions.changes().listen(this::sweep);
    }

    /** A session watches, and says its run. It is told first what was said while it was away. */
    void watching(Session session, long run) {
        Long before = runs.put(session, run);
        if (run != 0 && (before == null || before != run)) {
            tell(session, run);
        }
        runs.forEach((other, its) -> {
            if (its != 0 && concerns(other, session)) {
                tell(session, over(other, its));
            }
        });
    }

    /** Streams go from clients to agents and from agents to clients. */
    private static boolean concerns(Session session, Session watcher) {
        return session.getClass() != watcher.getClass();
    }

    private static LinkRequest over(Session session, long beforeRun) {
        return LinkRequest.newBuilder()
                .setOver(Over.newBuilder().setSessionId(session.id()).setBeforeRun(beforeRun))
                .build();
    }

    private void tell(Session session, long beforeRun) {
        LinkRequest word = over(session, beforeRun);
        own.over(word.getOver());
        watchers.sessions().stream().filter(each -> concerns(session, each)).forEach(each -> tell(each, word));
    }

    private void tell(Session watcher, LinkRequest word) {
        watchers.tell(watcher.id(), word, () -> true);
    }

    /** An edge whose session expired may come back, and its streams with it; one that departed does not. */
    private void sweep() {
        runs.keySet().forEach(session -> {
            if (session.isEnded() && runs.remove(session) != null && sessions.departed(session.id())) {
                tell(session, NONE);
            }
        });
    }
}
