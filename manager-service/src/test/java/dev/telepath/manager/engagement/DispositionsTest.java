package dev.telepath.manager.engagement;

import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.manager.engagement.Dispositions.Event;
import dev.telepath.manager.engagement.Dispositions.Fitness;
import dev.telepath.manager.engagement.Dispositions.State;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class DispositionsTest {
    private static final Event NONE = new Event.Agents(Fitness.NONE);
    private static final Event INCONSISTENT = new Event.Agents(Fitness.INCONSISTENT);
    private static final Event LACKING = new Event.Agents(Fitness.NO_MECHANISM);
    private static final Event FIT = new Event.Agents(Fitness.FIT);
    private static final Event APPROVED = new Event.Approved();
    private static final Event REFUSED = new Event.Refused("conflict");
    private static final Event LOST_ALL = new Event.CarrierLost(Fitness.NONE);
    private static final Event LOST_ONE = new Event.CarrierLost(Fitness.FIT);

    static Stream<Arguments> table() {
        return Stream.of(
                row(WAITING, NONE, NO_AGENT),
                row(WAITING, INCONSISTENT, NO_AGENT),
                row(WAITING, LACKING, NO_MECHANISM),
                row(WAITING, FIT, WAITING),
                row(WAITING, APPROVED, ACTIVE),
                row(WAITING, REFUSED, AGENT_ERROR),
                row(WAITING, LOST_ALL, WAITING),
                row(ACTIVE, NONE, ACTIVE),
                row(ACTIVE, INCONSISTENT, ACTIVE),
                row(ACTIVE, FIT, ACTIVE),
                row(ACTIVE, APPROVED, ACTIVE),
                row(ACTIVE, REFUSED, AGENT_ERROR),
                row(ACTIVE, LOST_ALL, NO_AGENT),
                row(ACTIVE, LOST_ONE, WAITING),
                row(NO_AGENT, NONE, NO_AGENT),
                row(NO_AGENT, FIT, WAITING),
                row(NO_AGENT, LACKING, NO_MECHANISM),
                row(NO_AGENT, APPROVED, ACTIVE),
                row(NO_AGENT, REFUSED, AGENT_ERROR),
                row(NO_MECHANISM, FIT, WAITING),
                row(NO_MECHANISM, NONE, NO_AGENT),
                row(NO_MECHANISM, APPROVED, NO_MECHANISM),
                row(AGENT_ERROR, FIT, AGENT_ERROR),
                row(AGENT_ERROR, NONE, NO_AGENT),
                row(AGENT_ERROR, APPROVED, AGENT_ERROR),
                row(NO_CLIENT, FIT, NO_CLIENT),
                row(NO_PORTS, FIT, NO_PORTS),
                row(BAD_ARGS, FIT, BAD_ARGS),
                row(REMOVED, FIT, REMOVED),
                row(REMOVED, APPROVED, REMOVED),
                row(REMOVED, REFUSED, REMOVED));
    }

    private static Arguments row(InterceptDispositionType from, Event event, InterceptDispositionType to) {
        return Arguments.of(from, event, to);
    }

    @ParameterizedTest(name = "{0} + {1} = {2}")
    @MethodSource("table")
    void everyEventLeadsToTheStateOfTheTable(InterceptDispositionType from, Event event, InterceptDispositionType to) {
        assertThat(Dispositions.next(new State(from, ""), event).disposition()).isEqualTo(to);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNRECOGNIZED")
    void removalEndsEveryState(InterceptDispositionType from) {
        assertThat(Dispositions.next(new State(from, ""), new Event.Removed()).disposition())
                .isEqualTo(REMOVED);
    }
}
