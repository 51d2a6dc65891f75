package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.kubernetes.cluster.ClusterWorkload;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the new pods of one workload, and at warnings about them, from when they are asked for until an agent is there.
 * Thread-safe.
 */
final class Bringing implements AutoCloseable {
    /** A namespace in trouble makes many warnings; the first of ours are enough. */
    private static final int MOST_EVENTS = 200;

    private final ClusterWorkload workload;
    private final Instant since;
    private final Predicate<Pod> isNew;
    private final Runnable changed;
    private final Map<String, Pod> pods = new ConcurrentHashMap<>();
    private final Map<String, Event> events = new ConcurrentHashMap<>();
    private final List<Watch> watches = new ArrayList<>();

    /**
     * @param since when they were asked for
     * @param isNew which pods are the new ones
     * @param changed called after each change, on the cluster client's thread
     */
    Bringing(ClusterWorkload workload, Instant since, Predicate<Pod> isNew, Runnable changed) {
        this.workload = workload;
        this.since = since.truncatedTo(ChronoUnit.SECONDS);
        this.isNew = isNew;
        this.changed = changed;
    }

    /** Begins to look. Blocks until the watches are open. */
    void open(KubernetesClient client) {
        String namespace = workload.key().namespace();
        watches.add(client.pods()
                .inNamespace(namespace)
                .withLabelSelector(workload.selector())
                .watch(new Into<>(
                        pods, pod -> isNew.test(pod) && pod.getMetadata().getDeletionTimestamp() == null)));
        watches.add(client.v1()
                .events()
                .inNamespace(namespace)
                .withField("type", "Warning")
                .watch(new Into<>(events, this::ours)));
    }

    private boolean ours(Event event) {
        String about = event.getInvolvedObject() == null
                ? ""
                : String.valueOf(event.getInvolvedObject().getName());
        String name = workload.key().name();
        return (about.equals(name) || about.startsWith(name + "-"))
                && !at(event).isBefore(since);
    }

    private static Instant at(Event event) {
        String text = event.getLastTimestamp() != null
                ? event.getLastTimestamp()
                : event.getEventTime() != null
                        ? event.getEventTime().getTime()
                        : event.getMetadata().getCreationTimestamp();
        try {
            return text == null ? Instant.EPOCH : Instant.parse(text);
        } catch (DateTimeParseException e) {
            return Instant.EPOCH;
        }
    }

    /** The new pods, oldest first. */
    List<Pod> pods() {
        return pods.values().stream()
                .sorted(Comparator.comparing(
                                (Pod pod) -> String.valueOf(pod.getMetadata().getCreationTimestamp()))
                        .thenComparing(pod -> pod.getMetadata().getName()))
                .toList();
    }

    /** Whether Services lead to the pod. */
    static boolean ready(Pod pod) {
        return pod.getStatus() != null
                && pod.getStatus().getConditions().stream()
                        .anyMatch(one -> "Ready".equals(one.getType()) && "True".equals(one.getStatus()));
    }

    /** Warnings about the workload, its pods and what makes them. */
    List<Event> events() {
        return List.copyOf(events.values());
    }

    @Override
    public void close() {
        watches.forEach(Watch::close);
    }

    private final class Into<T extends HasMetadata> implements Watcher<T> {
        private final Map<String, T> kept;
        private final Predicate<T> wanted;

        Into(Map<String, T> kept, Predicate<T> wanted) {
            this.kept = kept;
            this.wanted = wanted;
        }

        @Override
        public void eventReceived(Action action, T object) {
            if (object == null || object.getMetadata() == null) {
                return;
            }
            String name = object.getMetadata().getName();
            if (action == Action.DELETED || !wanted.test(object)) {
                kept.remove(name);
            } else if (kept.size() < MOST_EVENTS || kept.containsKey(name)) {
                kept.put(name, object);
            } else {
                return;
            }
            changed.run();
        }

        @Override
        public void onClose(@Nullable WatcherException cause) {
            // The agent's arrival and the time-out are told by others.
        }
    }
}
