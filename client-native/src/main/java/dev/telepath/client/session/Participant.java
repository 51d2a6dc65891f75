package dev.telepath.client.session;

import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import java.util.List;

/**
 * A part of the engine that works on the session. Called on the session's own thread, one call at a time, where nothing else
 * is said.
 */
public interface Participant {
    /** A session is there. May block for as long as its calls take. */
    void attached(Attachment attachment);

    /** The attachment is gone; another may follow. */
    default void detached() {}

    /** About once a second while attached. May block for as long as its calls take. */
    default void tick(Attachment attachment) {}

    /** This machine's addresses or routes may be others than before. On any thread; must not block. */
    default void networkChanged() {}

    /** What a manager that forgot the session is told of its engagements. */
    default List<InterceptInfo> known() {
        return List.of();
    }
}
