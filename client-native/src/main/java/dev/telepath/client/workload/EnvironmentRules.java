package dev.telepath.client.workload;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Which of a workload's variables a local process gets, and which are added. Pure. */
public final class EnvironmentRules {
    private static final Set<String> OF_THE_MACHINE = Set.of("HOME", "PATH", "HOSTNAME");

    private EnvironmentRules() {}

    /**
     * @param workload the workload's own variables
     * @param container name of the container they are of; may be empty
     * @param root where its files are copied to; empty when they are not
     * @param mounts the paths that are lent
     * @param local paths that are not, and that the process is to have of its own
     */
    public static Map<String, String> forLocalProcess(
            Map<String, String> workload, String container, String root, List<String> mounts, List<String> local) {
        Map<String, String> all = new TreeMap<>(workload);
        all.keySet().removeAll(OF_THE_MACHINE);
        if (!container.isEmpty()) {
            all.put("TELEPRESENCE_CONTAINER", container);
        }
        put(all, "TELEPRESENCE_MOUNTS", String.join(":", mounts));
        put(all, "TELEPRESENCE_LOCAL_MOUNTS", String.join(":", local));
        put(all, "TELEPRESENCE_ROOT", root);
        return all;
    }

    private static void put(Map<String, String> all, String name, String value) {
        if (!value.isEmpty()) {
            all.put(name, value);
        }
    }
}
