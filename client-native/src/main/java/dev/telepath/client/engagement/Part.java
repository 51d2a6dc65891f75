package dev.telepath.client.engagement;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One port of an engagement, which the manager knows as an engagement of its own. Guarded by its {@link Engagements}. */
final class Part {
    final EngagementSpec spec;
    final PortMapping port;
    final String wireName;
    /** As the manager last showed it. */
    @Nullable
    InterceptInfo info;
    /** A call that creates it is under way. */
    boolean creating;
    /** When it was last created or that failed, and when that may be tried again; {@code System.nanoTime}. */
    long nextCreate;

    int attempts;
    String lastError = "";
    String localError = "";

    @Nullable
    Instant localErrorAt;

    Part(EngagementSpec spec, PortMapping port) {
        this.spec = spec;
        this.port = port;
        this.wireName = spec.wireName(port);
        this.nextCreate = System.nanoTime();
    }

    InterceptDispositionType disposition() {
        InterceptInfo known = info;
        return known == null ? InterceptDispositionType.UNSPECIFIED : known.getDisposition();
    }

    boolean active() {
        return disposition() == InterceptDispositionType.ACTIVE;
    }

    /** Whether the manager or agent said no; WAITING and NO_AGENT may still become ACTIVE. */
    boolean refused() {
        return switch (disposition()) {
            case AGENT_ERROR, BAD_ARGS, NO_MECHANISM, NO_PORTS, NO_CLIENT -> true;
            default -> false;
        };
    }

    /**
     * The last that is not active yet; null when all are.
     *
     * @throws Failure when one was refused
     */
    static @Nullable Part waiting(List<Part> parts) {
        Part waiting = null;
        for (Part part : parts) {
            if (part.refused()) {
                throw part.refusal();
            }
            waiting = part.active() ? waiting : part;
        }
        return waiting;
    }

    /** Why manager or agent do not want it. */
    Failure refusal() {
        InterceptInfo known = info;
        String why =
                known == null || known.getMessage().isEmpty() ? disposition().toString() : known.getMessage();
        Kind kind = switch (disposition()) {
            case AGENT_ERROR -> Kind.CONFLICT;
            case BAD_ARGS -> Kind.USAGE;
            default -> Kind.FAILED;
        };
        return new Failure(
                kind,
                "cannot " + spec.kind().label() + " " + spec.workload() + ": " + why,
                "see tp list for who engages it");
    }

    /** That it did not become active in time. */
    Failure late(Duration most) {
        InterceptInfo known = info;
        String state = known == null ? lastError : known.getDisposition() + " " + known.getMessage();
        return new Failure(
                Kind.TIMED_OUT,
                spec.workload() + " did not take the engagement within " + most.toSeconds() + " s (" + state.strip()
                        + ")",
                "check that an agent of the workload is attached (tp list -a); timeouts.intercept sets the limit");
    }
}
