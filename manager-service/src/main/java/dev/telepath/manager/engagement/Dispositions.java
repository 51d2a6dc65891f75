package dev.telepath.manager.engagement;

import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.ACTIVE;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.AGENT_ERROR;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.NO_AGENT;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.NO_MECHANISM;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.REMOVED;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.WAITING;

import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;

/**
 * The life of an engagement as a pure function.
 *
 * <pre>
 *             agents fit                    review: ok
 *   created ─────────────► WAITING ───────────────────────► ACTIVE
 *      │                   ▲  │  │  its agent gone, others fit │ │
 *      │ none fits         │  │  └─────────◄───────────────────┘ │
 *      ▼        agents fit │  │ review: refused                  │ review: revoked
 *   NO_AGENT ──────────────┘  ▼                                  │
 *   NO_MECHANISM          AGENT_ERROR ◄──────────────────────────┘
 *
 *   any ── removed ──► REMOVED         AGENT_ERROR ── no agent left ──► NO_AGENT
 * </pre>
 *
 * NO_CLIENT, NO_PORTS and BAD_ARGS are set by other managers only; they stay.
 */
final class Dispositions {
    private static final String AWAITING = "Waiting for Agent approval";

    private Dispositions() {}

    /** What happened. */
    sealed interface Event {
        /** The agents of the workload changed, or are looked at for the first time. */
        record Agents(Fitness fitness) implements Event {}

        /** The agent that carries the engagement is gone; the others are as said. */
        record CarrierLost(Fitness others) implements Event {}

        /** An agent accepted. */
        record Approved() implements Event {}

        /** An agent refused, or took back what it had accepted. */
        record Refused(String message) implements Event {}

        /** The client removed it or is gone. */
        record Removed() implements Event {}
    }

    /** Whether the agents of a workload can carry an engagement. */
    enum Fitness {
        NONE,
        /** Their products, versions or mechanisms differ. */
        INCONSISTENT,
        /** They lack the mechanism that is asked for. */
        NO_MECHANISM,
        FIT
    }

    /**
     * @param message for people, empty when there is nothing to say
     */
    record State(InterceptDispositionType disposition, String message) {}

    /** The state of an engagement that was just created. */
    static State first(Fitness fitness) {
        return byFitness(fitness);
    }

    static State next(State state, Event event) {
        return switch (event) {
            case Event.Removed() -> new State(REMOVED, "");
            case Event.Agents(Fitness fitness) -> agents(state, fitness);
            case Event.CarrierLost(Fitness others) -> state.disposition() == ACTIVE ? byFitness(others) : state;
            case Event.Approved() -> acceptsReview(state.disposition()) ? new State(ACTIVE, "") : state;
            case Event.Refused(String message) ->
                acceptsReview(state.disposition()) || state.disposition() == ACTIVE
                        ? new State(AGENT_ERROR, message)
                        : state;
        };
    }

    /** Whether an agent may still accept. */
    static boolean acceptsReview(InterceptDispositionType disposition) {
        return disposition == WAITING || disposition == NO_AGENT;
    }

    /** Whether an engagement in this state keeps others from its port. */
    static boolean holdsPort(InterceptDispositionType disposition) {
        return disposition == WAITING || disposition == ACTIVE || disposition == NO_AGENT;
    }

    private static State agents(State state, Fitness fitness) {
        return switch (state.disposition()) {
            case WAITING -> fitness == Fitness.FIT ? state : byFitness(fitness);
            case NO_AGENT, NO_MECHANISM -> byFitness(fitness);
            case AGENT_ERROR -> fitness == Fitness.NONE ? byFitness(fitness) : state;
            default -> state;
        };
    }

    private static State byFitness(Fitness fitness) {
        return switch (fitness) {
            case NONE -> new State(NO_AGENT, "No agent of the workload is attached");
            case INCONSISTENT ->
                new State(NO_AGENT, "The agents of the workload differ in product, version or mechanisms");
            case NO_MECHANISM -> new State(NO_MECHANISM, "No agent of the workload offers the mechanism");
            case FIT -> new State(WAITING, AWAITING);
        };
    }
}
