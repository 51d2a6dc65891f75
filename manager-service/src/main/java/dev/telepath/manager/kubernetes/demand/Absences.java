package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.session.WorkloadKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** How long containers that were replaced stay away once nobody holds them. Reads no clock. Not thread-safe. */
final class Absences {
    /** A client prepares before it creates, and one whose session is gone creates again at once. */
    static final Duration LINGER = Duration.ofSeconds(5);

    private final Duration grace;
    private final Map<WorkloadKey, Instant> end = new HashMap<>();
    /** Whose time was over. Their clients may come back all the same, with the engagement. */
    private final Set<WorkloadKey> over = new HashSet<>();

    /**
     * @param grace for those that were not seen held: their clients knew an earlier manager
     */
    Absences(Duration grace) {
        this.grace = grace;
    }

    /**
     * @param away all workloads with a container that is replaced
     * @param held whether that is to stay so
     * @return those whose containers are to come back now; the same again after a while if they do not
     */
    List<WorkloadKey> toPutBack(Instant now, Collection<WorkloadKey> away, Predicate<WorkloadKey> held) {
        end.keySet().retainAll(away);
        for (WorkloadKey key : away) {
            if (held.test(key)) {
                end.put(key, now.plus(LINGER));
            } else {
                end.putIfAbsent(key, now.plus(grace));
            }
        }
        List<WorkloadKey> due = away.stream()
                .filter(key -> !end.getOrDefault(key, now).isAfter(now))
                .toList();
        due.forEach(key -> end.put(key, now.plus(LINGER)));
        over.addAll(due);
        return due;
    }

    /**
     * @param engaged whether an engagement replaces a container of the workload
     * @return those that were put back, and are to be replaced again; each once
     */
    List<WorkloadKey> returned(Collection<WorkloadKey> away, Predicate<WorkloadKey> engaged) {
        List<WorkloadKey> again = over.stream()
                .filter(key -> !away.contains(key))
                .filter(engaged)
                .sorted()
                .toList();
        again.forEach(over::remove);
        return again;
    }
}
