package dev.telepath.manager.session;

import dev.telepath.manager.security.Principal;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A client or agent that has arrived. Identity, not value: two sessions are never equal. Thread-safe. */
public abstract sealed class Session permits ClientSession, AgentSession {
    private final String id;
    private final Principal owner;
    private final Instant arrived;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile Instant lastSeen;

    Session(String id, Principal owner, Instant now) {
        this.id = id;
        this.owner = owner;
        this.arrived = now;
        this.lastSeen = now;
    }

    public String id() {
        return id;
    }

    /** Who arrived; only that one may use the session. */
    public Principal owner() {
        return owner;
    }

    /** When it came to this manager. */
    public Instant arrived() {
        return arrived;
    }

    /** The program that it said it is, as {@code telepath}; empty when it said nothing. */
    public abstract String product();

    /** When it was last heard of. */
    public Instant lastSeen() {
        return lastSeen;
    }

    void seen(Instant now) {
        lastSeen = now;
    }

    /** Completes, never exceptionally, when the session departs or expires. */
    public CompletionStage<Void> ended() {
        return ended;
    }

    /** Whether it has departed or expired. */
    public boolean isEnded() {
        return ended.isDone();
    }

    boolean end() {
        return ended.complete(null);
    }
}
