package dev.telepath.client.workload;

import com.google.protobuf.Timestamp;
import dev.telepath.client.engagement.WorkloadNames;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.Participant;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.AgentInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.WorkloadEvent;
import dev.telepath.protocol.telepresence.manager.WorkloadEventsDelta;
import dev.telepath.protocol.telepresence.manager.WorkloadEventsRequest;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import dev.telepath.tunnel.capability.Capability;
import io.smallrye.mutiny.Multi;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;

/**
 * The workloads of the session's namespace, followed by WatchWorkloads where the manager has it, else made up from the
 * agents that are attached. Thread-safe.
 */
public final class Roster implements Participant, WorkloadNames {
    private static final int NEAR_NAMES = 5;
    private static final Duration ONE_LOOK = Duration.ofSeconds(5);

    private final String namespace;
    private TreeMap<String, WorkloadInfo> workloads = new TreeMap<>();
    private boolean seen;

    /**
     * @param namespace the session's
     */
    public Roster(String namespace) {
        this.namespace = namespace;
    }

    @Override
    public void attached(Attachment attachment) {
        attachment.optional("workloads", () -> follow(attachment, ""), this::replace);
    }

    private synchronized void replace(TreeMap<String, WorkloadInfo> all) {
        workloads = all;
        seen = true;
    }

    private static Multi<TreeMap<String, WorkloadInfo>> follow(Attachment attachment, String namespace) {
        return attachment
                .capabilities()
                .watch(
                        Capability.WATCH_WORKLOADS,
                        () -> events(attachment, namespace),
                        () -> attachment
                                .watch()
                                .watchAgents(attachment.session())
                                .map(Roster::fromAgents));
    }

    private static Multi<TreeMap<String, WorkloadInfo>> events(Attachment attachment, String namespace) {
        return Multi.createFrom().deferred(() -> {
            var all = new TreeMap<String, WorkloadInfo>();
            return attachment
                    .watch()
                    .watchWorkloads(WorkloadEventsRequest.newBuilder()
                            .setSessionInfo(attachment.session())
                            .setSince(Timestamp.getDefaultInstance())
                            .setNamespace(namespace)
                            .build())
                    .map(delta -> {
                        apply(all, delta);
                        return new TreeMap<>(all);
                    });
        });
    }

    private static void apply(TreeMap<String, WorkloadInfo> all, WorkloadEventsDelta delta) {
        for (WorkloadEvent event : delta.getEventsList()) {
            WorkloadInfo workload = event.getWorkload();
            String key = workload.getNamespace() + "/" + workload.getKindValue() + "/" + workload.getName();
            if (event.getType() == WorkloadEvent.Type.DELETED) {
                all.remove(key);
            } else {
                all.put(key, workload);
            }
        }
    }

    private static TreeMap<String, WorkloadInfo> fromAgents(AgentInfoSnapshot snapshot) {
        var all = new TreeMap<String, WorkloadInfo>();
        for (AgentInfo agent : snapshot.getAgentsList()) {
            all.put(
                    agent.getNamespace() + "/" + agent.getName(),
                    WorkloadInfo.newBuilder()
                            .setName(agent.getName())
                            .setNamespace(agent.getNamespace())
                            .setKind(WorkloadInfo.Kind.DEPLOYMENT)
                            .setAgentState(WorkloadInfo.AgentState.INSTALLED)
                            .setState(WorkloadInfo.State.AVAILABLE)
                            .build());
        }
        return all;
    }

    /** The workloads as last seen, by name. */
    public synchronized Collection<WorkloadInfo> all() {
        return List.copyOf(workloads.values());
    }

    /** The workloads of another namespace, asked for now. Blocks. */
    public Collection<WorkloadInfo> look(Attachment attachment, String namespace) {
        return attachment
                .call(
                        "list the workloads of " + namespace,
                        follow(attachment, namespace)
                                .toUni()
                                .ifNoItem()
                                .after(ONE_LOOK)
                                .recoverWithItem(new TreeMap<String, WorkloadInfo>()))
                .values()
                .stream()
                .filter(workload -> workload.getNamespace().isEmpty()
                        || workload.getNamespace().equals(namespace))
                .toList();
    }

    /** The agents that are attached, asked for now. Blocks. */
    public static List<AgentInfo> agents(Attachment attachment) {
        return attachment
                .call(
                        "list the agents",
                        attachment.watch().watchAgents(attachment.session()).toUni())
                .getAgentsList();
    }

    @Override
    public synchronized boolean known(String workload, String namespace) {
        // Of another namespace, and before the first list, nothing is known; the benefit of the doubt.
        return !seen
                || !namespace.equals(this.namespace)
                || workloads.values().stream().anyMatch(each -> is(each, workload, namespace));
    }

    @Override
    public synchronized Set<String> holders(String workload, String namespace) {
        Set<String> clients = new HashSet<>();
        for (WorkloadInfo each : workloads.values()) {
            if (is(each, workload, namespace)) {
                each.getInterceptClientsList().forEach(one -> clients.add(one.getClient()));
            }
        }
        return clients;
    }

    private static boolean is(WorkloadInfo each, String workload, String namespace) {
        return each.getName().equals(workload)
                && (each.getNamespace().isEmpty() || each.getNamespace().equals(namespace));
    }

    @Override
    public synchronized Failure missing(String workload, String namespace, String message) {
        List<String> near = workloads.values().stream()
                .map(WorkloadInfo::getName)
                .distinct()
                .sorted((a, b) -> Integer.compare(distance(a, workload), distance(b, workload)))
                .limit(NEAR_NAMES)
                .toList();
        String hint = near.isEmpty()
                ? "no workload is known in namespace " + namespace + "; see tp list"
                : "near names: " + String.join(", ", near);
        return new Failure(
                Kind.NOT_FOUND,
                "there is no workload " + workload + " in namespace " + namespace + " (" + message + ")",
                hint);
    }

    /** Levenshtein distance, without case. */
    static int distance(String one, String other) {
        String a = one.toLowerCase(Locale.ROOT);
        String b = other.toLowerCase(Locale.ROOT);
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int same = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(same, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
