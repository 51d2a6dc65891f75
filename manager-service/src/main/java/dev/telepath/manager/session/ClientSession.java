package dev.telepath.manager.session;

import dev.telepath.manager.security.Principal;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import java.time.Instant;

/** A client that has arrived. */
public final class ClientSession extends Session {
    private final ClientInfo info;

    ClientSession(String id, Principal owner, ClientInfo info, Instant now) {
        super(id, owner, now);
        this.info = info;
    }

    /** What it said of itself. */
    public ClientInfo info() {
        return info;
    }

    /** The namespace that it works in. */
    public String namespace() {
        return info.getNamespace();
    }

    @Override
    public String product() {
        return info.getProduct();
    }
}
