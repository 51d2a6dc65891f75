package dev.telepath.manager.security;

import io.grpc.ServerCall;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A call whose caller is not known yet. Nothing is asked of its peer meanwhile, so what comes is a few events at most.
 * Confined to the call's thread.
 */
final class HeldCall<I> extends ServerCall.Listener<I> {
    private final Queue<Consumer<ServerCall.Listener<I>>> events = new ArrayDeque<>();
    private ServerCall.@Nullable Listener<I> started;

    /** The call goes on. */
    void start(ServerCall.Listener<I> listener) {
        started = listener;
        for (var event = events.poll(); event != null; event = events.poll()) {
            event.accept(listener);
        }
    }

    private void event(Consumer<ServerCall.Listener<I>> event) {
        ServerCall.Listener<I> listener = started;
        if (listener == null) {
            events.add(event);
        } else {
            event.accept(listener);
        }
    }

    @Override
    public void onMessage(I message) {
        event(listener -> listener.onMessage(message));
    }

    @Override
    public void onHalfClose() {
        event(ServerCall.Listener::onHalfClose);
    }

    @Override
    public void onCancel() {
        event(ServerCall.Listener::onCancel);
    }

    @Override
    public void onComplete() {
        event(ServerCall.Listener::onComplete);
    }

    @Override
    public void onReady() {
        event(ServerCall.Listener::onReady);
    }
}
