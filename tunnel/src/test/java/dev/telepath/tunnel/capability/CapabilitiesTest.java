package dev.telepath.tunnel.capability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.util.EnumSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CapabilitiesTest {
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Capabilities capabilities = new Capabilities("telepresence 2.16.1", metrics);
    private final AtomicInteger calls = new AtomicInteger();

    private Uni<String> failing(Status status) {
        return Uni.createFrom().deferred(() -> {
            calls.incrementAndGet();
            return Uni.createFrom().failure(status.asRuntimeException());
        });
    }

    private String report(Uni<String> call) {
        return capabilities
                .call(
                        Capability.REPORT_METRICS,
                        () -> call,
                        () -> Uni.createFrom().item("fallback"))
                .await()
                .indefinitely();
    }

    @Test
    void unimplementedTakesTheFallbackAndIsAskedOnlyOnce() {
        for (int i = 0; i < 5; i++) {
            assertThat(report(failing(Status.UNIMPLEMENTED))).isEqualTo("fallback");
        }
        assertThat(calls).hasValue(1);
        assertThat(capabilities.of(Capability.REPORT_METRICS)).isEqualTo(Capabilities.Support.UNSUPPORTED);
        assertThat(metrics.get("telepath.capability.unsupported")
                        .tag("capability", "report-metrics")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void anyOtherFailureIsTheCallersAndTeachesNothing() {
        assertThatThrownBy(() -> report(failing(Status.UNAVAILABLE))).hasMessageContaining("UNAVAILABLE");
        assertThat(capabilities.of(Capability.REPORT_METRICS)).isEqualTo(Capabilities.Support.UNKNOWN);
    }

    @Test
    void anAnswerTeachesThatThePeerCan() {
        assertThat(report(Uni.createFrom().item("done"))).isEqualTo("done");
        assertThat(capabilities.of(Capability.REPORT_METRICS)).isEqualTo(Capabilities.Support.SUPPORTED);
    }

    @Test
    void aHandshakeSettlesAllAtOnce() {
        capabilities.learn(EnumSet.of(Capability.DELTAS));
        assertThat(capabilities.of(Capability.DELTAS)).isEqualTo(Capabilities.Support.SUPPORTED);
        assertThat(report(failing(Status.INTERNAL))).isEqualTo("fallback");
        assertThat(calls).hasValue(0);
    }

    @Test
    void aWatchThatIsNotThereContinuesAsItsFallback() {
        var items = capabilities
                .<Integer>watch(
                        Capability.DELTAS,
                        () -> Multi.createFrom().failure(Status.UNIMPLEMENTED.asRuntimeException()),
                        () -> Multi.createFrom().items(1, 2))
                .collect()
                .asList()
                .await()
                .indefinitely();
        assertThat(items).containsExactly(1, 2);
    }
}
