package dev.telepath.client.doctor;

import dev.telepath.client.config.Settings;
import dev.telepath.client.home.DaemonHome;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** All checks, from this machine to a stream through the far side. Blocks; some seconds at most. */
public final class Doctor {
    private Doctor() {}

    /**
     * Looks.
     *
     * @param settings of this command
     * @param home of the daemon
     * @param flags of this command, for the way through Kubernetes
     * @param told sees each finding when it is there
     */
    public static Diagnosis examine(
            Settings settings, DaemonHome home, ClusterFlags flags, Consumer<Diagnosis.Finding> told) {
        Evidence evidence = Evidence.gather(settings, home, flags);
        try (var cluster = new ClusterChecks(evidence)) {
            List<Check> checks = Stream.of(
                            LocalChecks.of(evidence),
                            ManagerChecks.of(evidence),
                            cluster.all(),
                            SessionChecks.of(evidence))
                    .flatMap(List::stream)
                    .toList();
            return Diagnosis.run(checks, told);
        }
    }
}
