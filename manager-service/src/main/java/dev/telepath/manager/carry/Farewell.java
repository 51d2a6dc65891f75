package dev.telepath.manager.carry;

import dev.telepath.manager.session.Sessions;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.jboss.logging.Logger;

/**
 * What an end in order leaves behind. The server tells every edge with GOAWAY; their streams wait, and go on over the next
 * manager at this address.
 */
@Singleton
final class Farewell {
    private static final Logger LOG = Logger.getLogger(Farewell.class);

    void stopping(@Observes ShutdownEvent event, Sessions sessions, LinkRelay links, OwnEdge own) {
        LOG.infof(
                "stopping clients=%d agents=%d links=%d ownStreams=%d",
                sessions.clients().size(),
                sessions.agents().size(),
                links.open(),
                own.streams().open());
    }
}
