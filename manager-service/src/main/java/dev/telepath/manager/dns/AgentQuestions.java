package dev.telepath.manager.dns;

import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.watch.Outbox;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Puts questions to agents over their {@code WatchLookupDNS} streams and takes their answers. Equal questions that are
 * under way share one answer. Thread-safe.
 */
@Singleton
public final class AgentQuestions {
    private final Map<AgentSession, Outbox<DNSRequest>> watchers = new ConcurrentHashMap<>();
    private final Map<Asked, CompletableFuture<DNSResponse>> pending = new ConcurrentHashMap<>();
    private final Timer timer;
    private final Duration most;
    private final int maxPending;

    private record Asked(AgentSession agent, String clientSession, String name, int type) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Asked that
                    && type == that.type
                    && agent.equals(that.agent)
                    && clientSession.equals(that.clientSession)
                    && name.equals(that.name);
        }

        @Override
        public int hashCode() {
            return Objects.hash(agent, clientSession, name, type);
        }
    }

    @Inject
    AgentQuestions(ManagerSettings settings, Timer timer, Sessions sessions) {
        this(settings.dns(), timer, sessions);
    }

    AgentQuestions(ManagerSettings.DnsSettings settings, Timer timer, Sessions sessions) {
        this.timer = timer;
        this.most = settings.agentTimeout();
        this.maxPending = settings.maxPending();
        sessions.changes().listen(this::sweep);
    }

    /** Opens an agent's stream of questions; it replaces an earlier one. */
    public Multi<DNSRequest> open(AgentSession agent, Executor loop) {
        return Multi.createFrom().deferred(() -> {
            var outbox = new Outbox<DNSRequest>(maxPending, loop);
            Outbox<DNSRequest> before = watchers.put(agent, outbox);
            if (before != null) {
                before.close();
            }
            if (agent.isEnded()) {
                outbox.close();
            }
            return outbox.items().onTermination().invoke(() -> watchers.remove(agent, outbox));
        });
    }

    private void sweep() {
        watchers.forEach((agent, outbox) -> {
            if (agent.isEnded()) {
                outbox.close();
            }
        });
    }

    boolean watches(AgentSession agent) {
        return watchers.containsKey(agent);
    }

    /** Asks an agent. Fails when it does not take questions or does not answer in time. */
    Uni<DNSResponse> ask(AgentSession agent, DNSRequest question) {
        var asked = new Asked(agent, question.getSession().getSessionId(), question.getName(), question.getType());
        var fresh = new CompletableFuture<DNSResponse>();
        CompletableFuture<DNSResponse> there = pending.putIfAbsent(asked, fresh);
        if (there != null) {
            return Uni.createFrom().completionStage(there);
        }
        Future<?> timeout =
                timer.after(most, () -> fresh.completeExceptionally(new TimeoutException("the agent did not answer")));
        fresh.whenComplete((answer, failure) -> {
            timeout.cancel(false);
            pending.remove(asked, fresh);
        });
        Outbox<DNSRequest> outbox = watchers.get(agent);
        if (pending.size() > maxPending || outbox == null || !outbox.offer(question)) {
            fresh.completeExceptionally(new IllegalStateException("the agent takes no questions now"));
        }
        return Uni.createFrom().completionStage(fresh);
    }

    /** An agent's answer; one that nobody waits for any more is dropped. */
    public void answer(AgentSession agent, DNSRequest question, DNSResponse answer) {
        var asked = new Asked(agent, question.getSession().getSessionId(), question.getName(), question.getType());
        CompletableFuture<DNSResponse> waiting = pending.get(asked);
        if (waiting != null) {
            waiting.complete(answer);
        }
    }
}
